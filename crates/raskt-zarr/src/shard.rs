//! Shards: chunks in one file, with an index of where each lies.

use std::ops::Range;

use raskt_core::allocation;

use crate::codec::{Codecs, Encoded};
use crate::fault::{Fault, Tried};
use crate::file::Source;
use crate::fill::Fill;
use crate::layout::Empty;
use crate::pipeline::{Pipeline, Place, View, distance, lengths};
use crate::strided::{self, Steps};

/// Where the index lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum IndexPlace {
    Start,
    End,
}

/// How a shard is made of chunks.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Shard {
    /// The chunks; their lengths divide those of the shard.
    pub(crate) inner: Pipeline,
    pub(crate) place: IndexPlace,
    /// Whether the numbers of the index have the most significant byte first.
    pub(crate) is_big_endian: bool,
    /// The checksums of the index.
    pub(crate) codecs: Codecs,
}

/// Offset and length of a chunk that is not there.
const ABSENT: u64 = u64::MAX;
const ENTRY_BYTES: usize = 16;

/// Calls `each` with every index below `counts`, the last axis varying fastest.
pub(crate) fn for_each_index(
    ranges: &[Range<usize>],
    mut each: impl FnMut(&[usize]) -> Tried<()>,
) -> Tried<()> {
    if ranges.iter().any(Range::is_empty) {
        return Ok(());
    }
    let mut index: Vec<usize> = ranges.iter().map(|range| range.start).collect();
    loop {
        each(&index)?;
        let mut axis = ranges.len();
        loop {
            let Some(before) = axis.checked_sub(1) else { return Ok(()) };
            axis = before;
            index[axis] += 1;
            if index[axis] < ranges[axis].end {
                break;
            }
            index[axis] = ranges[axis].start;
        }
    }
}

/// The parts of one window that lie in chunks of these lengths: the numbers of the chunks along each axis.
pub(crate) fn covering(window: &[Range<usize>], unit: &[usize]) -> Vec<Range<usize>> {
    let along = |(range, &n): (&Range<usize>, &usize)| match range.is_empty() {
        true => 0..0,
        false => range.start / n..(range.end - 1) / n + 1,
    };
    window.iter().zip(unit).map(along).collect()
}

/// The part of `window` in the chunk `index`: in the chunk, and where that begins in the window.
pub(crate) fn part(
    window: &[Range<usize>],
    unit: &[usize],
    index: &[usize],
) -> (Vec<Range<usize>>, Vec<usize>) {
    let mut inside = Vec::with_capacity(window.len());
    let mut begin = Vec::with_capacity(window.len());
    for ((range, &n), &at) in window.iter().zip(unit).zip(index) {
        let first = at * n;
        let start = range.start.max(first);
        inside.push(start - first..range.end.min(first + n) - first);
        begin.push(start - range.start);
    }
    (inside, begin)
}

impl Shard {
    fn counts(&self, outer: &Pipeline) -> Vec<usize> {
        outer.shape.iter().zip(&self.inner.shape).map(|(n, inner)| n / inner).collect()
    }

    /// Offset and length of every chunk, in C order.
    fn index(&self, source: Source<'_>, n_chunks: usize) -> Tried<Vec<(u64, u64)>> {
        let plain = n_chunks * ENTRY_BYTES;
        let n = self.codecs.fixed_bytes(plain).unwrap_or(plain) as u64;
        let from = match self.place {
            IndexPlace::Start => 0,
            IndexPlace::End => source.len().checked_sub(n).ok_or_else(|| {
                Fault::damaged(source.offset(), format!("{} bytes hold no index of {n}", source.len()))
            })?,
        };
        let piece = source.piece(from, n)?;
        let mut bytes: Vec<u8> = allocation::zeros(plain)?;
        self.codecs.decode(piece.as_slice(), source.offset() + from, &mut bytes)?;
        let number = |bytes: &[u8]| {
            let bytes = bytes.try_into().unwrap_or_default();
            if self.is_big_endian { u64::from_be_bytes(bytes) } else { u64::from_le_bytes(bytes) }
        };
        Ok(bytes.chunks_exact(ENTRY_BYTES).map(|entry| (number(&entry[..8]), number(&entry[8..]))).collect())
    }

    pub(crate) fn decode(
        &self,
        outer: &Pipeline,
        source: Source<'_>,
        window: &[Range<usize>],
        fill: &Fill,
        place: Place<'_>,
    ) -> Tried<()> {
        let counts = self.counts(outer);
        let index = self.index(source, counts.iter().product())?;
        let numbers = strided::c_steps(&counts, 1);
        let unit = &self.inner.shape;
        for_each_index(&covering(window, unit), |at| {
            let (inside, begin) = part(window, unit, at);
            let first = place.steps.at + distance(begin.into_iter(), place.steps.steps);
            let steps = Steps { at: first, steps: place.steps.steps };
            let (offset, n) = index[distance(at.iter().copied(), &numbers)];
            if (offset, n) == (ABSENT, ABSENT) {
                strided::fill(&lengths(&inside), &fill.bytes, (place.bytes, steps));
                return Ok(());
            }
            let piece = source.piece(offset, n)?;
            let chunk = Source::Bytes { bytes: piece.as_slice(), offset: source.offset() + offset };
            self.inner.decode(chunk, &inside, fill, Place { bytes: place.bytes, steps })
        })
    }

    pub(crate) fn encode<'v>(
        &self,
        outer: &Pipeline,
        view: View<'v>,
        fill: &Fill,
        empty: Empty,
    ) -> Tried<Option<Encoded<'v>>> {
        let counts = self.counts(outer);
        let n_chunks: usize = counts.iter().product();
        let plain = n_chunks * ENTRY_BYTES;
        let n_index = self.codecs.fixed_bytes(plain).unwrap_or(plain);
        let mut out = Vec::new();
        if self.place == IndexPlace::Start {
            out.resize(n_index, 0);
        }
        let mut entries: Vec<u8> = allocation::room_for(plain)?;
        let whole: Vec<Range<usize>> = counts.iter().map(|&n| 0..n).collect();
        let mut is_empty = true;
        for_each_index(&whole, |at| {
            let first = at.iter().zip(&self.inner.shape).map(|(at, n)| at * n);
            let first = view.steps.at + distance(first, view.steps.steps);
            let chunk = View { bytes: view.bytes, steps: Steps { at: first, steps: view.steps.steps } };
            let entry = match self.inner.encode(chunk, fill, empty)? {
                None => [ABSENT; 2],
                Some(encoded) => {
                    let bytes = encoded.as_slice();
                    is_empty = false;
                    let entry = [out.len() as u64, bytes.len() as u64];
                    allocation::make_room(&mut out, bytes.len())?;
                    out.extend_from_slice(bytes);
                    entry
                }
            };
            for number in entry {
                let bytes = if self.is_big_endian { number.to_be_bytes() } else { number.to_le_bytes() };
                entries.extend_from_slice(&bytes);
            }
            Ok(())
        })?;
        if is_empty {
            return Ok(None);
        }
        let index = self.codecs.encode(Encoded::Own(entries))?;
        match self.place {
            IndexPlace::Start => out[..n_index].copy_from_slice(index.as_slice()),
            IndexPlace::End => out.extend_from_slice(index.as_slice()),
        }
        Ok(Some(Encoded::Own(out)))
    }
}
