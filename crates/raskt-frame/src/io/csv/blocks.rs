//! Where header, blocks and lines lie in a text, for readers that make columns of the lines themselves.

use std::ops::Range;

use super::CsvFormat;
use super::lines::{Ended, Lines, fitting_start, line_start, next_line};

/// So much of what follows a block is looked at with it, to find where its last line ends, and the next block begins.
pub(super) const WINDOW: usize = 64 << 10;

/// The lines of a block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BlockLines {
    /// They lie there.
    At(Range<usize>),
    /// The text ends before the last of them does.
    Beyond,
    /// Where they begin cannot be told from what is within quotes.
    Unclear,
}

/// What a text has beside the lines of a block.
#[derive(Clone, Copy, Debug)]
pub struct BlockText<'a> {
    /// The bytes: from the one before the block on, if it is not the first one.
    pub text: &'a [u8],
    /// Where in the text the block ends: the lines that begin here or behind are not its own.
    pub end: usize,
    /// Whether the block is the first one of its file, and begins a line.
    pub is_first: bool,
    /// Whether the file ends where the text does.
    pub is_all: bool,
}

/// The lines that begin in a block of a file with `n_fields` columns.
///
/// ```
/// use raskt_frame::io::csv::{BlockLines, BlockText, CsvFormat, block_lines};
/// let block = BlockText { text: b"1,2\n3,4\n5,6\n", end: 5, is_first: true, is_all: true };
/// assert_eq!(block_lines(block, 2, &CsvFormat::default()), BlockLines::At(0..8));
/// ```
#[must_use]
pub fn block_lines(block: BlockText<'_>, n_fields: usize, format: &CsvFormat) -> BlockLines {
    let BlockText { text, end, is_first, is_all } = block;
    let begin = match is_first {
        true => Some(0),
        false => guessed_start(text, 1, is_all, n_fields, format),
    };
    let Some(begin) = begin else { return BlockLines::Beyond };
    let mut lines = Lines::new(text, begin, format);
    let mut fields = Vec::new();
    while lines.at < end.min(text.len()) {
        let ended = lines.step(&mut fields);
        let is_cut = ended == Ended::InQuotes || fields.last().is_some_and(|last| last.end == text.len());
        if is_cut && !is_all {
            return BlockLines::Beyond;
        }
    }
    // What is behind a block, the next one is asked for.
    let is_followed = end < text.len();
    match is_followed && !meets_next(text, lines.at, end, n_fields, format) {
        true => BlockLines::Unclear,
        false => BlockLines::At(begin..lines.at.max(begin)),
    }
}

/// Where the header of a text lies, behind `n_skipped` lines of anything: `n_lines` lines with something in them. The number
/// is that of the fields in the line behind the header, or in the last one of the header where none follows.
///
/// ```
/// use raskt_frame::io::csv::{CsvFormat, header};
/// assert_eq!(header(b"about\n\na,b\n1,2\n", &CsvFormat::default(), 1, 1), (7..11, 2));
/// ```
#[must_use]
pub fn header(text: &[u8], format: &CsvFormat, n_skipped: usize, n_lines: usize) -> (Range<usize>, usize) {
    let start = if text.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    let mut lines = Lines::new(text, start, format);
    let mut fields = Vec::new();
    for _ in 0..n_skipped {
        if lines.at < text.len() {
            lines.step(&mut fields);
        }
    }
    let mut begin = lines.at;
    let mut n_fields = 0;
    for at in 0..n_lines {
        // Lines that are left out before the header are not part of it.
        while at == 0 && begin < text.len() {
            let mut next = Lines::new(text, begin, format);
            next.step(&mut fields);
            if !next.is_left_out(begin, &fields) {
                break;
            }
            begin = next.at;
        }
        if lines.next(&mut fields).is_some() {
            n_fields = fields.len();
        }
    }
    let end = lines.at.max(begin);
    if lines.next(&mut fields).is_some() {
        n_fields = n_fields.max(fields.len());
    }
    (begin..end, n_fields)
}

/// Where the first line begins in a text that is cut out of a file; `None` where the text does not tell.
#[must_use]
pub fn first_line(text: &[u8], n_fields: usize, format: &CsvFormat) -> Option<usize> {
    fitting_start(text, 1, n_fields, format)
}

/// Where the first line begins that does so at `at` or behind; `None` where the text does not tell.
pub(super) fn guessed_start(
    text: &[u8],
    at: usize,
    is_all: bool,
    n_fields: usize,
    format: &CsvFormat,
) -> Option<usize> {
    let before = at.saturating_sub(1).min(text.len());
    let window = &text[before..(at + WINDOW).min(text.len())];
    let found = before + line_start(window, at - before, n_fields, format);
    if found < before + window.len() || before + window.len() == text.len() && is_all {
        return Some(found);
    }
    // A line that is longer than what is looked at.
    let next = next_line(text, before);
    (next < text.len() || is_all).then_some(next)
}

/// Whether the next block begins where the lines of the one that ends at `end` do, which is `reached`. As the first block
/// begins where the data does, all are then right.
pub(super) fn meets_next(
    text: &[u8],
    reached: usize,
    end: usize,
    n_fields: usize,
    format: &CsvFormat,
) -> bool {
    // Lines that are longer than what is looked at begin where the next line end says.
    reached >= end + WINDOW
        || guessed_start(text, end, false, n_fields, format).is_none_or(|next| next == reached.max(end))
}
