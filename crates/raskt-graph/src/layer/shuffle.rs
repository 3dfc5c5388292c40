//! Shuffles: every output block needs a part of every input block.

use raskt_core::encode::{Decode, Decoder, Encode, Encoder};
use raskt_core::{Name, Param, Result};

use super::grid::invalid;
use super::operand::Kind;
use super::{Formula, Grid, Input, Operand, Origin, Place, Returns};
use crate::body::Body;

/// `shuffle`, `set_index`, hash joins, `bag.groupby`: all to all.
///
/// A task a partition of the operand splits it into the list of its parts, one for each partition of the
/// result; a task a partition of the result merges the parts meant for it, in the operand's order.
///
/// ```
/// use raskt_graph::Body;
/// use raskt_graph::layer::{Formula, Grid, Layer, Operand, Shuffle};
/// let (split, merge) = (Body::native("frame.split"), Body::native("frame.concat"));
/// let layer = Layer::from(Shuffle::new(Operand::new("x"), 3, 2, split, Formula::Number, merge)?);
/// assert_eq!(layer.grid().counts(), [2]);
/// assert_eq!(layer.needs(&[1])?.len(), 3);
/// # Ok::<(), raskt_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Shuffle {
    operand: Operand,
    read: Grid,
    grid: Grid,
    n_parts: u16,
    split: Body,
    parameters: Formula,
    merge: Body,
}

impl Shuffle {
    /// `n_read` partitions of `operand` become `n_made`: split by `split`, whose tasks also get `parameters`, and
    /// merged by `merge`, whose tasks also get the number of their partition.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidGraph`](raskt_core::ErrorKind::InvalidGraph) for more than 65,535 partitions of the
    /// result, or a formula that does not fit.
    pub fn new(
        operand: Operand,
        n_read: u32,
        n_made: u32,
        split: Body,
        parameters: Formula,
        merge: Body,
    ) -> Result<Self> {
        let n_parts = u16::try_from(n_made);
        let n_parts = n_parts
            .map_err(|_| invalid(format!("a shuffle into {n_made} partitions, where 65,535 are the most")))?;
        let (read, grid) = (Grid::new(&[n_read])?, Grid::new(&[n_made])?);
        parameters.check(&read)?;
        Ok(Self { operand, read, grid, n_parts, split, parameters, merge })
    }
}

impl Kind for Shuffle {
    fn n_stages(&self) -> usize {
        2
    }

    fn stage_grid(&self, stage: usize) -> &Grid {
        if stage == 0 { &self.read } else { &self.grid }
    }

    fn stage_name(&self, _: usize) -> String {
        "split".to_owned()
    }

    fn returns(&self, stage: usize) -> Returns {
        if stage == 0 { Returns::List(self.n_parts) } else { Returns::One }
    }

    fn n_operands(&self) -> usize {
        1
    }

    fn operand(&self, _: usize) -> (&Name, Option<&Grid>) {
        (&self.operand.name, Some(&self.read))
    }

    fn inputs(&self, place: Place, out: &mut Vec<Input>) {
        match place.stage {
            0 => out.push(Input::operand(0, place.block, self.operand.output)),
            _ => out.extend((0..self.read.n_blocks()).map(|read| Input::stage(0, read, place.block as u16))),
        }
    }

    fn consumers(&self, from: Origin, block: u32, out: &mut Vec<Place>) {
        match from {
            Origin::Operand(_) => out.push(Place { stage: 0, block }),
            Origin::Stage(_) => out.extend((0..self.grid.n_blocks()).map(|block| Place { stage: 1, block })),
        }
    }

    fn body(&self, place: Place) -> &Body {
        if place.stage == 0 { &self.split } else { &self.merge }
    }

    fn parameters(&self, place: Place) -> Param {
        match place.stage {
            0 => self.parameters.at(&self.read, place.block),
            _ => Param::Int(place.block.into()),
        }
    }
}

impl Encode for Shuffle {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        (&self.operand, self.read.n_blocks(), self.grid.n_blocks()).encode(out)?;
        (&self.split, &self.parameters, &self.merge).encode(out)
    }
}

impl Decode for Shuffle {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        let (operand, n_read, n_made) = Decode::decode(input)?;
        let (split, parameters, merge) = Decode::decode(input)?;
        let built = Self::new(operand, n_read, n_made, split, parameters, merge);
        built.map_err(|error| input.corrupt(&error.to_string()))
    }
}
