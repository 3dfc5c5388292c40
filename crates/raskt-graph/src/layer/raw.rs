//! Tables of tasks as layers: whatever has no pattern.

use std::sync::{Arc, OnceLock};

use raskt_core::encode::{Decode, Decoder, Encode, Encoder};
use raskt_core::{Fit, Key, Name, Param, Result};

use super::grid::invalid;
use super::operand::Kind;
use super::{Grid, Input, Origin, Place};
use crate::adjacency::Adjacency;
use crate::body::Body;
use crate::table::{Keys, TableBuilder, TaskTable};

/// A table of tasks, spelt out. Its blocks, by which other layers know them, are the table's outputs; a row
/// [`Body::Input`] stands for a block of another layer, and is no task.
///
/// ```
/// use raskt_core::Key;
/// use raskt_graph::layer::{Layer, Raw};
/// use raskt_graph::{Body, Keys, TableBuilder};
/// let mut table = TableBuilder::default();
/// let block = table.push_own(Body::Input(0), &[])?;
/// let total = table.push_own(Body::native("add"), &[block, block])?;
/// let table = table.finish(Keys::Listed([Key::named("in"), Key::named("total")].into()), vec![total])?;
/// let layer = Layer::from(Raw::new(table.into(), vec![Key::block("x", &[7])])?);
/// assert_eq!(layer.needs(&[0])?, [Key::block("x", &[7])]);
/// # Ok::<(), raskt_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Raw {
    table: Arc<TaskTable>,
    externals: Vec<Key>,
    /// Which rows stand for which of `externals`, in ascending order of the externals.
    stands: Vec<(u32, u32)>,
    /// Made when first asked for.
    consumers: OnceLock<Adjacency>,
    rows: Grid,
    grid: Grid,
}

impl Raw {
    /// The layer of `table`, in which [`Body::Input`] number `i` stands for the block `externals[i]`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidGraph`](raskt_core::ErrorKind::InvalidGraph) for an input that is not listed.
    pub fn new(table: Arc<TaskTable>, externals: Vec<Key>) -> Result<Self> {
        let mut stands = Vec::new();
        for row in 0..table.n_tasks().fit::<u32>() {
            if let Body::Input(external) = table.body(row) {
                stands.push((*external, row));
            }
        }
        stands.sort_unstable();
        if let Some((external, _)) = stands.last().filter(|(last, _)| *last as usize >= externals.len()) {
            return Err(invalid(format!("a table of tasks names input {external} of {}", externals.len())));
        }
        let (rows, grid) =
            (Grid::new(&[table.n_tasks().fit::<u32>()])?, Grid::new(&[table.outputs().len().fit::<u32>()])?);
        Ok(Self { table, externals, stands, consumers: OnceLock::new(), rows, grid })
    }

    /// The same layer, whose blocks others know by their places in `grid`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidGraph`](raskt_core::ErrorKind::InvalidGraph) where there are more or fewer outputs than blocks.
    pub fn in_grid(self, grid: Grid) -> Result<Self> {
        match self.grid.n_blocks() == grid.n_blocks() {
            true => Ok(Self { grid, ..self }),
            false => {
                Err(invalid(format!("{} tasks are the blocks of a grid of {grid}", self.grid.n_blocks())))
            }
        }
    }

    /// The layer whose only block is the block `key` of another layer, under a name of its own. It has no task.
    ///
    /// ```
    /// use raskt_core::Key;
    /// use raskt_graph::layer::{Layer, Raw};
    /// let layer = Layer::from(Raw::alias(Key::block("x", &[7]))?);
    /// assert_eq!((layer.grid().n_blocks(), layer.needs(&[0])?), (1, vec![Key::block("x", &[7])]));
    /// # Ok::<(), raskt_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// None in practice: a table of one row is small enough.
    pub fn alias(key: Key) -> Result<Self> {
        let mut table = TableBuilder::with_capacity(1, 0);
        let row = table.push_own(Body::Input(0), &[])?;
        let table = table.finish(Keys::Indexed(Name::new("alias")), vec![row])?;
        Self::new(Arc::new(table), vec![key])
    }

    /// The tasks.
    #[must_use]
    pub fn table(&self) -> &Arc<TaskTable> {
        &self.table
    }

    /// The blocks of other layers that it reads.
    #[must_use]
    pub fn externals(&self) -> &[Key] {
        &self.externals
    }
}

impl Kind for Raw {
    /// The grid of rows; others see the outputs, as [`Kind::grid`] has them.
    fn stage_grid(&self, _: usize) -> &Grid {
        &self.rows
    }

    fn grid(&self) -> &Grid {
        &self.grid
    }

    fn n_operands(&self) -> usize {
        self.externals.len()
    }

    fn operand(&self, operand: usize) -> (&Name, Option<&Grid>) {
        (&self.externals[operand].name, None)
    }

    fn inputs(&self, place: Place, out: &mut Vec<Input>) {
        match self.alias(place) {
            Some(external) => out.push(external),
            None => {
                let rows = self.table.inputs().row(place.block);
                out.extend(rows.iter().map(|&row| Input::stage(0, row, 0)));
            }
        }
    }

    fn consumers(&self, from: Origin, block: u32, out: &mut Vec<Place>) {
        let place = |&block: &u32| Place { stage: 0, block };
        match from {
            Origin::Stage(_) => {
                let consumers = self.consumers.get_or_init(|| self.table.inputs().transpose_distinct());
                out.extend(consumers.row(block).iter().map(place));
            }
            Origin::Operand(operand) => {
                let start = self.stands.partition_point(|(external, _)| *external < operand);
                let stands = self.stands[start..].iter().take_while(|(external, _)| *external == operand);
                out.extend(stands.map(|(_, row)| place(row)));
            }
        }
    }

    fn has_aliases(&self) -> bool {
        true
    }

    fn alias(&self, place: Place) -> Option<Input> {
        match self.table.body(place.block) {
            Body::Input(external) => Some(Input::operand(*external as usize, 0, 0)),
            _ => None,
        }
    }

    fn body(&self, place: Place) -> &Body {
        self.table.body(place.block)
    }

    fn parameters(&self, place: Place) -> Param {
        self.table.parameters(place.block).clone()
    }
}

impl PartialEq for Raw {
    /// The same tasks under the same numbers; what inner tasks are called does not matter.
    fn eq(&self, other: &Self) -> bool {
        let (a, b) = (&self.table, &other.table);
        let same_row = |row: u32| a.body(row) == b.body(row) && a.parameters(row) == b.parameters(row);
        let is_alike = self.externals == other.externals && self.grid == other.grid;
        is_alike
            && (Arc::ptr_eq(a, b)
                || a.inputs() == b.inputs()
                    && a.outputs() == b.outputs()
                    && (0..a.n_tasks().fit::<u32>()).all(same_row))
    }
}

impl Encode for Raw {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        self.table.encode(out)?;
        (&self.externals, &self.grid).encode(out)
    }
}

impl Decode for Raw {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        let (table, externals, grid) = <(TaskTable, Vec<Key>, Grid)>::decode(input)?;
        let raw = Self::new(Arc::new(table), externals).and_then(|raw| raw.in_grid(grid));
        raw.map_err(|error| input.corrupt(&error.to_string()))
    }
}
