//! How the elements of a chunk become bytes, and bytes elements.

use std::ops::Range;

use raskt_core::{Buffer, Fit};

use crate::codec::{Codecs, Encoded, wrong_size};
use crate::fault::Tried;
use crate::file::Source;
use crate::fill::Fill;
use crate::layout::Empty;
use crate::shard::Shard;
use crate::strided::{self, Steps, c_steps};

/// The codecs of chunks of one shape.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Pipeline {
    /// The lengths of a chunk.
    pub(crate) shape: Vec<usize>,
    /// The bytes of an element.
    pub(crate) item: usize,
    /// The axis of the chunk that each axis of what is stored is.
    pub(crate) order: Vec<usize>,
    pub(crate) kind: Kind,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Kind {
    /// Elements one after the other; the bytes of numbers that have to be turned around, if any.
    Elements { swapped: Option<usize>, codecs: Codecs },
    /// Smaller chunks and an index of them.
    Shard(Box<Shard>),
}

/// Elements of a chunk in memory, in the order of its axes.
#[derive(Clone, Copy)]
pub(crate) struct View<'v> {
    pub(crate) bytes: &'v [u8],
    pub(crate) steps: Steps<'v>,
}

/// A place for elements of a chunk in memory.
pub(crate) struct Place<'p> {
    pub(crate) bytes: &'p mut [u8],
    pub(crate) steps: Steps<'p>,
}

/// The lengths of a window.
pub(crate) fn lengths(window: &[Range<usize>]) -> Vec<usize> {
    window.iter().map(Range::len).collect()
}

/// How far an index is from the first element.
pub(crate) fn distance(index: impl Iterator<Item = usize>, steps: &[usize]) -> usize {
    index.zip(steps).map(|(index, step)| index * step).sum()
}

impl Pipeline {
    pub(crate) fn n_bytes(&self) -> usize {
        self.shape.iter().product::<usize>() * self.item
    }

    /// The bytes between elements of what is stored, along the axes of the chunk.
    fn steps(&self) -> Vec<usize> {
        let stored: Vec<usize> = self.order.iter().map(|&axis| self.shape[axis]).collect();
        let mut steps = vec![0; stored.len()];
        for (&axis, step) in self.order.iter().zip(c_steps(&stored, self.item)) {
            steps[axis] = step;
        }
        steps
    }

    /// Whether elements with these steps lie as those that are stored.
    fn lies_so(&self, steps: &[usize], own: &[usize]) -> bool {
        let same = |((n, step), own): ((&usize, &usize), &usize)| *n == 1 || step == own;
        self.shape.iter().zip(steps).zip(own).all(same)
    }

    /// Reads the elements in `window` to `place`.
    pub(crate) fn decode(
        &self,
        source: Source<'_>,
        window: &[Range<usize>],
        fill: &Fill,
        place: Place<'_>,
    ) -> Tried<()> {
        let (swapped, codecs) = match &self.kind {
            Kind::Shard(shard) => return shard.decode(self, source, window, fill, place),
            Kind::Elements { swapped, codecs } => (*swapped, codecs),
        };
        let (own, n) = (self.steps(), self.n_bytes());
        let is_whole = window.iter().zip(&self.shape).all(|(range, &n)| range.len() == n);
        let whole = |out: &mut [u8]| -> Tried<()> {
            if codecs.is_plain() {
                check_size(&source, n)?;
                source.read(0, out)?;
            } else {
                let piece = source.piece(0, source.len())?;
                codecs.decode(piece.as_slice(), source.offset(), out)?;
            }
            if let Some(n) = swapped {
                strided::swap(out, n);
            }
            Ok(())
        };
        if is_whole && self.lies_so(place.steps.steps, &own) {
            return whole(&mut place.bytes[place.steps.at..place.steps.at + n]);
        }
        let shape = lengths(window);
        let mut first = distance(window.iter().map(|range| range.start), &own);
        let mut buffer;
        if codecs.is_plain() {
            // Only what lies between the first element of the window and its last.
            check_size(&source, n)?;
            let last = distance(window.iter().map(|range| range.end - 1), &own);
            buffer = Buffer::recycled(last + self.item - first)?;
            let out = buffer.as_mut_slice().unwrap_or_default();
            source.read(first as u64, out)?;
            if let Some(n) = swapped {
                strided::swap(out, n);
            }
            first = 0;
        } else {
            buffer = Buffer::recycled(n)?;
            whole(buffer.as_mut_slice().unwrap_or_default())?;
        }
        let from = Steps { at: first, steps: &own };
        strided::copy(&shape, self.item, (buffer.as_slice(), from), (place.bytes, place.steps));
        Ok(())
    }

    /// The bytes of a whole chunk; `None` for one of fill values only, which is not stored.
    pub(crate) fn encode<'v>(&self, view: View<'v>, fill: &Fill, empty: Empty) -> Tried<Option<Encoded<'v>>> {
        if empty == Empty::LeftOut
            && strided::all(&self.shape, self.item, (view.bytes, view.steps), |element| fill.is(element))
        {
            return Ok(None);
        }
        let (swapped, codecs) = match &self.kind {
            Kind::Shard(shard) => return shard.encode(self, view, fill, empty),
            Kind::Elements { swapped, codecs } => (*swapped, codecs),
        };
        let (own, n) = (self.steps(), self.n_bytes());
        if swapped.is_none() && self.lies_so(view.steps.steps, &own) {
            let bytes = &view.bytes[view.steps.at..view.steps.at + n];
            return codecs.encode(Encoded::Same(bytes)).map(Some);
        }
        let mut buffer = Buffer::recycled(n)?;
        let out = buffer.as_mut_slice().unwrap_or_default();
        let to = Steps { at: 0, steps: &own };
        strided::copy(&self.shape, self.item, (view.bytes, view.steps), (out, to));
        if let Some(n) = swapped {
            strided::swap(out, n);
        }
        codecs.encode(Encoded::Pooled(buffer)).map(Some)
    }
}

fn check_size(source: &Source<'_>, n: usize) -> Tried<()> {
    if source.len() == n as u64 {
        return Ok(());
    }
    Err(wrong_size(source.offset(), source.len().clamped::<usize>(), n))
}
