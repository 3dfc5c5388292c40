//! What a planner does between two messages: expand, cull, fuse, order. It needs no runtime: users' functions and foreign
//! values stay sealed.

use std::sync::Arc;

use raskt_core::encode::{Decode, Decoder, Encode, Encoder};
use raskt_core::{ErrorKind, Fit, Key, Result};
use rustc_hash::FxHashSet;

use crate::body::Body;
use crate::fuse::{FuseOptions, fuse};
use crate::graph::Graph;
use crate::layer::{Layer, Raw};
use crate::order::order;
use crate::outputs::{has_outputs, outputs_first};
use crate::table::{Keys, TableBuilder, TaskTable};

/// What becomes of a graph.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlanOptions {
    /// How many inputs may come together in a fused task of users' functions; 0 fuses nothing.
    pub fuse_width: u32,
    /// More tasks than that are refused: a message of a few bytes can ask for thousands of millions.
    pub n_tasks_max: u32,
}

impl Default for PlanOptions {
    fn default() -> Self {
        Self { fuse_width: 0, n_tasks_max: 1 << 28 }
    }
}

impl Encode for PlanOptions {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        (self.fuse_width, self.n_tasks_max).encode(out)
    }
}

impl Decode for PlanOptions {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        let (fuse_width, n_tasks_max) = Decode::decode(input)?;
        Ok(Self { fuse_width, n_tasks_max })
    }
}

/// The name of the only layer of a planned graph.
const PLANNED: &str = "planned";

/// What [`Graph::outputs`] of `graph` need, spelt out: a graph of one raw layer whose rows are in the order in which they are
/// to run, with the annotations of `graph`. Its wanted keys are the layer's blocks, in the order of `graph`'s.
///
/// ```
/// use raskt_core::Key;
/// use raskt_graph::layer::{Formula, Grid, Layer, Returns, Source};
/// use raskt_graph::plan::{PlanOptions, plan};
/// use raskt_graph::{Body, Graph};
/// let mut graph = Graph::default();
/// let source = Source::new(Body::native("ones"), Grid::new(&[1000])?, Formula::Number, Returns::One)?;
/// graph.insert("x", source.into())?;
/// graph.request([Key::block("x", &[7])]);
/// let planned = plan(&graph, &PlanOptions::default())?;
/// assert_eq!(planned.expand()?.n_tasks(), 1);
/// # Ok::<(), raskt_core::Error>(())
/// ```
///
/// # Errors
/// As [`Graph::expand`]; [`ErrorKind::InvalidGraph`] for too many tasks.
pub fn plan(graph: &Graph, options: &PlanOptions) -> Result<Graph> {
    let mut table = graph.expand_within(options.n_tasks_max)?;
    if options.fuse_width > 0 {
        table = fuse_functions(&table, graph, options.fuse_width)?;
    }
    let table = in_order(&table)?;
    let n_outputs = table.outputs().len().fit::<u32>();
    let mut planned = Graph::default();
    planned.insert(PLANNED, Layer::from(Raw::new(Arc::new(table), Vec::new())?))?;
    planned.annotations_mut().merge(graph.annotations());
    planned.request((0..n_outputs).map(|number| Key::block(PLANNED, &[number])));
    Ok(planned)
}

/// The tasks of a planned graph.
///
/// # Errors
/// [`ErrorKind::InvalidGraph`] for a graph that [`plan`] did not make.
pub fn planned_tasks(graph: &Graph) -> Result<&Arc<TaskTable>> {
    match graph.layers() {
        [(_, layer)] => match layer.as_ref() {
            Layer::Raw(raw) if raw.externals().is_empty() => Ok(raw.table()),
            _ => Err(ErrorKind::InvalidGraph("a plan that is not spelt out".to_owned()).into()),
        },
        layers => Err(ErrorKind::InvalidGraph(format!("a plan of {} layers", layers.len())).into()),
    }
}

/// Users' calls that only one other needs, moved into that one. An annotation is about one call; a constant goes along with
/// whoever needs it as it is.
fn fuse_functions(table: &TaskTable, graph: &Graph, width_max: u32) -> Result<TaskTable> {
    let is_noted = |key: Option<Key>| key.is_some_and(|key| graph.annotations().of_task(&key).is_some());
    let of_noted_layers = bodies_of_noted_layers(table, graph);
    let is_plain = |body: &Body| match body {
        Body::Foreign(foreign) => {
            !foreign.is_constant()
                && (graph.annotations().is_empty() || !is_noted(foreign.key()))
                && !of_noted_layers.contains(&std::ptr::from_ref(body))
        }
        _ => false,
    };
    let options = FuseOptions { width_max, ..FuseOptions::default() };
    fuse(table, &options, |a, b| is_plain(a) && is_plain(b))
}

/// The bodies, by address, of tasks of layers of which something was said.
fn bodies_of_noted_layers(table: &TaskTable, graph: &Graph) -> FxHashSet<*const Body> {
    let annotations = graph.annotations();
    if annotations.layers().len() == 0 {
        return FxHashSet::default();
    }
    let is_noted = |task: &u32| annotations.of_layer(&table.key(*task).name).is_some();
    let noted = (0..table.n_tasks().fit::<u32>()).filter(is_noted);
    noted.map(|task| std::ptr::from_ref(table.body(task))).collect()
}

/// The rows of `table` in the order in which they are to run.
fn in_order(table: &TaskTable) -> Result<TaskTable> {
    let inputs = table.inputs();
    let consumers = inputs.transpose_distinct();
    let mut sequence = order(inputs, &consumers, table.outputs(), None);
    if has_outputs(table) {
        sequence = outputs_first(&sequence, table, &consumers);
    }
    let mut numbers = vec![0; table.n_tasks()];
    (0..).zip(&sequence).for_each(|(number, &task)| numbers[task as usize] = number);
    let mut ordered = TableBuilder::with_capacity(table.n_tasks(), inputs.n_edges());
    for body in table.bodies() {
        ordered.body(body.clone());
    }
    let mut row = Vec::new();
    for &task in &sequence {
        row.clear();
        row.extend(inputs.row(task).iter().map(|&input| numbers[input as usize]));
        match table.parameters(task) {
            raskt_core::Param::Null => ordered.push(table.body_index(task), &row)?,
            parameters => ordered.push_with(table.body_index(task), parameters.clone(), &row)?,
        };
    }
    let outputs = table.outputs().iter().map(|&output| numbers[output as usize]).collect();
    let keys = Keys::Picked { of: Arc::new(table.keys().clone()), tasks: sequence.into() };
    ordered.finish(keys, outputs)
}
