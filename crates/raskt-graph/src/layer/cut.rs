//! What a slice does to one axis.

use std::sync::Arc;

use raskt_core::chunk::AxisChunks;
use raskt_core::encode::{Decode, Decoder, Encode, Encoder};
use raskt_core::{Fit, Param, Result};

use super::formula::integers;
use super::grid::invalid;

/// Which elements of a block are taken, along one axis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Region {
    /// All of them.
    Whole,
    /// `n` elements from `start`, each `step` behind the one before (or before it, if negative).
    Range {
        /// The first element's place in the block.
        start: u64,
        /// How many.
        n: u64,
        /// From one to the next; not 0.
        step: i64,
    },
    /// The elements at these places of the block, in this order.
    Picks(Arc<[u64]>),
}

impl Region {
    /// What the task is told: null, `[start, n, step]`, or `{"picks": [..]}`.
    fn parameter(&self) -> Param {
        match self {
            Self::Whole => Param::Null,
            Self::Range { start, n, step } => {
                integers([(*start).clamped::<i64>(), (*n).clamped::<i64>(), *step])
            }
            Self::Picks(picks) => {
                Param::map([("picks", integers(picks.iter().map(|&at| at.clamped::<i64>())))])
            }
        }
    }
}

/// One block of a sliced axis: which block it is taken from, and what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// The block along the axis of what is sliced.
    pub block: u32,
    /// What is taken of it.
    pub region: Region,
}

/// What a slice does to one axis: an interval table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AxisCut {
    /// Nothing; the number of blocks.
    All(u32),
    /// Takes these parts.
    Parts(Parts),
    /// Takes one element; the axis goes.
    Point {
        /// The number of blocks.
        n_blocks: u32,
        /// The block that holds the element.
        block: u32,
        /// The element's place in the block.
        offset: u64,
    },
    /// Puts in an axis of length 1.
    New,
}

/// The parts of an axis, and which of them are of each block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parts {
    n_blocks: u32,
    parts: Arc<[Part]>,
    /// The parts' numbers, sorted by the block that they are of.
    by_block: Arc<[u32]>,
}

impl Parts {
    fn new(n_blocks: u32, parts: Vec<Part>) -> Result<Self> {
        if u32::try_from(parts.len()).is_err() {
            return Err(invalid("a slice of 2³² parts or more"));
        }
        for part in &parts {
            let zero = matches!(part.region, Region::Range { step: 0, .. });
            if part.block >= n_blocks || zero {
                return Err(invalid(format!("a slice takes {part:?} of {n_blocks} blocks")));
            }
        }
        let mut by_block: Vec<u32> = (0..parts.len().fit::<u32>()).collect();
        by_block.sort_by_key(|&part| parts[part as usize].block);
        Ok(Self { n_blocks, parts: parts.into(), by_block: by_block.into() })
    }

    fn of_block(&self, block: u32) -> &[u32] {
        let of = |part: &u32| self.parts[*part as usize].block;
        let start = self.by_block.partition_point(|part| of(part) < block);
        let end = self.by_block.partition_point(|part| of(part) <= block);
        &self.by_block[start..end]
    }
}

impl AxisCut {
    /// Takes `parts` of an axis of `n_blocks` blocks.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidGraph`](raskt_core::ErrorKind::InvalidGraph) for a block that is not there.
    pub fn parts(n_blocks: u32, parts: Vec<Part>) -> Result<Self> {
        Parts::new(n_blocks, parts).map(Self::Parts)
    }

    /// Takes the elements `start`, `start + step`, ... (`n` of them) of an axis cut into `chunks`; and how the
    /// result is cut. A result without elements is one empty block.
    ///
    /// ```
    /// use raskt_core::chunk::AxisChunks;
    /// use raskt_graph::layer::AxisCut;
    /// let (_, left) = AxisCut::range(&AxisChunks::uniform(100, 10)?, 95, 10, -10)?;
    /// assert_eq!(left, AxisChunks::uniform(10, 1)?);
    /// # Ok::<(), raskt_core::Error>(())
    /// ```
    ///
    /// # Errors
    /// [`ErrorKind::InvalidGraph`](raskt_core::ErrorKind::InvalidGraph) for a step of 0;
    /// [`ErrorKind::InvalidValue`](raskt_core::ErrorKind::InvalidValue) for elements outside of the axis or at unknown
    /// places.
    pub fn range(chunks: &AxisChunks, start: u64, n: u64, step: i64) -> Result<(Self, AxisChunks)> {
        let n_blocks = chunks.n_blocks();
        if step == 1 && start == 0 && chunks.length() == Some(n) {
            return Ok((Self::All(n_blocks), chunks.clone()));
        }
        if step == 0 {
            return Err(invalid("a slice with a step of 0"));
        }
        let (mut parts, mut sizes) = (Vec::new(), Vec::new());
        let (mut at, mut left) = (start, n);
        while left > 0 {
            let (block, offset) = chunks.locate(at)?;
            // What a block without an end would be has no place behind it: `locate` found a known one.
            let size = chunks.chunk(block).and_then(|chunk| chunk.size).unwrap_or(offset + 1);
            let reach = if step > 0 { size - 1 - offset } else { offset };
            let here = (reach / step.unsigned_abs() + 1).min(left);
            let whole = step == 1 && offset == 0 && here == size;
            let region = if whole { Region::Whole } else { Region::Range { start: offset, n: here, step } };
            parts.push(Part { block, region });
            sizes.push(here);
            left -= here;
            let next = i128::from(at) + i128::from(step) * i128::from(here);
            at = match u64::try_from(next) {
                Ok(next) => next,
                Err(_) if left == 0 => 0,
                Err(_) => return Err(invalid("a slice reaches before the first element")),
            };
        }
        if parts.is_empty() {
            parts.push(Part { block: 0, region: Region::Range { start: 0, n: 0, step } });
            sizes.push(0);
        }
        Ok((Self::parts(n_blocks, parts)?, AxisChunks::from_sizes(sizes)?))
    }

    /// Takes the elements at `picks`, in this order; and how the result is cut: a block for each run of
    /// picks of one block.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`](raskt_core::ErrorKind::InvalidValue) for elements outside of the axis or at
    /// unknown places.
    pub fn picks(chunks: &AxisChunks, picks: &[u64]) -> Result<(Self, AxisChunks)> {
        let mut runs: Vec<(u32, Vec<u64>)> = Vec::new();
        for &pick in picks {
            let (block, offset) = chunks.locate(pick)?;
            match runs.last_mut() {
                Some((last, offsets)) if *last == block => offsets.push(offset),
                _ => runs.push((block, vec![offset])),
            }
        }
        if runs.is_empty() {
            runs.push((0, Vec::new()));
        }
        let sizes = AxisChunks::from_sizes(runs.iter().map(|(_, offsets)| offsets.len() as u64))?;
        let part = |(block, offsets): (u32, Vec<u64>)| Part { block, region: Region::Picks(offsets.into()) };
        Ok((Self::parts(chunks.n_blocks(), runs.into_iter().map(part).collect())?, sizes))
    }

    /// Takes the element `index`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`](raskt_core::ErrorKind::InvalidValue) for an element outside of the axis or at an
    /// unknown place.
    pub fn point(chunks: &AxisChunks, index: u64) -> Result<Self> {
        let (block, offset) = chunks.locate(index)?;
        Ok(Self::Point { n_blocks: chunks.n_blocks(), block, offset })
    }

    /// The number of blocks of the axis that is sliced; `None` if there is no such axis.
    pub(super) fn n_read(&self) -> Option<u32> {
        match self {
            Self::All(n_blocks) | Self::Point { n_blocks, .. } => Some(*n_blocks),
            Self::Parts(parts) => Some(parts.n_blocks),
            Self::New => None,
        }
    }

    /// The number of blocks of the axis that results; `None` if there is no such axis.
    pub(super) fn n_made(&self) -> Option<u32> {
        match self {
            Self::All(n_blocks) => Some(*n_blocks),
            Self::Parts(parts) => Some(parts.parts.len().fit::<u32>()),
            Self::Point { .. } => None,
            Self::New => Some(1),
        }
    }

    /// The block read for block `made` of the result, which is 0 where there is no such axis.
    pub(super) fn read(&self, made: u32) -> u32 {
        match self {
            Self::All(_) => made,
            Self::Parts(parts) => parts.parts[made as usize].block,
            Self::Point { block, .. } => *block,
            Self::New => 0,
        }
    }

    /// Calls `visit` with the blocks made from block `read`.
    pub(super) fn made(&self, read: u32, visit: &mut dyn FnMut(u32)) {
        match self {
            Self::All(_) => visit(read),
            Self::Parts(parts) => parts.of_block(read).iter().for_each(|&part| visit(part)),
            Self::Point { block, .. } if *block == read => visit(0),
            Self::Point { .. } => {}
            Self::New => visit(0),
        }
    }

    /// What the task of block `made` is told.
    pub(super) fn parameter(&self, made: u32) -> Param {
        match self {
            Self::All(_) => Param::Null,
            Self::Parts(parts) => parts.parts[made as usize].region.parameter(),
            Self::Point { offset, .. } => Param::Int((*offset).clamped::<i64>()),
            Self::New => Param::Str("new".into()),
        }
    }

    /// Whether block `made` is the block that is read, untouched.
    pub(super) fn is_whole(&self, made: u32) -> bool {
        match self {
            Self::All(_) => true,
            Self::Parts(parts) => parts.parts[made as usize].region == Region::Whole,
            Self::Point { .. } | Self::New => false,
        }
    }
}

const WHOLE: u8 = 0;
const RANGE: u8 = 1;
const PICKS: u8 = 2;

impl Encode for Part {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        self.block.encode(out)?;
        match &self.region {
            Region::Whole => {
                out.byte(WHOLE);
                Ok(())
            }
            Region::Range { start, n, step } => {
                out.byte(RANGE);
                (start, n, step).encode(out)
            }
            Region::Picks(picks) => {
                out.byte(PICKS);
                picks.encode(out)
            }
        }
    }
}

impl Decode for Part {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        let block = u32::decode(input)?;
        let region = match input.byte()? {
            WHOLE => Region::Whole,
            RANGE => {
                let (start, n, step) = Decode::decode(input)?;
                Region::Range { start, n, step }
            }
            PICKS => Region::Picks(Decode::decode(input)?),
            tag => return Err(input.unknown_tag("region", tag)),
        };
        Ok(Self { block, region })
    }
}

const ALL: u8 = 0;
const PARTS: u8 = 1;
const POINT: u8 = 2;
const NEW: u8 = 3;

impl Encode for AxisCut {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        match self {
            Self::All(n_blocks) => {
                out.byte(ALL);
                n_blocks.encode(out)
            }
            Self::Parts(parts) => {
                out.byte(PARTS);
                (parts.n_blocks, &parts.parts).encode(out)
            }
            Self::Point { n_blocks, block, offset } => {
                out.byte(POINT);
                (n_blocks, block, offset).encode(out)
            }
            Self::New => {
                out.byte(NEW);
                Ok(())
            }
        }
    }
}

impl Decode for AxisCut {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        Ok(match input.byte()? {
            ALL => Self::All(Decode::decode(input)?),
            PARTS => {
                let (n_blocks, parts) = Decode::decode(input)?;
                Self::parts(n_blocks, parts).map_err(|error| input.corrupt(&error.to_string()))?
            }
            POINT => {
                let (n_blocks, block, offset) = Decode::decode(input)?;
                Self::Point { n_blocks, block, offset }
            }
            NEW => Self::New,
            tag => return Err(input.unknown_tag("cut of an axis", tag)),
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The elements that a cut takes, by their indices in the whole axis.
    fn taken(chunks: &AxisChunks, cut: &AxisCut) -> Vec<u64> {
        let mut taken = Vec::new();
        for made in 0..cut.n_made().unwrap() {
            let chunk = chunks.chunk(cut.read(made)).and_then(|chunk| chunk.range()).unwrap();
            let base = chunk.start;
            match cut {
                AxisCut::All(_) => taken.extend(chunk),
                AxisCut::Parts(parts) => match &parts.parts[made as usize].region {
                    Region::Whole => taken.extend(chunk),
                    Region::Range { start, n, step } => {
                        let at = |i: u64| base.wrapping_add(*start).wrapping_add_signed(*step * i as i64);
                        taken.extend((0..*n).map(at));
                    }
                    Region::Picks(picks) => taken.extend(picks.iter().map(|pick| base + pick)),
                },
                AxisCut::Point { .. } | AxisCut::New => unreachable!(),
            }
        }
        taken
    }

    proptest! {
        #[test]
        fn ranges_and_picks_take_the_elements_that_were_asked_for(
            sizes in prop::collection::vec(0_u64..5, 1..8),
            start in 0_u64..40, n in 0_u64..40, step in -4_i64..5,
            picks in prop::collection::vec(0_u64..40, 0..20),
        ) {
            let chunks = AxisChunks::from_sizes(sizes).unwrap();
            let length = chunks.length().unwrap();
            let wanted: Vec<i64> = (0..n as i64).map(|i| start as i64 + i * step).collect();
            let inside = wanted.iter().all(|&at| (0..length as i64).contains(&at));
            match AxisCut::range(&chunks, start, n, step) {
                Ok((cut, left)) => {
                    prop_assert!(inside && step != 0);
                    prop_assert_eq!(taken(&chunks, &cut), wanted.iter().map(|&at| at as u64).collect::<Vec<_>>());
                    prop_assert_eq!(left.length(), Some(n));
                    prop_assert_eq!(Some(left.n_blocks()), cut.n_made());
                }
                Err(_) => prop_assert!(!inside || step == 0),
            }
            match AxisCut::picks(&chunks, &picks) {
                Ok((cut, left)) => {
                    prop_assert_eq!(taken(&chunks, &cut), picks.clone());
                    prop_assert_eq!(left.length(), Some(picks.len() as u64));
                }
                Err(_) => prop_assert!(picks.iter().any(|&pick| pick >= length)),
            }
        }
    }

    #[test]
    fn the_whole_axis_is_not_cut() {
        let chunks = AxisChunks::uniform(100, 7).unwrap();
        assert_eq!(AxisCut::range(&chunks, 0, 100, 1).unwrap(), (AxisCut::All(15), chunks.clone()));
        let (cut, left) = AxisCut::range(&chunks, 7, 93, 1).unwrap();
        assert!((0..14).all(|made| cut.is_whole(made)));
        assert_eq!(left.n_blocks(), 14);
    }
}
