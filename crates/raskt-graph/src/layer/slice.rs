//! Slices: every block is a region of one block.

use raskt_core::encode::{Decode, Decoder, Encode, Encoder};
use raskt_core::{Block, Name, Param, Result};

use super::cut::AxisCut;
use super::grid::invalid;
use super::operand::Kind;
use super::{Grid, Input, Operand, Origin, Place};
use crate::body::Body;

/// `x[2:70:3, ::-1, 5, None]`, `take`, `flip`, `iloc`, `partitions`: blocks cut on their own.
///
/// A task gets the list of its cuts, an item for each axis that is read or put in: null (all of it), an
/// integer (the element that remains), `[start, n, step]`, `{"picks": [..]}` or `"new"`. A block that is all of
/// another one needs no task.
///
/// ```
/// use raskt_core::chunk::AxisChunks;
/// use raskt_graph::Body;
/// use raskt_graph::layer::{AxisCut, Layer, Operand, Slice};
/// let rows = AxisChunks::uniform(100, 10)?;
/// let (cut, left) = AxisCut::range(&rows, 25, 50, 1)?;
/// let layer = Layer::from(Slice::new(Operand::new("x"), Body::native("array.slice"), vec![cut])?);
/// assert_eq!(left.to_string(), "5, 10 × 4, 5");
/// assert_eq!(layer.needs(&[5])?[0].to_string(), "('x', 7)");
/// # Ok::<(), raskt_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Slice {
    operand: Operand,
    body: Body,
    cuts: Vec<AxisCut>,
    read: Grid,
    grid: Grid,
}

impl Slice {
    /// The blocks of `operand` that `cuts` make, an item for each axis that is read or put in, in order.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidGraph`](raskt_core::ErrorKind::InvalidGraph) for too many blocks, or a point outside.
    pub fn new(operand: Operand, body: Body, cuts: Vec<AxisCut>) -> Result<Self> {
        let outside =
            |cut: &&AxisCut| matches!(cut, AxisCut::Point { n_blocks, block, .. } if block >= n_blocks);
        if let Some(cut) = cuts.iter().find(outside) {
            return Err(invalid(format!("a slice takes {cut:?}")));
        }
        let read = Grid::new(&cuts.iter().filter_map(AxisCut::n_read).collect::<Block>())?;
        let grid = Grid::new(&cuts.iter().filter_map(AxisCut::n_made).collect::<Block>())?;
        Ok(Self { operand, body, cuts, read, grid })
    }

    /// The cuts, each with the index of `block` along it.
    fn cuts_at(&self, block: u32) -> impl Iterator<Item = (&AxisCut, u32)> {
        let mut index = self.grid.block(block).into_iter();
        self.cuts.iter().map(move |cut| (cut, cut.n_made().and_then(|_| index.next()).unwrap_or(0)))
    }

    fn source(&self, block: u32) -> Input {
        let index: Block = self
            .cuts_at(block)
            .filter(|(cut, _)| cut.n_read().is_some())
            .map(|(cut, made)| cut.read(made))
            .collect();
        Input::operand(0, self.read.number(&index).unwrap_or_default(), self.operand.output)
    }
}

impl Kind for Slice {
    fn stage_grid(&self, _: usize) -> &Grid {
        &self.grid
    }

    fn n_operands(&self) -> usize {
        1
    }

    fn operand(&self, _: usize) -> (&Name, Option<&Grid>) {
        (&self.operand.name, Some(&self.read))
    }

    fn inputs(&self, place: Place, out: &mut Vec<Input>) {
        out.push(self.source(place.block));
    }

    fn consumers(&self, _: Origin, block: u32, out: &mut Vec<Place>) {
        let mut read = self.read.block(block).into_iter();
        let mut made: Vec<Block> = vec![Block::new()];
        for cut in &self.cuts {
            let at = cut.n_read().and_then(|_| read.next()).unwrap_or(0);
            let mut longer = Vec::new();
            cut.made(at, &mut |index| {
                longer.extend(made.iter().map(|prefix| {
                    let mut longer = prefix.clone();
                    longer.extend(cut.n_made().map(|_| index));
                    longer
                }));
            });
            made = longer;
        }
        let numbers = made.iter().filter_map(|index| self.grid.number(index));
        out.extend(numbers.map(|block| Place { stage: 0, block }));
    }

    fn has_aliases(&self) -> bool {
        true
    }

    fn alias(&self, place: Place) -> Option<Input> {
        self.cuts_at(place.block).all(|(cut, made)| cut.is_whole(made)).then(|| self.source(place.block))
    }

    fn body(&self, _: Place) -> &Body {
        &self.body
    }

    fn parameters(&self, place: Place) -> Param {
        Param::List(self.cuts_at(place.block).map(|(cut, made)| cut.parameter(made)).collect())
    }
}

impl Encode for Slice {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        (&self.operand, &self.body, &self.cuts).encode(out)
    }
}

impl Decode for Slice {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        let (operand, body, cuts) = Decode::decode(input)?;
        Self::new(operand, body, cuts).map_err(|error| input.corrupt(&error.to_string()))
    }
}
