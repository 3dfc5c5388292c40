//! The chunks of one axis, stored as runs of equal ones.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use crate::encode::{Decode, Decoder, Encode, Encoder};
use crate::{Error, ErrorKind, Fit, Result};

/// One chunk of an axis. Sizes may be unknown until the block exists (after a filter, say), and so may
/// the offsets of all chunks behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Chunk {
    /// The index of its first element along the axis.
    pub offset: Option<u64>,
    /// The number of its elements.
    pub size: Option<u64>,
}

impl Chunk {
    /// The indices of its elements, where both ends are known.
    #[must_use]
    pub fn range(self) -> Option<Range<u64>> {
        let (offset, size) = (self.offset?, self.size?);
        Some(offset..offset + size)
    }
}

/// Equal chunks, one behind the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Run {
    size: Option<u64>,
    n_chunks: u32,
    /// The number of chunks before this run.
    first_block: u32,
    /// The number of elements before this run.
    offset: Option<u64>,
}

impl Run {
    fn end(&self) -> Option<u64> {
        Some(self.offset? + self.size? * u64::from(self.n_chunks))
    }

    fn chunk(&self, nth: u32) -> Chunk {
        let offset = match (self.offset, self.size) {
            (offset, _) if nth == 0 => offset,
            (Some(offset), Some(size)) => Some(offset + size * u64::from(nth)),
            _ => None,
        };
        Chunk { offset, size: self.size }
    }
}

/// How one axis is cut: at least one chunk, sizes known or not, zero allowed.
///
/// Equal neighbours are one run, so a million equal chunks take as much memory as one, and finding the
/// chunk of an index is a binary search among runs. Cloning is cheap.
///
/// ```
/// use raskt_core::chunk::AxisChunks;
/// let axis = AxisChunks::uniform(1_000_000_001, 1000)?;
/// assert_eq!(axis.n_blocks(), 1_000_001);
/// assert_eq!(axis.to_string(), "1000 × 1000000, 1");
/// assert_eq!(axis.locate(123_456)?, (123, 456));
/// assert_eq!(axis.chunk(1_000_000).and_then(|c| c.range()), Some(1_000_000_000..1_000_000_001));
/// # Ok::<(), raskt_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct AxisChunks(Arc<[Run]>);

impl AxisChunks {
    /// `length` elements in chunks of `size`, the last one shorter if it must be; an axis without
    /// elements is one empty chunk.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`] for a size of zero on a longer axis, and for more than 2³² chunks.
    pub fn uniform(length: u64, size: u64) -> Result<Self> {
        match (length, size) {
            (0, _) => Self::from_runs([(Some(0), 1)]),
            (_, 0) => Err(invalid(format!("an axis of length {length} cannot be cut into chunks of 0"))),
            _ => {
                let rest = length % size;
                Self::from_runs([(Some(size), length / size), (Some(rest), u64::from(rest > 0))])
            }
        }
    }

    /// Chunks of `sizes`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`] if there is none, or for more than 2³² chunks or 2⁶⁴ elements.
    pub fn from_sizes(sizes: impl IntoIterator<Item = u64>) -> Result<Self> {
        Self::from_runs(sizes.into_iter().map(|size| (Some(size), 1)))
    }

    /// `n_blocks` chunks of sizes that are not known.
    ///
    /// # Errors
    /// As [`AxisChunks::from_runs`].
    pub fn unknown(n_blocks: u32) -> Result<Self> {
        Self::from_runs([(None, u64::from(n_blocks))])
    }

    /// Runs of equal chunks: their size, if known, and their number. Runs of none are left out.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`] if no chunk is left, or for more than 2³² chunks or 2⁶⁴ elements.
    pub fn from_runs(runs: impl IntoIterator<Item = (Option<u64>, u64)>) -> Result<Self> {
        let mut merged: Vec<Run> = Vec::new();
        let (mut n_blocks, mut end) = (0u32, Some(0u64));
        for (size, n_chunks) in runs.into_iter().filter(|run| run.1 > 0) {
            let (first_block, offset) = (n_blocks, end);
            let n_run = u32::try_from(n_chunks).ok();
            n_blocks = n_run
                .and_then(|n| n_blocks.checked_add(n))
                .ok_or_else(|| invalid(format!("an axis has at most {} chunks", u32::MAX)))?;
            end = match (end, size) {
                (Some(end), Some(size)) => {
                    let sum = size.checked_mul(n_chunks).and_then(|elements| end.checked_add(elements));
                    Some(sum.ok_or_else(|| invalid("an axis has at most 2⁶⁴ - 1 elements".into()))?)
                }
                _ => None,
            };
            match merged.last_mut() {
                Some(last) if last.size == size => last.n_chunks = n_blocks - last.first_block,
                _ => merged.push(Run { size, n_chunks: n_blocks - first_block, first_block, offset }),
            }
        }
        match merged.is_empty() {
            true => Err(invalid("an axis has at least one chunk (of size 0 if it has no elements)".into())),
            false => Ok(Self(merged.into())),
        }
    }

    /// The number of chunks.
    #[must_use]
    pub fn n_blocks(&self) -> u32 {
        self.0.last().map_or(0, |run| run.first_block + run.n_chunks)
    }

    /// The number of elements, where all sizes are known.
    #[must_use]
    pub fn length(&self) -> Option<u64> {
        self.0.last()?.end()
    }

    /// The size of the largest chunk, where all sizes are known.
    #[must_use]
    pub fn size_max(&self) -> Option<u64> {
        self.0.iter().map(|run| run.size).try_fold(0, |most, size| Some(size?.max(most)))
    }

    /// Chunk number `block`; `None` behind the last.
    #[must_use]
    pub fn chunk(&self, block: u32) -> Option<Chunk> {
        let at = self.0.partition_point(|run| run.first_block + run.n_chunks <= block);
        let run = self.0.get(at)?;
        Some(run.chunk(block - run.first_block))
    }

    /// All chunks, in order.
    pub fn chunks(&self) -> impl Iterator<Item = Chunk> + '_ {
        self.0.iter().flat_map(|run| (0..run.n_chunks).map(|nth| run.chunk(nth)))
    }

    /// All sizes, in order.
    pub fn sizes(&self) -> impl Iterator<Item = Option<u64>> + '_ {
        self.runs().flat_map(|(size, n_chunks)| std::iter::repeat_n(size, n_chunks.fit::<usize>()))
    }

    /// The runs of equal chunks, as [`AxisChunks::from_runs`] takes them; neighbours differ in size.
    pub fn runs(&self) -> impl ExactSizeIterator<Item = (Option<u64>, u64)> + '_ {
        self.0.iter().map(|run| (run.size, u64::from(run.n_chunks)))
    }

    /// The chunk that holds element `index`, and the element's place in it.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`] behind the end, and where unknown sizes hide the place.
    pub fn locate(&self, index: u64) -> Result<(u32, u64)> {
        let at = self.0.partition_point(|run| run.offset.is_some_and(|offset| offset <= index));
        // The first run starts at 0, so there is one at or before any index.
        let run = &self.0[at.saturating_sub(1)];
        match (run.offset, run.size) {
            (Some(offset), Some(size)) if size > 0 && (index - offset) / size < u64::from(run.n_chunks) => {
                let nth = (index - offset) / size;
                Ok((run.first_block + nth.fit::<u32>(), (index - offset) % size))
            }
            (_, Some(_)) => Err(invalid(format!("index {index} is outside of an axis cut into {self}"))),
            (_, None) => {
                Err(invalid(format!("where index {index} is, is not known of an axis cut into {self}")))
            }
        }
    }
}

impl fmt::Display for AxisChunks {
    /// Sizes, runs as `size × number`, unknown ones as `?`; the middle of many is left out.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const N_SHOWN: usize = 6;
        for (at, run) in self.0.iter().enumerate() {
            if self.0.len() > N_SHOWN && (N_SHOWN / 2..self.0.len() - N_SHOWN / 2).contains(&at) {
                if at == N_SHOWN / 2 {
                    f.write_str(", ...")?;
                }
                continue;
            }
            f.write_str(if at > 0 { ", " } else { "" })?;
            match run.size {
                Some(size) => write!(f, "{size}")?,
                None => f.write_str("?")?,
            }
            if run.n_chunks > 1 {
                write!(f, " × {}", run.n_chunks)?;
            }
        }
        Ok(())
    }
}

impl Encode for AxisChunks {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        out.varint(self.0.len() as u64);
        self.runs().try_for_each(|run| run.encode(out))
    }
}

impl Decode for AxisChunks {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        let runs = Vec::<(Option<u64>, u64)>::decode(input)?;
        let n_runs = runs.len();
        match Self::from_runs(runs) {
            Ok(axis) if axis.0.len() == n_runs => Ok(axis),
            Ok(_) => Err(input.corrupt("chunks that are not in runs as long as can be")),
            Err(error) => Err(input.corrupt(&error.to_string())),
        }
    }
}

fn invalid(what: String) -> Error {
    ErrorKind::InvalidValue(what).into()
}
