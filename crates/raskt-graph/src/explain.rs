//! What becomes of a graph, stage by stage, as text: for people, and for tests that hold plans still.

use std::collections::BTreeMap;
use std::fmt;

use raskt_core::{Fit, Name};

use crate::graph::Graph;
use crate::peak::live_peak;
use crate::table::TaskTable;

/// Most kinds of task that a stage lists before it says how many more there are.
const N_KINDS_MAX: usize = 20;

/// The stages of a graph, as they are added.
///
/// ```
/// use raskt_graph::explain::Explanation;
/// use raskt_graph::layer::{Formula, Grid, Returns, Source};
/// use raskt_graph::{Body, Graph};
/// let mut graph = Graph::default();
/// let source = Source::new(Body::native("ones"), Grid::new(&[2, 3])?, Formula::Number, Returns::One)?;
/// graph.insert("x", source.into())?;
/// graph.request_all("x")?;
/// let mut text = Explanation::default();
/// text.layers(&graph, |_| Some(6 * 800));
/// text.tasks("expanded", &graph.expand()?);
/// assert_eq!(text.to_string(), "\
/// layers
///   name  kind    blocks  tasks     size  needs
///   x     source  2 × 3       6  4.7 KiB
/// expanded: 6 tasks, 0 inputs, 6 requested
///   6 ones
/// ");
/// # Ok::<(), raskt_core::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Explanation(String);

impl Explanation {
    /// Adds the layers of `graph`; `bytes` says how large all blocks of a layer are together, where known.
    pub fn layers(&mut self, graph: &Graph, bytes: impl Fn(&Name) -> Option<u64>) {
        let mut rows = vec![["name", "kind", "blocks", "tasks", "size", "needs"].map(str::to_owned)];
        for (name, layer) in graph.layers() {
            let mut needs: Vec<&str> = Vec::new();
            for (operand, _) in layer.operands() {
                if !needs.contains(&operand.as_str()) {
                    needs.push(operand.as_str());
                }
            }
            rows.push([
                name.to_string(),
                layer.word().to_owned(),
                layer.grid().to_string(),
                layer.n_tasks_max().to_string(),
                bytes(name).map(size).unwrap_or_default(),
                needs.join(", "),
            ]);
        }
        self.0.push_str("layers\n");
        // A column that says nothing is left out.
        let shown = |column: &usize| rows[1..].iter().any(|row| !row[*column].is_empty()) || *column == 5;
        let columns: Vec<usize> = (0..6).filter(shown).collect();
        let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let widths: [usize; 6] = std::array::from_fn(width);
        for row in &rows {
            let mut line = String::new();
            for &column in &columns {
                let (text, width) = (&row[column], widths[column]);
                line.push_str("  ");
                // Numbers to the right.
                line.push_str(&if matches!(column, 3 | 4) {
                    format!("{text:>width$}")
                } else {
                    format!("{text:<width$}")
                });
            }
            self.0.push_str(line.trim_end());
            self.0.push('\n');
        }
    }

    /// Adds a table: how many tasks it has, and of what kinds.
    pub fn tasks(&mut self, stage: &str, table: &TaskTable) {
        let mut kinds: BTreeMap<_, usize> = BTreeMap::new();
        for task in 0..table.n_tasks().fit::<u32>() {
            *kinds.entry(table.body_index(task)).or_default() += 1;
        }
        // Bodies that differ in parameters only are one kind.
        let mut named: BTreeMap<_, usize> = BTreeMap::new();
        for (body, n) in kinds {
            *named.entry(table.bodies()[body as usize].label()).or_default() += n;
        }
        let (n_tasks, n_inputs) = (table.n_tasks(), table.inputs().n_edges());
        let n_outputs = table.outputs().len();
        self.0.push_str(&format!("{stage}: {n_tasks} tasks, {n_inputs} inputs, {n_outputs} requested\n"));
        let mut kinds: Vec<_> = named.into_iter().collect();
        kinds.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        let width = kinds.first().map_or(0, |(_, n)| n.to_string().len());
        for (kind, n) in kinds.iter().take(N_KINDS_MAX) {
            self.0.push_str(&format!("  {n:>width$} {kind}\n"));
        }
        if kinds.len() > N_KINDS_MAX {
            self.0.push_str(&format!("  and {} other kinds\n", kinds.len() - N_KINDS_MAX));
        }
    }

    /// Adds the order in which a table's tasks are to run: how many values live at most, against the order in which
    /// they are listed.
    pub fn order(&mut self, table: &TaskTable, sequence: &[u32]) {
        let peak = |sequence: &[u32]| live_peak(table.inputs(), table.outputs(), sequence, None);
        let ordered = peak(sequence);
        self.0.push_str(&format!("ordered: {ordered} values live at most"));
        if let Ok(listed) = table.inputs().topological() {
            self.0.push_str(&format!(" ({} as listed)", peak(&listed)));
        }
        self.0.push('\n');
    }

    /// Adds a line.
    pub fn note(&mut self, line: &str) {
        self.0.push_str(line);
        self.0.push('\n');
    }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// `bytes` in the largest unit of which there is one.
fn size(bytes: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    let unit = (bytes.ilog2() / 10).min(5);
    format!("{:.1} {}", bytes as f64 / (1_u64 << (10 * unit)) as f64, UNITS[unit as usize - 1])
}
