//! The lines of files, and what a chain of known functions makes of them, streamed into a sink.

use std::io;
use std::ops::Range;

use crate::element::{Element, Place, Scalar};
use crate::error::BagError;
use crate::fallback::Fallback;
use crate::json::{Projection, Scratch, project};
use crate::lines::Lines;
use crate::memory::{self, Exhausted};
use crate::source::Part;
use crate::survey::Survey;
use crate::text::{TextOp, apply, words};

/// How bytes become lines of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    /// Whether only ASCII is known to mean the same in the files' encoding; else they are UTF-8.
    pub is_ascii: bool,
    /// Whether `\r\n` and `\r` end lines too, and all ends become `\n`.
    pub is_universal: bool,
    /// What ends a line.
    pub delimiter: u8,
}

impl Default for Format {
    fn default() -> Self {
        Self { is_ascii: false, is_universal: true, delimiter: b'\n' }
    }
}

/// What becomes of lines.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// How they are read.
    pub format: Format,
    /// Methods of strings, in order.
    pub text: Vec<TextOp>,
    /// What is done then.
    pub then: Then,
}

/// What is done with the text of a line.
#[derive(Clone, Debug, Default)]
pub enum Then {
    /// The text is the element.
    #[default]
    Text,
    /// Each of its words is one.
    Words,
    /// It is read as JSON.
    Json(Projection),
}

impl Plan {
    fn is_text_alone(&self) -> bool {
        self.text.is_empty() && matches!(self.then, Then::Text)
    }
}

/// No more blocks than this are read before the caller is asked again.
const BLOCKS_MAX: usize = 16;

/// What takes elements.
pub trait Sink {
    /// Whether it takes lists and objects; where it does not, their lines are left to Python.
    const TAKES_JSON: bool = true;
    /// Whether the number of lines is as good as the lines: then [`Sink::lines`] takes it.
    const COUNTS: bool = false;
    /// Takes an element.
    ///
    /// # Errors
    /// Where there is no memory for it.
    fn element(&mut self, element: Element<'_>, place: Place) -> Result<(), Exhausted>;
    /// Takes a line that Python has to read, with what ends it.
    ///
    /// # Errors
    /// Where there is no memory for it.
    fn fallback(&mut self, line: &[u8], place: Place, why: Fallback) -> Result<(), Exhausted>;
    /// Whether it wants more lines now.
    fn wants_more(&self) -> bool;
    /// Takes a number of lines.
    fn lines(&mut self, _n: u64) {}
}

/// Lines of several parts, on their way into sinks.
pub struct Stream {
    parts: Vec<Part>,
    plan: Plan,
    worker: Worker,
    lines: Option<Lines>,
    next_part: usize,
    n_threads: usize,
    /// What the last block had left when a sink was full.
    rest: Vec<u8>,
    /// How many of them are done.
    done: usize,
    place: Place,
}

#[derive(Default)]
struct Worker {
    scratch: Scratch,
    text: String,
    line: String,
}

impl Stream {
    /// The lines of `parts`, to be worked on by `plan`.
    pub fn new(parts: Vec<Part>, plan: Plan) -> Self {
        Self {
            parts,
            plan,
            worker: Worker::default(),
            lines: None,
            next_part: 0,
            n_threads: 1,
            rest: Vec::new(),
            done: 0,
            place: Place::default(),
        }
    }

    /// The same on up to `n_threads` threads, the calling one included: with two, a compressed local file is
    /// decompressed while its lines are worked on.
    #[must_use]
    pub fn on_threads(self, n_threads: usize) -> Self {
        Self { n_threads, ..self }
    }

    /// The parts.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }

    /// Streams into `sink` until it wants no more, until the end, or for some megabytes, so that the caller may stop;
    /// returns whether that was the end.
    ///
    /// # Errors
    /// Where a file cannot be opened, read or decompressed; what is before that has been streamed.
    pub fn advance<S: Sink>(&mut self, sink: &mut S) -> Result<bool, BagError> {
        self.blocks(sink).map_err(|error| {
            // Nothing more is read. Where memory ran out to the last byte, an error needs some of this.
            self.lines = None;
            self.worker = Worker::default();
            self.rest = Vec::new();
            BagError::io(&self.parts[self.next_part].path, error)
        })
    }

    fn blocks<S: Sink>(&mut self, sink: &mut S) -> io::Result<bool> {
        if !self.rest.is_empty() {
            let rest = &self.rest[self.done..];
            self.done += block(&self.plan, &mut self.worker, rest, &mut self.place, sink)?;
            if self.done == self.rest.len() {
                self.rest.clear();
            }
        }
        let mut n_blocks = 0;
        while self.rest.is_empty() && n_blocks < BLOCKS_MAX && sink.wants_more() {
            let lines = match &mut self.lines {
                Some(lines) => lines,
                None => {
                    let Some(part) = self.parts.get(self.next_part) else { return Ok(true) };
                    self.place = Place { part: self.next_part, line: 0, offset: part.begin };
                    // Counting costs less than bringing blocks from one core to another.
                    let is_ahead = self.n_threads > 1 && !is_counted::<S>(&self.plan);
                    let open = if is_ahead { Lines::open_ahead } else { Lines::open };
                    self.lines.insert(open(part, self.plan.format.delimiter)?)
                }
            };
            match lines.block()? {
                None => {
                    self.lines = None;
                    self.next_part += 1;
                }
                Some(found) => {
                    n_blocks += 1;
                    self.place.offset = found.offset;
                    let done = block(&self.plan, &mut self.worker, found.bytes, &mut self.place, sink)?;
                    memory::append(&mut self.rest, &found.bytes[done..])?;
                    self.done = 0;
                }
            }
        }
        Ok(false)
    }
}

/// Whether nothing is wanted but the number of lines.
fn is_counted<S: Sink>(plan: &Plan) -> bool {
    S::COUNTS && plan.is_text_alone()
}

/// Streams the lines of a block; returns how many bytes were worked on.
///
/// # Errors
/// Where there is no memory for a line.
fn block<S: Sink>(
    plan: &Plan,
    worker: &mut Worker,
    bytes: &[u8],
    place: &mut Place,
    sink: &mut S,
) -> Result<usize, Exhausted> {
    // Checks that cost little for a block cost much for each line.
    let survey = Survey::of(bytes, plan.format.delimiter);
    let has_return = plan.format.is_universal && survey.has_return && !has_plain_ends(bytes);
    let is_text = survey.is_text(plan.format, bytes);
    if is_counted::<S>(plan) && !has_return && is_text {
        let n = survey.n_delimiters + u64::from(bytes.last() != Some(&plan.format.delimiter));
        sink.lines(n);
        place.line += n;
        place.offset += bytes.len() as u64;
        return Ok(bytes.len());
    }
    let text = if is_text { std::str::from_utf8(bytes).ok() } else { None };
    let mut from = 0;
    while from < bytes.len() && sink.wants_more() {
        let to =
            memchr::memchr(plan.format.delimiter, &bytes[from..]).map_or(bytes.len(), |at| from + at + 1);
        let raw = from..to;
        place.line += 1;
        let found = decoded(plan.format, bytes, text, raw.clone())
            .and_then(|line| elements(plan, worker, line, has_return, *place, sink));
        match found {
            Ok(()) => {}
            Err(Fallback::Memory) => return Err(Exhausted),
            Err(why) => sink.fallback(&bytes[raw], *place, why)?,
        }
        place.offset += (to - from) as u64;
        from = to;
    }
    Ok(from)
}

/// Whether each carriage return is followed by a line feed.
fn has_plain_ends(bytes: &[u8]) -> bool {
    memchr::memchr_iter(b'\r', bytes).all(|at| bytes.get(at + 1) == Some(&b'\n'))
}

fn decoded<'a>(
    format: Format,
    bytes: &'a [u8],
    text: Option<&'a str>,
    at: Range<usize>,
) -> Result<&'a str, Fallback> {
    // A delimiter is ASCII, so that lines of text are text.
    if let Some(line) = text.and_then(|text| text.get(at.clone())) {
        return Ok(line);
    }
    let line = std::str::from_utf8(&bytes[at]).map_err(|_| Fallback::Encoding)?;
    if format.is_ascii && !line.is_ascii() { Err(Fallback::Encoding) } else { Ok(line) }
}

fn elements<S: Sink>(
    plan: &Plan,
    worker: &mut Worker,
    line: &str,
    has_return: bool,
    place: Place,
    sink: &mut S,
) -> Result<(), Fallback> {
    let Worker { scratch, text, line: ended } = worker;
    let line = if plan.format.is_universal {
        if has_return && memchr::memchr(b'\r', line.strip_suffix("\r\n").unwrap_or(line).as_bytes()).is_some()
        {
            return Err(Fallback::LineEnd);
        }
        match (line.strip_suffix("\r\n"), plan.then_reads_ends()) {
            (Some(start), true) => {
                ended.clear();
                memory::append_text(ended, start)?;
                memory::append_text(ended, "\n")?;
                ended.as_str()
            }
            // What comes next takes a carriage return for a space, as it does a line feed.
            _ => line,
        }
    } else {
        line
    };
    let line = apply(&plan.text, line, text)?;
    match &plan.then {
        Then::Text => sink.element(Element::Scalar(Scalar::Str(line)), place)?,
        Then::Words => {
            words(line).try_for_each(|word| sink.element(Element::Scalar(Scalar::Str(word)), place))?;
        }
        Then::Json(projection) => {
            project(line, projection, scratch, &mut |element| match element {
                Element::Json(_) if !S::TAKES_JSON => Err(Fallback::Container),
                element => Ok(sink.element(element, place)?),
            })?;
        }
    }
    Ok(())
}

impl Plan {
    fn then_reads_ends(&self) -> bool {
        matches!(self.then, Then::Text)
    }
}
