//! Blocks with a margin of their neighbours.

use std::sync::Arc;

use raskt_core::encode::{Decode, Decoder, Encode, Encoder};
use raskt_core::{Block, Fit, Name, Param, Result};

use super::formula::integers;
use super::grid::{for_each_index, invalid};
use super::operand::Kind;
use super::{Grid, Input, Operand, Origin, Place};
use crate::body::Body;

/// What lies outside of the first and last block of an axis.
#[derive(Clone, Debug, PartialEq)]
pub enum Boundary {
    /// Nothing: blocks at the edge have no margin there.
    Open,
    /// The other end of the axis.
    Periodic,
    /// The block itself, mirrored.
    Reflect,
    /// Its last element, repeated.
    Nearest,
    /// A constant.
    Constant(Param),
}

impl Boundary {
    fn parameter(&self) -> Param {
        match self {
            Self::Open => Param::Str("open".into()),
            Self::Periodic => Param::Str("periodic".into()),
            Self::Reflect => Param::Str("reflect".into()),
            Self::Nearest => Param::Str("nearest".into()),
            Self::Constant(value) => Param::map([("constant", value.clone())]),
        }
    }
}

/// How far a block looks over its edges, along one axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Margin {
    /// Elements of the block before.
    pub before: u32,
    /// Elements of the block behind.
    pub after: u32,
    /// What lies outside.
    pub boundary: Boundary,
}

/// Stencils, rolling windows, `map_overlap`: each task needs its block and the neighbours that its margins
/// reach into, corners included. Margins are no longer than any block: a collection merges short blocks first.
///
/// A task gets `{"margins": [[before, after, boundary], ..], "neighbours": [[-1, 0], ..]}`: for each axis the
/// margins, and for each input where it lies relative to the block. A boundary is `"open"`, `"periodic"`,
/// `"reflect"`, `"nearest"` or `{"constant": value}`; a side without a neighbour lies at it.
///
/// ```
/// use raskt_graph::Body;
/// use raskt_graph::layer::{Boundary, Grid, Layer, Margin, Operand, Overlap};
/// let margin = Margin { before: 2, after: 0, boundary: Boundary::Open };
/// let body = Body::native("array.rolling");
/// let layer = Layer::from(Overlap::new(Operand::new("x"), Grid::new(&[5])?, vec![margin], body)?);
/// let keys: Vec<String> = layer.needs(&[3])?.iter().map(ToString::to_string).collect();
/// assert_eq!(keys, ["('x', 2)", "('x', 3)"]);
/// # Ok::<(), raskt_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Overlap {
    operand: Operand,
    grid: Grid,
    margins: Vec<Margin>,
    body: Body,
    /// The margins as tasks get them.
    told: Param,
}

impl Overlap {
    /// The blocks of `operand` with a margin along each axis.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidGraph`](raskt_core::ErrorKind::InvalidGraph) unless there is a margin for each axis.
    pub fn new(operand: Operand, grid: Grid, margins: Vec<Margin>, body: Body) -> Result<Self> {
        if margins.len() != grid.n_axes() {
            return Err(invalid(format!("{} margins for the axes of {grid} blocks", margins.len())));
        }
        let int = |n: u32| Param::Int(n.into());
        let told = |m: &Margin| Param::List([int(m.before), int(m.after), m.boundary.parameter()].into());
        let told = Param::List(margins.iter().map(told).collect());
        Ok(Self { operand, grid, margins, body, told })
    }

    /// Where along an axis the inputs of the block at `at` lie relative to it: from -1 or 0 to 0 or 1.
    fn reach(&self, axis: usize, at: u32) -> std::ops::RangeInclusive<i32> {
        let margin = &self.margins[axis];
        let periodic = margin.boundary == Boundary::Periodic;
        let before = margin.before > 0 && (periodic || at > 0);
        let after = margin.after > 0 && (periodic || at + 1 < self.grid.counts()[axis]);
        -i32::from(before)..=i32::from(after)
    }

    /// Calls `visit` with each input's offset from the block at `index`, and its number.
    fn visit(&self, index: &[u32], mut visit: impl FnMut(&[u32], u32)) {
        let reach: Vec<_> = (0..index.len()).map(|axis| self.reach(axis, index[axis])).collect();
        // Offsets counted from -1, so that they are indices.
        let ranges: Vec<_> = reach
            .iter()
            .map(|range| (range.start() + 1).fit::<u32>()..(range.end() + 2).fit::<u32>())
            .collect();
        for_each_index(&ranges, |offsets| {
            let along = |axis: usize| {
                let n = u64::from(self.grid.counts()[axis]);
                ((u64::from(index[axis]) + u64::from(offsets[axis]) + n - 1) % n).fit::<u32>()
            };
            let read: Block = (0..index.len()).map(along).collect();
            if let Some(number) = self.grid.number(&read) {
                visit(offsets, number);
            }
        });
    }
}

impl Kind for Overlap {
    fn stage_grid(&self, _: usize) -> &Grid {
        &self.grid
    }

    fn n_operands(&self) -> usize {
        1
    }

    fn operand(&self, _: usize) -> (&Name, Option<&Grid>) {
        (&self.operand.name, Some(&self.grid))
    }

    fn inputs(&self, place: Place, out: &mut Vec<Input>) {
        self.visit(&self.grid.block(place.block), |_, block| {
            out.push(Input::operand(0, block, self.operand.output));
        });
    }

    fn consumers(&self, _: Origin, block: u32, out: &mut Vec<Place>) {
        let index = self.grid.block(block);
        // Whoever may need it lies next to it, around the ends where the axis is periodic.
        let near = |axis: usize| {
            let (at, n) = (index[axis], self.grid.counts()[axis]);
            let mut near: Vec<u32> = vec![at, (at + 1) % n, (at + n - 1) % n];
            near.sort_unstable();
            near.dedup();
            near.retain(|&other| {
                self.reach(axis, other).any(|offset| {
                    (i64::from(other) + i64::from(offset)).rem_euclid(i64::from(n)) == i64::from(at)
                })
            });
            near
        };
        let near: Vec<Vec<u32>> = (0..index.len()).map(near).collect();
        let ranges: Vec<_> = near.iter().map(|axis| 0..axis.len().fit::<u32>()).collect();
        for_each_index(&ranges, |picks| {
            let index: Block = near.iter().zip(picks).map(|(axis, &pick)| axis[pick as usize]).collect();
            out.extend(self.grid.number(&index).map(|block| Place { stage: 0, block }));
        });
    }

    fn body(&self, _: Place) -> &Body {
        &self.body
    }

    fn parameters(&self, place: Place) -> Param {
        let mut neighbours = Vec::new();
        self.visit(&self.grid.block(place.block), |offsets, _| {
            neighbours.push(integers(offsets.iter().map(|&offset| i64::from(offset) - 1)));
        });
        let neighbours = Param::List(Arc::from(neighbours));
        Param::map([("margins", self.told.clone()), ("neighbours", neighbours)])
    }
}

const OPEN: u8 = 0;
const PERIODIC: u8 = 1;
const REFLECT: u8 = 2;
const NEAREST: u8 = 3;
const CONSTANT: u8 = 4;

impl Encode for Margin {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        (self.before, self.after).encode(out)?;
        match &self.boundary {
            Boundary::Open => out.byte(OPEN),
            Boundary::Periodic => out.byte(PERIODIC),
            Boundary::Reflect => out.byte(REFLECT),
            Boundary::Nearest => out.byte(NEAREST),
            Boundary::Constant(value) => {
                out.byte(CONSTANT);
                return value.encode(out);
            }
        }
        Ok(())
    }
}

impl Decode for Margin {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        let (before, after) = Decode::decode(input)?;
        let boundary = match input.byte()? {
            OPEN => Boundary::Open,
            PERIODIC => Boundary::Periodic,
            REFLECT => Boundary::Reflect,
            NEAREST => Boundary::Nearest,
            CONSTANT => Boundary::Constant(Param::decode(input)?),
            tag => return Err(input.unknown_tag("boundary", tag)),
        };
        Ok(Self { before, after, boundary })
    }
}

impl Encode for Overlap {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        (&self.operand, &self.grid, &self.margins, &self.body).encode(out)
    }
}

impl Decode for Overlap {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        let (operand, grid, margins, body) = Decode::decode(input)?;
        Self::new(operand, grid, margins, body).map_err(|error| input.corrupt(&error.to_string()))
    }
}
