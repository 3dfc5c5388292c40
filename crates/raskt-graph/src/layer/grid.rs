//! Grids of blocks, and the numbers of their blocks.

use std::fmt;

use raskt_core::encode::{Decode, Decoder, Encode, Encoder};
use raskt_core::{Block, Error, ErrorKind, Result};

/// How many blocks there are along each axis. Blocks are numbered in C order: the last axis runs fastest.
///
/// ```
/// use raskt_graph::layer::Grid;
/// let grid = Grid::new(&[2, 3])?;
/// assert_eq!(grid.n_blocks(), 6);
/// assert_eq!(grid.number(&[1, 0]), Some(3));
/// assert_eq!(grid.block(3).as_slice(), [1, 0]);
/// assert_eq!(grid.number(&[2, 0]), None);
/// assert_eq!(grid.to_string(), "2 × 3");
/// # Ok::<(), raskt_core::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Grid {
    counts: Block,
    n_blocks: u32,
}

impl Grid {
    /// The grid with `counts` blocks along the axes; no axes are one block.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidGraph`] for 2³² blocks or more.
    pub fn new(counts: &[u32]) -> Result<Self> {
        let n_blocks = counts.iter().try_fold(1_u32, |n, &count| n.checked_mul(count));
        match n_blocks {
            Some(n_blocks) => Ok(Self { counts: counts.into(), n_blocks }),
            // A zero behind large counts.
            None if counts.contains(&0) => Ok(Self { counts: counts.into(), n_blocks: 0 }),
            None => Err(invalid(format!("a grid of {counts:?} has 2³² blocks or more"))),
        }
    }

    /// The number of blocks along each axis.
    #[must_use]
    pub fn counts(&self) -> &[u32] {
        &self.counts
    }

    /// The number of axes.
    #[must_use]
    pub fn n_axes(&self) -> usize {
        self.counts.len()
    }

    /// The number of blocks in all.
    #[must_use]
    pub fn n_blocks(&self) -> u32 {
        self.n_blocks
    }

    /// The number of the block at `index`; `None` outside of the grid.
    #[must_use]
    pub fn number(&self, index: &[u32]) -> Option<u32> {
        let inside = index.len() == self.counts.len() && index.iter().zip(&self.counts).all(|(i, n)| i < n);
        inside.then(|| index.iter().zip(&self.counts).fold(0, |number, (i, n)| number * n + i))
    }

    /// The index of block `number`, which must be below [`Grid::n_blocks`].
    #[must_use]
    pub fn block(&self, number: u32) -> Block {
        let mut block = self.counts.clone();
        let mut rest = number;
        for index in block.iter_mut().rev() {
            let n = *index;
            *index = rest % n.max(1);
            rest /= n.max(1);
        }
        block
    }

    /// What one step along each axis adds to a block's number.
    pub(crate) fn steps(&self) -> Block {
        let mut steps = self.counts.clone();
        let mut step = 1_u32;
        for (at, n) in steps.iter_mut().zip(&self.counts).rev() {
            *at = step;
            step = step.saturating_mul(*n);
        }
        steps
    }
}

impl fmt::Display for Grid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.counts.is_empty() {
            return f.write_str("1");
        }
        for (axis, n) in self.counts.iter().enumerate() {
            write!(f, "{}{n}", if axis > 0 { " × " } else { "" })?;
        }
        Ok(())
    }
}

impl Encode for Grid {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        self.counts.encode(out)
    }
}

impl Decode for Grid {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        let counts = Block::decode(input)?;
        Self::new(&counts).map_err(|error| input.corrupt(&error.to_string()))
    }
}

/// Calls `visit` with every index whose axes lie in `ranges`, in C order.
pub(crate) fn for_each_index(ranges: &[std::ops::Range<u32>], mut visit: impl FnMut(&[u32])) {
    if ranges.iter().any(|range| range.is_empty()) {
        return;
    }
    let mut index: Block = ranges.iter().map(|range| range.start).collect();
    loop {
        visit(&index);
        let mut axis = ranges.len();
        loop {
            if axis == 0 {
                return;
            }
            axis -= 1;
            index[axis] += 1;
            if index[axis] < ranges[axis].end {
                break;
            }
            index[axis] = ranges[axis].start;
        }
    }
}

/// The error that a layer breaks a rule.
pub(crate) fn invalid(what: impl Into<String>) -> Error {
    ErrorKind::InvalidGraph(what.into()).into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn numbers_and_indices_are_each_others_inverse(counts in prop::collection::vec(0_u32..5, 0..5)) {
            let grid = Grid::new(&counts).unwrap();
            let ranges: Vec<_> = counts.iter().map(|&n| 0..n).collect();
            let mut number = 0;
            for_each_index(&ranges, |index| {
                assert_eq!(grid.number(index), Some(number));
                assert_eq!(grid.block(number).as_slice(), index);
                let dot: u32 = index.iter().zip(grid.steps()).map(|(i, step)| i * step).sum();
                assert_eq!(dot, number);
                number += 1;
            });
            prop_assert_eq!(number, grid.n_blocks());
        }
    }

    #[test]
    fn grids_of_too_many_blocks_are_refused_and_empty_ones_are_not() {
        assert!(Grid::new(&[1 << 16, 1 << 16]).is_err());
        assert_eq!(Grid::new(&[1 << 16, 1 << 16, 0]).unwrap().n_blocks(), 0);
        assert_eq!(Grid::new(&[]).unwrap().n_blocks(), 1);
    }
}
