//! Lines of text.

use std::io;
use std::num::NonZeroU64;
use std::path::Path;
use std::sync::Arc;

use raskt_bag::{
    BagError, Compression, CountSink, Element, Exhausted, Fallback, Format, Part, Place, Plan, Projection,
    Scalar, Sink, Stream, Then,
};

use super::{Bag, Json};
use crate::Result;

/// How text is read.
#[derive(Clone, Copy, Debug, Default)]
pub struct TextOptions {
    /// Files that are not compressed are cut into blocks of so many bytes, each read on its own. Default: whole files.
    pub block_bytes: Option<NonZeroU64>,
    /// Whether lines are left out that are no UTF-8, or lack what is asked of them as JSON, rather than be an error.
    pub skips_bad_lines: bool,
}

/// The lines of all files that match `pattern` (a path, or one with `*`, `?` or `**`), in the order of their names;
/// files that end with `.gz`, `.bz2`, `.xz` or `.zst` are decompressed.
///
/// # Errors
/// [`BagError::Io`] for a pattern that is invalid, and where no file matches.
pub fn read_text(pattern: impl AsRef<Path>) -> std::result::Result<Lines, BagError> {
    read_text_with(pattern, TextOptions::default())
}

/// The same, as `options` say.
///
/// # Errors
/// As [`read_text`].
pub fn read_text_with(
    pattern: impl AsRef<Path>,
    options: TextOptions,
) -> std::result::Result<Lines, BagError> {
    let pattern = pattern.as_ref();
    let failed = |path: &Path, error: io::Error| BagError::Io { path: path.to_path_buf(), error };
    let invalid = |why: String| failed(pattern, io::Error::new(io::ErrorKind::InvalidInput, why));
    let text = pattern.to_str().ok_or_else(|| invalid("is no UTF-8".to_owned()))?;
    let mut parts = Vec::new();
    for path in glob::glob(text).map_err(|error| invalid(error.to_string()))? {
        let path = path.map_err(|error| {
            let path = error.path().to_path_buf();
            BagError::Io { path, error: error.into() }
        })?;
        let found = std::fs::metadata(&path).map_err(|error| failed(&path, error))?;
        if found.is_file() {
            parts.extend(cut(Part::whole(&path), found.len(), options.block_bytes));
        }
    }
    if parts.is_empty() {
        return Err(failed(pattern, io::Error::new(io::ErrorKind::NotFound, "no file matches")));
    }
    Ok(Lines { parts: parts.into(), skips_bad_lines: options.skips_bad_lines })
}

fn cut(file: Part, n_bytes: u64, block_bytes: Option<NonZeroU64>) -> Vec<Part> {
    match block_bytes {
        Some(block) if file.compression == Compression::None && n_bytes > block.get() => (0..n_bytes)
            .step_by(usize::try_from(block.get()).unwrap_or(usize::MAX))
            .map(|begin| Part { begin, end: Some(n_bytes.min(begin + block.get())), ..file.clone() })
            .collect(),
        _ => vec![file],
    }
}

/// Lines of text files, without what ends them (`\n` or `\r\n`).
#[derive(Clone, Debug)]
pub struct Lines {
    parts: Arc<[Part]>,
    skips_bad_lines: bool,
}

impl Lines {
    /// How many parts are read each on its own: files, or blocks of them.
    pub fn n_parts(&self) -> usize {
        self.parts.len()
    }

    /// The number of lines.
    ///
    /// # Errors
    /// Where a file or a line cannot be read: [`cause`](crate::cause) gives the [`BagError`].
    pub fn count(&self) -> Result<u64> {
        let skips = self.skips_bad_lines;
        let counted = move |part: &Part, emit: &mut dyn FnMut(u64)| {
            emit(count(part, skips)?);
            Ok(())
        };
        Bag::new(Arc::clone(&self.parts), Arc::new(counted)).fold(
            0,
            |n, more| *n += more,
            |n, more| *n += more,
        )
    }

    /// What `function` makes of every line.
    pub fn map<U: 'static>(&self, function: impl Fn(&str) -> U + Send + Sync + 'static) -> Bag<U> {
        self.filter_map(move |line| Some(function(line)))
    }

    /// What `function` makes of every line of which it makes something.
    pub fn filter_map<U: 'static>(
        &self,
        function: impl Fn(&str) -> Option<U> + Send + Sync + 'static,
    ) -> Bag<U> {
        self.each(text_plan(), move |element, emit| {
            if let Element::Scalar(Scalar::Str(line)) = element {
                let line = line.strip_suffix('\n').unwrap_or(line);
                if let Some(found) = function(line.strip_suffix('\r').unwrap_or(line)) {
                    emit(found);
                }
            }
            Ok(())
        })
    }

    /// The words of all lines: what is between spaces.
    pub fn words(&self) -> Bag<String> {
        self.each(Plan { then: Then::Words, ..text_plan() }, |element, emit| {
            if let Element::Scalar(Scalar::Str(word)) = element {
                emit(owned(word)?);
            }
            Ok(())
        })
    }

    /// Every line, read as JSON.
    pub fn json(&self) -> Json {
        Json::new(self.clone())
    }

    /// What `step` makes of the elements that `plan` makes of lines.
    pub(super) fn each<U: 'static>(
        &self,
        plan: Plan,
        step: impl Fn(Element<'_>, &mut dyn FnMut(U)) -> std::result::Result<(), Exhausted>
        + Send
        + Sync
        + 'static,
    ) -> Bag<U> {
        let skips = self.skips_bad_lines;
        let each = move |part: &Part, emit: &mut dyn FnMut(U)| {
            let take = |element: Element<'_>| step(element, emit);
            Taker { skips, bad: None, take }.run(part, plan.clone())
        };
        Bag::new(Arc::clone(&self.parts), Arc::new(each))
    }
}

/// The number of lines of `part`, but for bad ones if it `skips` those.
fn count(part: &Part, skips: bool) -> std::result::Result<u64, BagError> {
    let mut stream = Stream::new(vec![part.clone()], text_plan()).on_threads(raskt_exec::threads_here());
    let mut sink = CountSink::default();
    loop {
        let is_at_end = stream.advance(&mut sink)?;
        let bad = sink.fallback.take();
        if let (false, Some(first)) = (skips, bad.first()) {
            let Place { line, offset, .. } = first.place;
            return Err(BagError::Line { path: part.path.clone(), line, offset, why: first.why });
        }
        if is_at_end {
            return Ok(sink.n);
        }
        go_on(part)?;
    }
}

fn owned(word: &str) -> std::result::Result<String, Exhausted> {
    let mut copy = String::new();
    copy.try_reserve_exact(word.len())?;
    copy.push_str(word);
    Ok(copy)
}

/// Ends what nobody waits for any more.
fn go_on(part: &Part) -> std::result::Result<(), BagError> {
    if raskt_exec::is_cancelled_here() {
        let error = io::Error::other("the computation was cancelled");
        return Err(BagError::Io { path: part.path.clone(), error });
    }
    Ok(())
}

fn text_plan() -> Plan {
    Plan { format: Format { is_universal: false, ..Format::default() }, ..Plan::default() }
}

/// The plan of lines of JSON.
pub(super) fn json_plan(projection: Projection) -> Plan {
    Plan { then: Then::Json(projection), ..text_plan() }
}

/// Hands elements on, up to the first line that is bad, or past all that are.
struct Taker<F> {
    skips: bool,
    bad: Option<(Place, Fallback)>,
    take: F,
}

impl<F: FnMut(Element<'_>) -> std::result::Result<(), Exhausted>> Taker<F> {
    fn run(&mut self, part: &Part, plan: Plan) -> std::result::Result<(), BagError> {
        let mut stream = Stream::new(vec![part.clone()], plan).on_threads(raskt_exec::threads_here());
        while !stream.advance(self)? {
            if let Some((Place { line, offset, .. }, why)) = self.bad {
                return Err(BagError::Line { path: part.path.clone(), line, offset, why });
            }
            go_on(part)?;
        }
        match self.bad {
            Some((Place { line, offset, .. }, why)) => {
                Err(BagError::Line { path: part.path.clone(), line, offset, why })
            }
            None => Ok(()),
        }
    }
}

impl<F: FnMut(Element<'_>) -> std::result::Result<(), Exhausted>> Sink for Taker<F> {
    fn element(&mut self, element: Element<'_>, _place: Place) -> std::result::Result<(), Exhausted> {
        (self.take)(element)
    }

    fn fallback(&mut self, _line: &[u8], place: Place, why: Fallback) -> std::result::Result<(), Exhausted> {
        if !self.skips {
            self.bad.get_or_insert((place, why));
        }
        Ok(())
    }

    fn wants_more(&self) -> bool {
        self.bad.is_none()
    }
}
