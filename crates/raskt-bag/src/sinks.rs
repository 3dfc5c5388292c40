//! Sinks: counts, and batches of elements.

use std::ops::Range;

use crate::counts::Counts;
use crate::element::{Element, Place, Scalar};
use crate::fallback::Fallback;
use crate::memory::{self, Exhausted};
use crate::stream::Sink;

/// No more fallback lines than this wait to be read by Python.
const FALLBACK_MAX: usize = 512;
/// No more bytes of them.
const FALLBACK_BYTES_MAX: usize = 1 << 18;
/// A batch is full with so many elements, or bytes of text.
const BATCH_MAX: usize = 16_384;
const BATCH_BYTES_MAX: usize = 1 << 18;

/// A line that was left to Python.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FallbackLine {
    /// Its bytes, with what ends it.
    pub bytes: Vec<u8>,
    /// Where it comes from.
    pub place: Place,
    /// Why.
    pub why: Fallback,
    /// How many elements and fallback lines there were before it.
    pub at: u64,
}

/// Fallback lines that wait to be read.
#[derive(Debug, Default)]
pub struct FallbackLines {
    lines: Vec<FallbackLine>,
    n_bytes: usize,
}

impl FallbackLines {
    fn push(&mut self, bytes: &[u8], place: Place, why: Fallback, at: u64) -> Result<(), Exhausted> {
        self.n_bytes += bytes.len();
        memory::push(&mut self.lines, FallbackLine { bytes: memory::copied(bytes)?, place, why, at })
    }

    fn has_room(&self) -> bool {
        self.lines.len() < FALLBACK_MAX && self.n_bytes < FALLBACK_BYTES_MAX
    }

    /// Takes the lines out.
    pub fn take(&mut self) -> Vec<FallbackLine> {
        self.n_bytes = 0;
        std::mem::take(&mut self.lines)
    }
}

/// Counts elements.
#[derive(Debug, Default)]
pub struct CountSink {
    /// How many there were.
    pub n: u64,
    /// Lines that were not counted.
    pub fallback: FallbackLines,
}

impl Sink for CountSink {
    const COUNTS: bool = true;

    fn element(&mut self, _element: Element<'_>, _place: Place) -> Result<(), Exhausted> {
        self.n += 1;
        Ok(())
    }

    fn fallback(&mut self, line: &[u8], place: Place, why: Fallback) -> Result<(), Exhausted> {
        self.fallback.push(line, place, why, self.n)
    }

    fn wants_more(&self) -> bool {
        self.fallback.has_room()
    }

    fn lines(&mut self, n: u64) {
        self.n += n;
    }
}

/// Counts how often each element occurs.
#[derive(Debug, Default)]
pub struct FrequencySink {
    /// The counts.
    pub counts: Counts,
    /// Lines that were not counted; those with lists and objects, which cannot be, are among them.
    pub fallback: FallbackLines,
    at: u64,
}

impl Sink for FrequencySink {
    const TAKES_JSON: bool = false;

    fn element(&mut self, element: Element<'_>, _place: Place) -> Result<(), Exhausted> {
        match element {
            Element::Scalar(value) => self.counts.add(value, self.at)?,
            Element::Tuple(items) => self.counts.add_tuple(items, self.at)?,
            Element::Json(_) => return Ok(()),
        }
        self.at += 1;
        Ok(())
    }

    fn fallback(&mut self, line: &[u8], place: Place, why: Fallback) -> Result<(), Exhausted> {
        self.fallback.push(line, place, why, self.at)?;
        self.at += 1;
        Ok(())
    }

    fn wants_more(&self) -> bool {
        self.fallback.has_room()
    }
}

/// An element in a [`Batch`].
#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    /// `None`.
    Null,
    /// `True` or `False`.
    Bool(bool),
    /// An `int` of up to 64 bits.
    Int(i64),
    /// An `int` of more, whose digits are at a place of [`Batch::text`].
    Big(Range<usize>),
    /// A `float`.
    Float(f64),
    /// Text, at a place of [`Batch::text`].
    Str(Range<usize>),
    /// Text with halves of surrogate pairs, in WTF-8.
    Wtf8(Box<[u8]>),
    /// JSON of a list or an object, at a place of [`Batch::text`].
    Json(Range<usize>),
    /// A tuple of so many of the items that follow.
    Tuple(usize),
    /// A line that Python has to read, by its number among [`Batch::fallback`].
    Fallback(usize),
}

/// Elements, kept until they are asked for.
#[derive(Debug, Default)]
pub struct Batch {
    /// The text of all elements.
    pub text: String,
    /// The elements; the items of tuples follow them.
    pub items: Vec<(Item, Place)>,
    /// Lines that Python has to read.
    pub fallback: Vec<FallbackLine>,
}

impl Batch {
    /// Forgets all elements, and keeps the memory.
    pub fn clear(&mut self) {
        self.text.clear();
        self.items.clear();
        self.fallback.clear();
    }

    fn kept(&mut self, text: &str) -> Result<Range<usize>, Exhausted> {
        let from = self.text.len();
        memory::append_text(&mut self.text, text)?;
        Ok(from..self.text.len())
    }

    fn item(&mut self, value: Scalar<'_>) -> Result<Item, Exhausted> {
        Ok(match value {
            Scalar::Null => Item::Null,
            Scalar::Bool(value) => Item::Bool(value),
            Scalar::Int(value) => Item::Int(value),
            Scalar::Float(value) => Item::Float(value),
            Scalar::Big(digits) => Item::Big(self.kept(digits)?),
            Scalar::Str(text) => Item::Str(self.kept(text)?),
            Scalar::Wtf8(bytes) => Item::Wtf8(memory::boxed(bytes)?),
        })
    }
}

impl Sink for Batch {
    fn element(&mut self, element: Element<'_>, place: Place) -> Result<(), Exhausted> {
        match element {
            Element::Scalar(value) => {
                let item = self.item(value)?;
                memory::push(&mut self.items, (item, place))
            }
            Element::Json(text) => {
                let text = self.kept(text)?;
                memory::push(&mut self.items, (Item::Json(text), place))
            }
            Element::Tuple(values) => {
                // A tuple is there with all of its items, or not at all.
                let n = self.items.len();
                let put = |batch: &mut Self| {
                    memory::push(&mut batch.items, (Item::Tuple(values.len()), place))?;
                    values.iter().try_for_each(|value| {
                        let item = batch.item(*value)?;
                        memory::push(&mut batch.items, (item, place))
                    })
                };
                let done = put(self);
                if done.is_err() {
                    self.items.truncate(n);
                }
                done
            }
        }
    }

    fn fallback(&mut self, line: &[u8], place: Place, why: Fallback) -> Result<(), Exhausted> {
        let at = self.items.len() as u64 + 1;
        memory::push(&mut self.fallback, FallbackLine { bytes: memory::copied(line)?, place, why, at })?;
        memory::push(&mut self.items, (Item::Fallback(self.fallback.len() - 1), place))
    }

    fn wants_more(&self) -> bool {
        self.items.len() < BATCH_MAX
            && self.text.len() < BATCH_BYTES_MAX
            && self.fallback.len() < FALLBACK_MAX
    }
}
