//! Layers put side by side, or on top of each other.

use raskt_core::encode::{Decode, Decoder, Encode, Encoder};
use raskt_core::{Block, Fit, Name, Param, Result};

use super::grid::invalid;
use super::operand::Kind;
use super::{Grid, Input, Operand, Origin, Place};
use crate::body::Body;

/// How operands are put together.
#[derive(Clone, Debug, PartialEq)]
pub enum Joint {
    /// One behind the other along an axis that they have. No task is needed.
    Along(u8),
    /// Each becomes one index of a new axis, which stands before the operands' axis of that number; the body
    /// gives a block its new axis.
    Stack(u8, Body),
}

/// `concatenate`, `stack`, `concat`, `append`: every block comes from one block of one operand.
///
/// ```
/// use raskt_graph::layer::{Concatenate, Grid, Joint, Layer, Operand};
/// let parts = [(Operand::new("x"), Grid::new(&[2])?), (Operand::new("y"), Grid::new(&[3])?)];
/// let layer = Layer::from(Concatenate::new(Joint::Along(0), parts.into())?);
/// assert_eq!(layer.grid().counts(), [5]);
/// assert_eq!(layer.needs(&[3])?[0].to_string(), "('y', 1)");
/// # Ok::<(), raskt_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Concatenate {
    joint: Joint,
    operands: Vec<(Operand, Grid)>,
    /// Where each operand starts along the axis, and where the last one ends.
    starts: Vec<u32>,
    grid: Grid,
}

impl Concatenate {
    /// The layer of `operands` in this order.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidGraph`](raskt_core::ErrorKind::InvalidGraph) for no operands, an axis that is not there, and
    /// grids that differ along other axes.
    pub fn new(joint: Joint, operands: Vec<(Operand, Grid)>) -> Result<Self> {
        let Some((_, first)) = operands.first() else {
            return Err(invalid("a concatenation of nothing"));
        };
        let (axis, n_axes) = match &joint {
            Joint::Along(axis) => (usize::from(*axis), first.n_axes()),
            Joint::Stack(axis, _) => (usize::from(*axis), first.n_axes() + 1),
        };
        if axis >= n_axes {
            return Err(invalid(format!("grids of {first} blocks cannot be joined along axis {axis}")));
        }
        let is_stack = matches!(joint, Joint::Stack(..));
        let mut starts = vec![0_u32];
        for (operand, grid) in &operands {
            let fits = grid.n_axes() == first.n_axes()
                && (0..grid.n_axes())
                    .all(|at| (!is_stack && at == axis) || grid.counts()[at] == first.counts()[at]);
            if !fits {
                let name = &operand.name;
                return Err(invalid(format!("{name} has {grid} blocks, where others have {first}")));
            }
            let length = if is_stack { 1 } else { grid.counts()[axis] };
            let end = starts[starts.len() - 1].checked_add(length);
            starts.push(end.ok_or_else(|| invalid("a concatenation of 2³² blocks or more"))?);
        }
        let mut counts: Block = first.counts().into();
        match is_stack {
            true => counts.insert(axis, starts[operands.len()]),
            false => counts[axis] = starts[operands.len()],
        }
        Ok(Self { joint, starts, grid: Grid::new(&counts)?, operands })
    }

    fn source(&self, block: u32) -> Input {
        let mut index = self.grid.block(block);
        let axis = match &self.joint {
            Joint::Along(axis) | Joint::Stack(axis, _) => usize::from(*axis),
        };
        let operand = self.starts.partition_point(|&start| start <= index[axis]) - 1;
        match &self.joint {
            Joint::Along(_) => index[axis] -= self.starts[operand],
            Joint::Stack(..) => drop(index.remove(axis)),
        }
        let (read, grid) = &self.operands[operand];
        Input::operand(operand, grid.number(&index).unwrap_or_default(), read.output)
    }
}

impl Kind for Concatenate {
    fn stage_grid(&self, _: usize) -> &Grid {
        &self.grid
    }

    fn n_operands(&self) -> usize {
        self.operands.len()
    }

    fn operand(&self, operand: usize) -> (&Name, Option<&Grid>) {
        let (operand, grid) = &self.operands[operand];
        (&operand.name, Some(grid))
    }

    fn inputs(&self, place: Place, out: &mut Vec<Input>) {
        out.push(self.source(place.block));
    }

    fn consumers(&self, from: Origin, block: u32, out: &mut Vec<Place>) {
        let Origin::Operand(operand) = from else { return };
        let operand = operand as usize;
        let mut index = self.operands[operand].1.block(block);
        match &self.joint {
            Joint::Along(axis) => index[usize::from(*axis)] += self.starts[operand],
            Joint::Stack(axis, _) => index.insert(usize::from(*axis), operand.fit::<u32>()),
        }
        out.extend(self.grid.number(&index).map(|block| Place { stage: 0, block }));
    }

    fn has_aliases(&self) -> bool {
        true
    }

    fn alias(&self, place: Place) -> Option<Input> {
        matches!(self.joint, Joint::Along(_)).then(|| self.source(place.block))
    }

    fn body(&self, _: Place) -> &Body {
        match &self.joint {
            Joint::Along(_) => &Body::Alias,
            Joint::Stack(_, body) => body,
        }
    }

    fn parameters(&self, _: Place) -> Param {
        Param::Null
    }
}

impl Encode for Concatenate {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        match &self.joint {
            Joint::Along(axis) => (axis, None::<Body>).encode(out)?,
            Joint::Stack(axis, body) => (axis, Some(body)).encode(out)?,
        }
        self.operands.encode(out)
    }
}

impl Decode for Concatenate {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        let (axis, body) = <(u8, Option<Body>)>::decode(input)?;
        let joint = body.map_or(Joint::Along(axis), |body| Joint::Stack(axis, body));
        let operands = Decode::decode(input)?;
        Self::new(joint, operands).map_err(|error| input.corrupt(&error.to_string()))
    }
}
