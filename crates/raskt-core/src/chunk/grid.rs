//! The grid of blocks that the chunks of all axes make.

use std::fmt;
use std::ops::Range;

use smallvec::SmallVec;

use super::{AxisChunks, Chunk};
use crate::encode::{Decode, Decoder, Encode, Encoder};
use crate::ndarray::Shape;
use crate::{Block, Error, ErrorKind, Fit, Result};

/// How an array is cut into blocks: the chunks of each axis.
///
/// ```
/// use raskt_core::chunk::{AxisChunks, Chunks};
/// let chunks = Chunks::new([AxisChunks::uniform(5, 2)?, AxisChunks::from_sizes([3, 4])?])?;
/// assert_eq!(chunks.n_blocks(), 6);
/// assert_eq!(chunks.block_shape(&[2, 1])?.as_slice(), [Some(1), Some(4)]);
/// assert_eq!(chunks.locate(&[4, 3])?, ([2, 1].as_slice().into(), [0, 0].as_slice().into()));
/// assert_eq!(chunks.to_string(), "((2 × 2, 1), (3, 4))");
/// # Ok::<(), raskt_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Chunks {
    axes: SmallVec<[AxisChunks; 4]>,
    n_blocks: u64,
}

impl Chunks {
    /// The grid of `axes`; none is the grid of a number, which is one block.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`] for more blocks than 64 bits count.
    pub fn new(axes: impl IntoIterator<Item = AxisChunks>) -> Result<Self> {
        let axes: SmallVec<[AxisChunks; 4]> = axes.into_iter().collect();
        let n_blocks = axes.iter().try_fold(1u64, |n, axis| n.checked_mul(u64::from(axis.n_blocks())));
        match n_blocks {
            Some(n_blocks) => Ok(Self { axes, n_blocks }),
            None => Err(ErrorKind::InvalidValue("the chunks make more than 2⁶⁴ blocks".into()).into()),
        }
    }

    /// The chunks of each axis.
    #[must_use]
    pub fn axes(&self) -> &[AxisChunks] {
        &self.axes
    }

    /// The number of axes.
    #[must_use]
    pub fn n_axes(&self) -> usize {
        self.axes.len()
    }

    /// The number of blocks in all.
    #[must_use]
    pub fn n_blocks(&self) -> u64 {
        self.n_blocks
    }

    /// The number of blocks along each axis.
    #[must_use]
    pub fn grid(&self) -> Block {
        self.axes.iter().map(AxisChunks::n_blocks).collect()
    }

    /// The length of each axis, where it is known.
    #[must_use]
    pub fn shape(&self) -> SmallVec<[Option<u64>; 4]> {
        self.axes.iter().map(AxisChunks::length).collect()
    }

    /// The length of each axis.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`], naming the first axis with unknown chunks.
    pub fn known_shape(&self) -> Result<Shape> {
        let lengths = self.axes.iter().enumerate().map(|(at, axis)| {
            axis.length().ok_or_else(|| {
                Error::new(ErrorKind::InvalidValue(format!("axis {at} has chunks of unknown size: {axis}")))
            })
        });
        lengths.collect()
    }

    /// The shape of the largest block, where all sizes are known.
    #[must_use]
    pub fn block_shape_max(&self) -> Option<Shape> {
        self.axes.iter().map(AxisChunks::size_max).collect()
    }

    /// The blocks' indices in C order: the last axis runs fastest.
    #[must_use]
    pub fn blocks(&self) -> Blocks {
        Blocks {
            grid: self.grid(),
            next: smallvec::smallvec![0; self.n_axes()],
            ordinal: 0,
            end: self.n_blocks,
        }
    }

    /// The size of a block along each axis, where it is known.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`] for a block outside of the grid.
    pub fn block_shape(&self, block: &[u32]) -> Result<SmallVec<[Option<u64>; 4]>> {
        Ok(self.chunks_of(block)?.iter().map(|chunk| chunk.size).collect())
    }

    /// The indices of a block's elements along each axis.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`] for a block outside of the grid, or at an unknown place.
    pub fn block_ranges(&self, block: &[u32]) -> Result<SmallVec<[Range<u64>; 4]>> {
        let ranges = self.chunks_of(block)?.into_iter().enumerate().map(|(at, chunk)| {
            chunk.range().ok_or_else(|| {
                let axis = &self.axes[at];
                Error::new(ErrorKind::InvalidValue(format!(
                    "the place of block {block:?} on axis {at} is not known: {axis}"
                )))
            })
        });
        ranges.collect()
    }

    /// The place of a block in [`Chunks::blocks`].
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`] for a block outside of the grid.
    pub fn ordinal(&self, block: &[u32]) -> Result<u64> {
        self.chunks_of(block)?;
        let counts = self.axes.iter().map(|axis| u64::from(axis.n_blocks()));
        Ok(block.iter().zip(counts).fold(0, |at, (&index, n)| at * n + u64::from(index)))
    }

    /// The block that holds the element at `index`, and the element's place in it.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`], naming the axis on which the index is outside or its place unknown.
    pub fn locate(&self, index: &[u64]) -> Result<(Block, Shape)> {
        if index.len() != self.n_axes() {
            let (found, n_axes) = (index.len(), self.n_axes());
            let what = format!("an index of {found} axes, where the chunks have {n_axes}");
            return Err(ErrorKind::InvalidValue(what).into());
        }
        let (mut block, mut place) = (Block::new(), Shape::new());
        for (at, (axis, &index)) in self.axes.iter().zip(index).enumerate() {
            let (number, within) = axis.locate(index).map_err(|error| on_axis(at, &error))?;
            block.push(number);
            place.push(within);
        }
        Ok((block, place))
    }

    fn chunks_of(&self, block: &[u32]) -> Result<SmallVec<[Chunk; 4]>> {
        let outside = || {
            let grid = self.grid();
            Error::new(ErrorKind::InvalidValue(format!("block {block:?} is outside of a grid of {grid:?}")))
        };
        if block.len() != self.n_axes() {
            return Err(outside());
        }
        self.axes.iter().zip(block).map(|(axis, &index)| axis.chunk(index).ok_or_else(outside)).collect()
    }
}

/// The same error, said of axis `at`.
pub(super) fn on_axis(at: usize, error: &Error) -> Error {
    ErrorKind::InvalidValue(format!("axis {at}: {error}")).into()
}

impl fmt::Display for Chunks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let axes: Vec<String> = self.axes.iter().map(|axis| format!("({axis})")).collect();
        write!(f, "({})", axes.join(", "))
    }
}

impl Encode for Chunks {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        self.axes.encode(out)
    }
}

impl Decode for Chunks {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        let axes: SmallVec<[AxisChunks; 4]> = Decode::decode(input)?;
        Self::new(axes).map_err(|error| input.corrupt(&error.to_string()))
    }
}

/// The indices of a grid's blocks in C order; see [`Chunks::blocks`].
#[derive(Clone, Debug)]
pub struct Blocks {
    grid: Block,
    next: Block,
    ordinal: u64,
    end: u64,
}

impl Iterator for Blocks {
    type Item = Block;

    fn next(&mut self) -> Option<Block> {
        if self.ordinal >= self.end {
            return None;
        }
        let block = self.next.clone();
        self.ordinal += 1;
        for (index, &n) in self.next.iter_mut().zip(&self.grid).rev() {
            *index += 1;
            if *index < n {
                break;
            }
            *index = 0;
        }
        Some(block)
    }

    fn nth(&mut self, n: usize) -> Option<Block> {
        self.ordinal = self.ordinal.saturating_add(n as u64).min(self.end);
        let mut rest = self.ordinal;
        for (index, &n) in self.next.iter_mut().zip(&self.grid).rev() {
            *index = (rest % u64::from(n)).fit::<u32>();
            rest /= u64::from(n);
        }
        self.next()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = usize::try_from(self.end - self.ordinal);
        (left.unwrap_or(usize::MAX), left.ok())
    }
}
