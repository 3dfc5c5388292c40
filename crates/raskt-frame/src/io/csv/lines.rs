//! Where lines and fields begin and end.

use memchr::{memchr, memchr2, memchr3};

use super::CsvFormat;

/// So many lines must have the right number of fields for a guess at where lines begin to be believed.
const N_LINES_TRIED: usize = 24;

/// A field of a line, by its place in the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub begin: usize,
    pub end: usize,
    /// Whether quotes stand around it, or within.
    pub is_quoted: bool,
}

/// Reads the lines of a text.
pub(super) struct Lines<'a> {
    pub text: &'a [u8],
    pub at: usize,
    format: &'a CsvFormat,
}

/// How a line ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// At a line end, or at that of the text.
    Whole,
    /// The text ended within quotes.
    InQuotes,
}

impl<'a> Lines<'a> {
    pub fn new(text: &'a [u8], at: usize, format: &'a CsvFormat) -> Self {
        Self { text, at, format }
    }

    /// The fields of the next line with something in it; `None` at the end of the text.
    pub fn next(&mut self, fields: &mut Vec<Span>) -> Option<Ended> {
        while self.at < self.text.len() {
            let (begin, ended) = (self.at, self.step(fields));
            if !self.is_left_out(begin, fields) {
                return Some(ended);
            }
        }
        None
    }

    /// Reads one line, whatever is in it.
    pub fn step(&mut self, fields: &mut Vec<Span>) -> Ended {
        fields.clear();
        self.line(fields)
    }

    /// Whether the line that begins at `begin` and has these fields is none of the data.
    pub fn is_left_out(&self, begin: usize, fields: &[Span]) -> bool {
        let is_comment = self.format.comment.is_some_and(|comment| self.text[begin] == comment);
        let is_blank = matches!(fields, [only] if only.begin == only.end && !only.is_quoted);
        is_comment || (is_blank && self.format.skips_blank_lines)
    }

    fn line(&mut self, fields: &mut Vec<Span>) -> Ended {
        loop {
            let (span, end) = match self.format.quote {
                Some(quote) if self.text.get(self.at) == Some(&quote) => self.quoted(quote),
                _ => self.plain(),
            };
            fields.push(span);
            self.at = match end {
                End::Field(next) => next,
                End::Line(next) => {
                    self.at = next;
                    return Ended::Whole;
                }
                End::Text => {
                    self.at = self.text.len();
                    return Ended::InQuotes;
                }
            };
        }
    }

    /// A field that does not begin with a quote: quotes within are text.
    fn plain(&self) -> (Span, End) {
        let (begin, text) = (self.at, self.text);
        let rest = &text[begin..];
        let found = match self.format.comment {
            None => memchr3(self.format.delimiter, b'\n', b'\r', rest),
            Some(comment) => rest.iter().position(|&byte| {
                byte == comment || byte == self.format.delimiter || byte == b'\n' || byte == b'\r'
            }),
        };
        let end = begin + found.unwrap_or(rest.len());
        (Span { begin, end, is_quoted: false }, self.after(end))
    }

    /// A field in quotes; what comes behind the closing one belongs to it.
    fn quoted(&self, quote: u8) -> (Span, End) {
        let (begin, text) = (self.at, self.text);
        let mut at = begin + 1;
        loop {
            let Some(found) = memchr(quote, &text[at..]) else {
                let end = text.len();
                return (Span { begin, end, is_quoted: true }, End::Text);
            };
            at += found + 1;
            if text.get(at) == Some(&quote) {
                at += 1;
                continue;
            }
            let rest = &text[at..];
            let end = at + memchr3(self.format.delimiter, b'\n', b'\r', rest).unwrap_or(rest.len());
            return (Span { begin, end, is_quoted: true }, self.after(end));
        }
    }

    /// What follows a field that ends at `end`.
    fn after(&self, end: usize) -> End {
        match self.text.get(end) {
            None => End::Line(end),
            Some(b'\n') => End::Line(end + 1),
            Some(b'\r') => End::Line(end + if self.text.get(end + 1) == Some(&b'\n') { 2 } else { 1 }),
            Some(&byte) if byte == self.format.delimiter => End::Field(end + 1),
            // A comment.
            Some(_) => End::Line(memchr(b'\n', &self.text[end..]).map_or(self.text.len(), |at| end + at + 1)),
        }
    }
}

enum End {
    Field(usize),
    Line(usize),
    Text,
}

/// The text of a field without its quotes.
pub(super) fn unquoted<'a>(
    text: &'a [u8],
    span: Span,
    format: &CsvFormat,
    scratch: &'a mut Vec<u8>,
) -> &'a [u8] {
    let field = &text[span.begin..span.end];
    let Some(quote) = format.quote.filter(|_| span.is_quoted) else { return field };
    let inner = &field[1..];
    // Most end with their only other quote.
    if let Some(close) = memchr(quote, inner)
        && close + 1 == inner.len()
    {
        return &inner[..close];
    }
    scratch.clear();
    let (mut rest, mut is_inside) = (inner, true);
    while let Some(at) = memchr(quote, rest) {
        scratch.extend_from_slice(&rest[..at]);
        rest = &rest[at + 1..];
        match (is_inside, rest.first() == Some(&quote)) {
            (true, true) => {
                scratch.push(quote);
                rest = &rest[1..];
            }
            (true, false) => is_inside = false,
            (false, _) => scratch.push(quote),
        }
    }
    scratch.extend_from_slice(rest);
    scratch
}

/// The beginning of the first line that begins at `at` or behind, where it is not known whether `at` lies within quotes.
///
/// Both are tried: lines outside of quotes have the right number of fields, and what is taken for lines inside of them
/// hardly ever has. It is a guess, and the same one for the same text: whoever reads what lies before checks it.
pub(super) fn line_start(text: &[u8], at: usize, n_fields: usize, format: &CsvFormat) -> usize {
    if at >= text.len() {
        return text.len();
    }
    let outside = next_line(text, at.saturating_sub(1));
    if format.quote.is_none_or(|quote| memchr(quote, &text[at..]).is_none()) {
        return outside;
    }
    fitting_start(text, at, n_fields, format).unwrap_or(outside)
}

/// The same; `None` where no lines have the right number of fields.
pub(super) fn fitting_start(text: &[u8], at: usize, n_fields: usize, format: &CsvFormat) -> Option<usize> {
    let outside = next_line(text, at.saturating_sub(1));
    let fits = |start: &usize| *start < text.len() && lines_fit(text, *start, n_fields, format);
    let Some(quote) = format.quote.filter(|_| at < text.len()) else { return Some(outside).filter(fits) };
    // If `at` lies within quotes, they end at a quote that no other follows; a quote at `at` may be the second of two.
    let from = [at, at + usize::from(text[at] == quote)];
    let inside =
        from.iter().filter_map(|from| closing(text, *from, quote)).map(|close| line_end(text, close, quote));
    // If not, line ends in quotes that begin behind it are text.
    [outside, line_end(text, at.saturating_sub(1), quote)].into_iter().chain(inside).find(fits)
}

/// The place behind the next line end from `at` on that is not in quotes which begin there or behind.
fn line_end(text: &[u8], mut at: usize, quote: u8) -> usize {
    while let Some(found) = memchr3(quote, b'\n', b'\r', &text[at..]).map(|found| at + found) {
        if text[found] != quote {
            return next_line(text, found);
        }
        match closing(text, found + 1, quote) {
            Some(close) => at = close,
            None => break,
        }
    }
    text.len()
}

/// The place behind the quotes that close those in which `at` lies.
fn closing(text: &[u8], mut at: usize, quote: u8) -> Option<usize> {
    loop {
        at += memchr(quote, &text[at..])? + 1;
        if text.get(at) == Some(&quote) {
            at += 1;
        } else {
            return Some(at);
        }
    }
}

/// The place behind the next line end from `at` on.
pub(super) fn next_line(text: &[u8], at: usize) -> usize {
    match memchr2(b'\n', b'\r', &text[at..]).map(|found| at + found) {
        None => text.len(),
        Some(end) if text[end] == b'\r' && text.get(end + 1) == Some(&b'\n') => end + 2,
        Some(end) => end + 1,
    }
}

/// Whether the next lines have `n_fields` fields each, as far as the text tells.
fn lines_fit(text: &[u8], start: usize, n_fields: usize, format: &CsvFormat) -> bool {
    let mut lines = Lines::new(text, start, format);
    let mut fields = Vec::new();
    for _ in 0..N_LINES_TRIED {
        match lines.next(&mut fields) {
            None => return true,
            Some(Ended::InQuotes) => return false,
            // The last line may go on where the text ends.
            Some(Ended::Whole) if lines.at == text.len() => return fields.len() <= n_fields,
            Some(Ended::Whole) if fields.len() != n_fields => return false,
            // A field with quotes that do not stand around all of it is a sign that quotes were taken for one another.
            Some(Ended::Whole) if fields.iter().any(|field| is_malformed(text, *field, format.quote)) => {
                return false;
            }
            Some(Ended::Whole) => {}
        }
    }
    true
}

/// Whether something follows the closing quote of a field, or quotes are in one that does not begin with them.
fn is_malformed(text: &[u8], field: Span, quote: Option<u8>) -> bool {
    let bytes = &text[field.begin..field.end];
    match field.is_quoted {
        true => bytes.len() < 2 || bytes.last() != bytes.first(),
        false => quote.is_some_and(|quote| memchr(quote, bytes).is_some()),
    }
}
