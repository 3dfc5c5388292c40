//! Shuffles: every output block needs a part of every input block.

use raskt_core::encode::{Decode, Decoder, Encode, Encoder};
use raskt_core::{Name, Param, Result};

use super::operand::Kind;
use super::{Formula, Grid, Input, Operand, Origin, Place};
use crate::body::Body;

/// `shuffle`, `set_index`, hash joins, `bag.groupby`: all to all, in as many tasks as there are partitions.
///
/// A task a partition of the operand sends its rows to the partitions of the result, through an exchange; what it
/// returns says where they are. One task has all of that; a task a partition of the result takes what it has, and
/// receives what was sent to its partition, in the operand's order.
///
/// ```
/// use raskt_graph::Body;
/// use raskt_graph::layer::{Formula, Grid, Layer, Operand, Shuffle};
/// let (send, receive) = (Body::native("frame.send"), Body::native("frame.receive"));
/// let layer = Layer::from(Shuffle::new(Operand::new("x"), 3, 2, send, Formula::Number, receive)?);
/// assert_eq!(layer.grid().counts(), [2]);
/// assert_eq!(layer.needs(&[1])?.len(), 3);
/// assert_eq!(layer.n_tasks_max(), 3 + 1 + 2);
/// # Ok::<(), raskt_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Shuffle {
    operand: Operand,
    read: Grid,
    all: Grid,
    grid: Grid,
    send: Body,
    parameters: Formula,
    receive: Body,
}

impl Shuffle {
    /// `n_read` partitions of `operand` become `n_made`: sent by `send`, whose tasks also get `parameters`, and received
    /// by `receive`, whose tasks get the list of what the others returned, and the number of their partition.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidGraph`](raskt_core::ErrorKind::InvalidGraph) for a formula that does not fit.
    pub fn new(
        operand: Operand,
        n_read: u32,
        n_made: u32,
        send: Body,
        parameters: Formula,
        receive: Body,
    ) -> Result<Self> {
        let (read, all, grid) = (Grid::new(&[n_read])?, Grid::new(&[1])?, Grid::new(&[n_made])?);
        parameters.check(&read)?;
        Ok(Self { operand, read, all, grid, send, parameters, receive })
    }
}

const SEND: u16 = 0;
const ALL: u16 = 1;
const RECEIVE: u16 = 2;

impl Kind for Shuffle {
    fn n_stages(&self) -> usize {
        3
    }

    fn stage_grid(&self, stage: usize) -> &Grid {
        [&self.read, &self.all, &self.grid][stage]
    }

    fn stage_name(&self, stage: usize) -> String {
        ["sent", "all-sent", ""][stage].to_owned()
    }

    fn n_operands(&self) -> usize {
        1
    }

    fn operand(&self, _: usize) -> (&Name, Option<&Grid>) {
        (&self.operand.name, Some(&self.read))
    }

    fn inputs(&self, place: Place, out: &mut Vec<Input>) {
        match place.stage {
            SEND => out.push(Input::operand(0, place.block, self.operand.output)),
            ALL => out.extend((0..self.read.n_blocks()).map(|read| Input::stage(0, read, 0))),
            _ => out.push(Input::stage(usize::from(ALL), 0, 0)),
        }
    }

    fn consumers(&self, from: Origin, block: u32, out: &mut Vec<Place>) {
        match from {
            Origin::Operand(_) => out.push(Place { stage: SEND, block }),
            Origin::Stage(SEND) => out.push(Place { stage: ALL, block: 0 }),
            Origin::Stage(_) => {
                out.extend((0..self.grid.n_blocks()).map(|block| Place { stage: RECEIVE, block }))
            }
        }
    }

    fn body(&self, place: Place) -> &Body {
        match place.stage {
            SEND => &self.send,
            ALL => &Body::Gather,
            _ => &self.receive,
        }
    }

    fn parameters(&self, place: Place) -> Param {
        match place.stage {
            SEND => self.parameters.at(&self.read, place.block),
            ALL => Param::Null,
            _ => Param::Int(place.block.into()),
        }
    }
}

impl Encode for Shuffle {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        (&self.operand, self.read.n_blocks(), self.grid.n_blocks()).encode(out)?;
        (&self.send, &self.parameters, &self.receive).encode(out)
    }
}

impl Decode for Shuffle {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        let (operand, n_read, n_made) = Decode::decode(input)?;
        let (send, parameters, receive) = Decode::decode(input)?;
        let built = Self::new(operand, n_read, n_made, send, parameters, receive);
        built.map_err(|error| input.corrupt(&error.to_string()))
    }
}
