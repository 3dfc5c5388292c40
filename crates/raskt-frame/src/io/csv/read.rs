//! A block of a file as a table.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use memchr::{memchr, memchr3_iter};
use raskt_core::{DType, Error, ErrorKind, Fit, Result, allocation};

use super::ReadCsv;
use super::blocks::{WINDOW, guessed_start, meets_next};
use super::columns::{Column, Misfit, float};
use super::lines::{Ended, Lines, Span, unquoted};
use crate::io::path;
use crate::{Field, PandasType, Table};

/// What a block turned out to be.
#[derive(Clone, Debug)]
pub enum Block {
    /// The rows.
    Table(Table),
    /// A column has a value that is not of its dtype: the frame is to be read again with another one.
    Wider(Wider),
}

/// Which column needs which dtype.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wider {
    /// Where the column is in the schema.
    pub column: usize,
    /// The dtype that has all values that were seen.
    pub dtype: PandasType,
    /// The text of the field that did not fit.
    pub text: String,
    /// Where the field is in the file.
    pub offset: u64,
}

/// Why a block was not read to its end.
enum Stop {
    /// A field of that column.
    Misfit(usize, Span),
    /// A line with so many fields.
    TooMany(usize, usize),
    /// A line in which the text ends within quotes.
    Unclosed(usize),
}

/// The rows of the lines that begin in the block that `parameters` name, numbered from 0.
///
/// # Errors
/// [`ErrorKind::System`]; [`ErrorKind::InvalidValue`] for a line with too many fields, for quotes that do not end, where the
/// file has changed, and where lines cannot be told from what is within quotes;
/// [`ErrorKind::NotImplemented`] for dtypes that only pandas reads.
pub fn read_csv(parameters: &ReadCsv) -> Result<Block> {
    let (mut file, stamp) = path::open(&parameters.path, parameters.stamp)?;
    let end = parameters.end.map_or(stamp.n_bytes, |end| end.min(stamp.n_bytes)).max(parameters.begin);
    // The byte before tells whether the block begins a line.
    let base = if parameters.is_first { parameters.begin } else { parameters.begin.saturating_sub(1) };
    let is_all = |text: &[u8]| base + text.len().fit::<u64>() >= stamp.n_bytes;
    let mut text = Vec::new();
    let own_end = (end - base).fit::<usize>();
    extend(&mut text, &mut file, parameters, base, own_end + WINDOW)?;
    loop {
        let begin = if parameters.is_first {
            Some(0)
        } else {
            guessed_start(&text, 1, is_all(&text), parameters.names.len(), &parameters.format)
        };
        if let Some(begin) = begin {
            let mut block = Reader::new(parameters, &text, own_end)?;
            let stopped = block.run(begin);
            if !block.reached_in_line || is_all(&text) {
                if let Err(stop) = stopped {
                    return explain(stop, parameters, &text, base);
                }
                block.check_end(end < stamp.n_bytes)?;
                return block.finish();
            }
        }
        // A line goes on behind what has been read.
        let (from, n_more) = (base + text.len().fit::<u64>(), text.len().max(WINDOW));
        extend(&mut text, &mut file, parameters, from, n_more)?;
    }
}

/// Reads `n` more bytes, from `from` on, behind `text`.
fn extend(text: &mut Vec<u8>, file: &mut File, parameters: &ReadCsv, from: u64, n: usize) -> Result<()> {
    allocation::make_room(text, n)?;
    let mut read = || {
        file.seek(SeekFrom::Start(from))?;
        file.take(n.fit::<u64>()).read_to_end(text)
    };
    read().map(drop).map_err(|error| path::io_error(&parameters.path, &error))
}

fn unparsable(path: &str, what: String) -> Error {
    let what = format!("{path}: Error tokenizing data. C error: {what}");
    ErrorKind::Unparsable { what, is_empty: false }.into()
}

/// What to say of the line or field at which reading stopped.
fn explain(stop: Stop, parameters: &ReadCsv, text: &[u8], base: u64) -> Result<Block> {
    match stop {
        Stop::TooMany(at, found) => {
            let n = parameters.names.len();
            let at = base + at.fit::<u64>();
            Err(unparsable(
                &parameters.path,
                format!("Expected {n} fields in the line at byte {at}, saw {found}"),
            ))
        }
        Stop::Unclosed(at) => {
            let at = base + at.fit::<u64>();
            Err(unparsable(
                &parameters.path,
                format!("EOF inside string in the line that starts at byte {at}"),
            ))
        }
        Stop::Misfit(column, span) => {
            let mut scratch = Vec::new();
            let field = unquoted(text, span, &parameters.format, &mut scratch);
            let own = &parameters.schema.columns[column].dtype;
            let dtype = wider(own, field, parameters);
            let offset = base + span.begin.fit::<u64>();
            Ok(Block::Wider(Wider {
                column,
                dtype,
                text: String::from_utf8_lossy(field).into_owned(),
                offset,
            }))
        }
    }
}

/// The dtype that pandas gives a column of `own` that has the value `field`, too.
fn wider(own: &PandasType, field: &[u8], parameters: &ReadCsv) -> PandasType {
    let is_number = parameters.format.is_missing(field) || float(field).is_some();
    match own {
        PandasType::Plain(dtype)
            if *dtype != DType::Bool && is_number && !matches!(dtype, DType::Datetime(_)) =>
        {
            PandasType::Plain(DType::Float64)
        }
        PandasType::Plain(DType::Bool) if parameters.format.is_missing(field) => PandasType::Object,
        _ if std::str::from_utf8(field).is_err() => PandasType::Object,
        _ => PandasType::Text,
    }
}

/// Reads lines into columns.
struct Reader<'a> {
    parameters: &'a ReadCsv,
    text: &'a [u8],
    /// Lines that begin here or behind are not the block's.
    end: usize,
    /// For each column of the file, which of the schema it is.
    places: Vec<Option<usize>>,
    columns: Vec<Column>,
    fields: Vec<Field>,
    n_rows: usize,
    /// How far lines have been read.
    reached: usize,
    /// Whether the text ended before the last line did.
    reached_in_line: bool,
}

impl<'a> Reader<'a> {
    fn new(parameters: &'a ReadCsv, text: &'a [u8], end: usize) -> Result<Self> {
        let fields: Vec<Field> = parameters.schema.columns.to_vec();
        let mut places = vec![None; parameters.names.len()];
        for (at, field) in fields.iter().enumerate() {
            match parameters.names.iter().position(|name| *name == field.label) {
                Some(place) => places[place] = Some(at),
                None => return Err(ErrorKind::InvalidValue(parameters.schema.missing(&field.label)).into()),
            }
        }
        // A line has a few bytes a field.
        let n_rows = text.len() / (4 * parameters.names.len().max(1)) / 2;
        let columns = fields.iter().map(|field| Column::new(field, n_rows)).collect::<Result<_>>()?;
        Ok(Self {
            parameters,
            text,
            end,
            places,
            columns,
            fields,
            n_rows: 0,
            reached: 0,
            reached_in_line: false,
        })
    }

    fn run(&mut self, begin: usize) -> Result<(), Stop> {
        self.reached = begin;
        let format = &self.parameters.format;
        let has_quotes = format.quote.is_some_and(|quote| memchr(quote, self.text).is_some());
        if has_quotes || format.comment.is_some() || !format.skips_blank_lines {
            self.any_lines()
        } else {
            self.plain_lines()
        }
    }

    /// Text without quotes and comments.
    fn plain_lines(&mut self) -> Result<(), Stop> {
        let (text, delimiter) = (self.text, self.parameters.format.delimiter);
        let (mut line, mut begin, mut at) = (self.reached, self.reached, 0);
        if line >= self.end {
            return Ok(());
        }
        for hit in memchr3_iter(delimiter, b'\n', b'\r', &text[begin..]) {
            let hit = hit + self.reached;
            // The second byte of a line end.
            if hit < begin {
                continue;
            }
            if text[hit] == delimiter {
                self.field(at, line, Span { begin, end: hit, is_quoted: false })?;
                (begin, at) = (hit + 1, at + 1);
                continue;
            }
            let is_blank = hit == line;
            if !is_blank {
                self.field(at, line, Span { begin, end: hit, is_quoted: false })?;
                self.end_line(at + 1)?;
            }
            let next =
                if text[hit] == b'\r' && text.get(hit + 1) == Some(&b'\n') { hit + 2 } else { hit + 1 };
            (line, begin, at) = (next, next, 0);
            if line >= self.end {
                break;
            }
        }
        if line < self.end && line < text.len() {
            // The text ends without a line end.
            self.reached_in_line = true;
            self.field(at, line, Span { begin, end: text.len(), is_quoted: false })?;
            self.end_line(at + 1)?;
            line = text.len();
        }
        self.reached = line;
        Ok(())
    }

    fn any_lines(&mut self) -> Result<(), Stop> {
        let format = &self.parameters.format;
        let mut lines = Lines::new(self.text, self.reached, format);
        let (mut fields, mut scratch) = (Vec::new(), Vec::new());
        while lines.at < self.end.min(self.text.len()) {
            let line = lines.at;
            let ended = lines.step(&mut fields);
            self.reached = lines.at;
            // Without a line end, the text may have ended before the line did.
            self.reached_in_line =
                ended == Ended::InQuotes || fields.last().is_some_and(|last| last.end == self.text.len());
            if ended == Ended::InQuotes {
                return Err(Stop::Unclosed(line));
            }
            if lines.is_left_out(line, &fields) {
                continue;
            }
            for (at, &span) in fields.iter().enumerate() {
                let Some(&place) = self.places.get(at) else { return Err(Stop::TooMany(line, fields.len())) };
                let Some(place) = place else { continue };
                let value = unquoted(self.text, span, format, &mut scratch);
                self.columns[place].push(value, format).map_err(|Misfit| Stop::Misfit(place, span))?;
            }
            self.end_line(fields.len())?;
        }
        Ok(())
    }

    #[inline]
    fn field(&mut self, at: usize, line: usize, span: Span) -> Result<(), Stop> {
        match self.places.get(at) {
            None => Err(Stop::TooMany(line, at + 1)),
            Some(None) => Ok(()),
            Some(&Some(place)) => self.columns[place]
                .push(&self.text[span.begin..span.end], &self.parameters.format)
                .map_err(|Misfit| Stop::Misfit(place, span)),
        }
    }

    /// Fields that the line does not have are missing.
    #[inline]
    fn end_line(&mut self, n_fields: usize) -> Result<(), Stop> {
        self.n_rows += 1;
        for at in n_fields..self.places.len() {
            let here = Span { begin: self.reached, end: self.reached, is_quoted: false };
            self.field(at, self.reached, here)?;
        }
        Ok(())
    }

    /// Whether the next block begins where this one ends. As the first begins where the data does, all are then right.
    fn check_end(&self, is_followed: bool) -> Result<()> {
        let ReadCsv { names, format, path, .. } = self.parameters;
        if !is_followed || meets_next(self.text, self.reached, self.end, names.len(), format) {
            return Ok(());
        }
        let what = format!(
            "{path}: lines cannot be told from text in quotes where a block ends: read it with blocksize=None"
        );
        Err(ErrorKind::InvalidValue(what).into())
    }

    fn finish(self) -> Result<Block> {
        let columns = self.columns.into_iter().zip(&self.fields).map(|(column, field)| column.finish(field));
        let columns = columns.collect::<Result<_>>()?;
        Table::over_range(std::sync::Arc::clone(&self.parameters.schema), columns, self.n_rows)
            .map(Block::Table)
    }
}
