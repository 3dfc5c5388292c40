//! Parameters of blocks as formulas: what each block's task gets of its own, without a list of them all.

use std::sync::Arc;

use raskt_core::chunk::AxisChunks;
use raskt_core::encode::{Decode, Decoder, Encode, Encoder};
use raskt_core::{Fit, Param, Result};

use super::Grid;
use super::grid::invalid;

/// Gives the own parameters of any block of a grid.
///
/// Offsets of `arange`, the `block_info` of `map_blocks`, regions of a file: each is a few of these in a
/// [`Formula::Map`].
///
/// ```
/// use raskt_core::{Param, chunk::AxisChunks};
/// use raskt_graph::layer::{Formula, Grid};
/// let place = Formula::map([
///     ("block", Formula::Indices),
///     ("rows", Formula::Interval { axis: 0, chunks: AxisChunks::uniform(25, 10)? }),
/// ]);
/// let grid = Grid::new(&[3, 4])?;
/// place.check(&grid)?;
/// let last = place.at(&grid, 11);
/// assert_eq!(last.get("block"), Some(&Param::List([Param::Int(2), Param::Int(3)].into())));
/// assert_eq!(last.get("rows"), Some(&Param::List([Param::Int(20), Param::Int(25)].into())));
/// # Ok::<(), raskt_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub enum Formula {
    /// The same for every block; [`Param::Null`] for blocks without parameters of their own.
    Constant(Param),
    /// The block's number in C order.
    Number,
    /// The block's index along one axis.
    Index(u8),
    /// The list of the block's indices.
    Indices,
    /// A line: `start + step * index`.
    Line {
        /// The axis that the index is of.
        axis: u8,
        /// The value of block 0.
        start: i64,
        /// What each block adds.
        step: i64,
    },
    /// First and behind-last element of the block along one axis; null where it is not known.
    Interval {
        /// The axis of the grid.
        axis: u8,
        /// How it is cut.
        chunks: AxisChunks,
    },
    /// One parameter for each block along one axis: file names, byte ranges.
    Along {
        /// The axis of the grid.
        axis: u8,
        /// One a block.
        items: Arc<[Param]>,
    },
    /// A list.
    List(Arc<[Formula]>),
    /// Named parameters, in the order of their names.
    Map(Arc<[(Arc<str>, Formula)]>),
}

impl Default for Formula {
    fn default() -> Self {
        Self::Constant(Param::Null)
    }
}

impl Formula {
    /// Named parameters; of two with one name, the later.
    #[must_use]
    pub fn map<'a>(entries: impl IntoIterator<Item = (&'a str, Formula)>) -> Self {
        let entries: std::collections::BTreeMap<&str, Formula> = entries.into_iter().collect();
        Self::Map(entries.into_iter().map(|(name, formula)| (Arc::from(name), formula)).collect())
    }

    /// Whether every block gets null.
    #[must_use]
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Constant(Param::Null))
    }

    /// Checks that the formula speaks of the axes and blocks that `grid` has.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidGraph`](raskt_core::ErrorKind::InvalidGraph) where it does not.
    pub fn check(&self, grid: &Grid) -> Result<()> {
        let count = |axis: u8| {
            let count = grid.counts().get(usize::from(axis)).copied();
            count.ok_or_else(|| invalid(format!("a formula names axis {axis} of a grid of {grid} blocks")))
        };
        let fits = |axis: u8, n: usize| match count(axis)? as usize {
            found if found == n => Ok(()),
            found => {
                Err(invalid(format!("a formula has {n} items for the {found} blocks along axis {axis}")))
            }
        };
        match self {
            Self::Constant(_) | Self::Number | Self::Indices => Ok(()),
            Self::Index(axis) | Self::Line { axis, .. } => count(*axis).map(drop),
            Self::Interval { axis, chunks } => fits(*axis, chunks.n_blocks() as usize),
            Self::Along { axis, items } => fits(*axis, items.len()),
            Self::List(items) => items.iter().try_for_each(|item| item.check(grid)),
            Self::Map(entries) => entries.iter().try_for_each(|(_, item)| item.check(grid)),
        }
    }

    /// The parameters of block `number` of `grid`, for which the formula has been checked.
    #[must_use]
    pub fn at(&self, grid: &Grid, number: u32) -> Param {
        match self {
            Self::Constant(param) => param.clone(),
            Self::Number => Param::Int(i64::from(number)),
            _ => self.at_index(&grid.block(number), number),
        }
    }

    fn at_index(&self, index: &[u32], number: u32) -> Param {
        let along = |axis: &u8| index.get(usize::from(*axis)).copied().unwrap_or(0);
        match self {
            Self::Constant(param) => param.clone(),
            Self::Number => Param::Int(i64::from(number)),
            Self::Index(axis) => Param::Int(i64::from(along(axis))),
            Self::Indices => integers(index.iter().map(|&i| i64::from(i))),
            Self::Line { axis, start, step } => {
                Param::Int(start.wrapping_add(step.wrapping_mul(i64::from(along(axis)))))
            }
            Self::Interval { axis, chunks } => {
                let range = chunks.chunk(along(axis)).and_then(|chunk| chunk.range());
                range.map_or(Param::Null, |range| {
                    integers([range.start.clamped::<i64>(), range.end.clamped::<i64>()])
                })
            }
            Self::Along { axis, items } => items.get(along(axis) as usize).cloned().unwrap_or_default(),
            Self::List(items) => Param::List(items.iter().map(|item| item.at_index(index, number)).collect()),
            Self::Map(entries) => Param::Map(
                entries.iter().map(|(name, item)| (Arc::clone(name), item.at_index(index, number))).collect(),
            ),
        }
    }
}

/// A list of integers.
pub(crate) fn integers(items: impl IntoIterator<Item = i64>) -> Param {
    Param::List(items.into_iter().map(Param::Int).collect())
}

const CONSTANT: u8 = 0;
const NUMBER: u8 = 1;
const INDEX: u8 = 2;
const INDICES: u8 = 3;
const LINE: u8 = 4;
const INTERVAL: u8 = 5;
const ALONG: u8 = 6;
const LIST: u8 = 7;
const MAP: u8 = 8;

impl Encode for Formula {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        match self {
            Self::Constant(param) => {
                out.byte(CONSTANT);
                param.encode(out)
            }
            Self::Number => {
                out.byte(NUMBER);
                Ok(())
            }
            Self::Index(axis) => {
                out.byte(INDEX);
                axis.encode(out)
            }
            Self::Indices => {
                out.byte(INDICES);
                Ok(())
            }
            Self::Line { axis, start, step } => {
                out.byte(LINE);
                (axis, start, step).encode(out)
            }
            Self::Interval { axis, chunks } => {
                out.byte(INTERVAL);
                (axis, chunks).encode(out)
            }
            Self::Along { axis, items } => {
                out.byte(ALONG);
                (axis, items).encode(out)
            }
            Self::List(items) => {
                out.byte(LIST);
                out.nested(|out| items.encode(out))
            }
            Self::Map(entries) => {
                out.byte(MAP);
                out.nested(|out| entries.encode(out))
            }
        }
    }
}

impl Decode for Formula {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        Ok(match input.byte()? {
            CONSTANT => Self::Constant(Param::decode(input)?),
            NUMBER => Self::Number,
            INDEX => Self::Index(input.byte()?),
            INDICES => Self::Indices,
            LINE => {
                let (axis, start, step) = Decode::decode(input)?;
                Self::Line { axis, start, step }
            }
            INTERVAL => {
                let (axis, chunks) = Decode::decode(input)?;
                Self::Interval { axis, chunks }
            }
            ALONG => {
                let (axis, items) = Decode::decode(input)?;
                Self::Along { axis, items }
            }
            LIST => Self::List(input.nested(Decode::decode)?),
            MAP => {
                let entries: Arc<[(Arc<str>, Self)]> = input.nested(Decode::decode)?;
                if !entries.is_sorted_by(|a, b| a.0 < b.0) {
                    return Err(input.corrupt("parameters out of order"));
                }
                Self::Map(entries)
            }
            tag => return Err(input.unknown_tag("formula", tag)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_block_gets_what_its_formula_says() {
        let grid = Grid::new(&[2, 3]).unwrap();
        let names: Arc<[Param]> = ["a", "b", "c"].map(|name| Param::Str(name.into())).into();
        let formula = Formula::List(
            [
                Formula::Number,
                Formula::Index(1),
                Formula::Line { axis: 0, start: 100, step: -7 },
                Formula::Along { axis: 1, items: names },
                Formula::Interval { axis: 1, chunks: AxisChunks::unknown(3).unwrap() },
            ]
            .into(),
        );
        formula.check(&grid).unwrap();
        let expected = [Param::Int(5), Param::Int(2), Param::Int(93), Param::Str("c".into()), Param::Null];
        assert_eq!(formula.at(&grid, 5), Param::List(expected.into()));
    }

    #[test]
    fn formulas_about_axes_and_blocks_that_are_not_there_are_refused() {
        let grid = Grid::new(&[2]).unwrap();
        for formula in [
            Formula::Index(1),
            Formula::Line { axis: 3, start: 0, step: 0 },
            Formula::Interval { axis: 0, chunks: AxisChunks::uniform(9, 3).unwrap() },
            Formula::map([("names", Formula::Along { axis: 0, items: [].into() })]),
        ] {
            assert!(formula.check(&grid).is_err(), "{formula:?}");
        }
    }
}
