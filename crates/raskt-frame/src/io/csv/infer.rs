//! Names and dtypes from the first lines of a file, by the rules of pandas.

use raskt_core::{DType, ErrorKind, Fit, Result, TimeUnit};
use rustc_hash::FxHashMap;

use super::CsvFormat;
use super::columns::{float, integer, truth};
use super::lines::{Ended, Lines, unquoted};
use crate::kernels::time;
use crate::{Field, Label, PandasType};

/// What the first lines of a file say.
#[derive(Clone, Debug, PartialEq)]
pub struct Inferred {
    /// The columns of the file, in order.
    pub columns: Vec<Field>,
    /// Where the data begins.
    pub begin: u64,
}

impl Inferred {
    /// Gives columns the dtypes that hold what other lines of the same columns say, too.
    ///
    /// ```
    /// use raskt_frame::io::csv::{CsvFormat, infer_csv};
    /// let lines = |text: &[u8]| infer_csv(text, true, &CsvFormat::default(), None, &[]);
    /// let mut first = lines(b"a,b\n1,1\n")?;
    /// first.widen(&lines(b"a,b\n1.5,x\n")?);
    /// let dtypes: Vec<String> = first.columns.iter().map(|column| column.dtype.to_string()).collect();
    /// assert_eq!(dtypes, ["float64", "str"]);
    /// # Ok::<(), raskt_core::Error>(())
    /// ```
    pub fn widen(&mut self, other: &Self) {
        for (own, other) in self.columns.iter_mut().zip(&other.columns) {
            if own.dtype != other.dtype {
                own.dtype = wider(&own.dtype, &other.dtype);
            }
        }
    }
}

/// The dtype of a column that has values of both.
fn wider(one: &PandasType, other: &PandasType) -> PandasType {
    let kind = |dtype: &PandasType| match dtype {
        PandasType::Plain(DType::Int64) => 0,
        PandasType::Plain(DType::Float64) => 1,
        PandasType::Plain(DType::Datetime(_)) => 2,
        PandasType::Plain(DType::Bool) => 3,
        PandasType::Object => 4,
        _ => 5,
    };
    match (kind(one).min(kind(other)), kind(one).max(kind(other))) {
        (0, 1) => PandasType::Plain(DType::Float64),
        // A column of which nothing was seen but missing values is one of floats.
        (1, 2) => PandasType::Plain(DType::Datetime(TimeUnit::Microsecond)),
        (0, 4) | (1, 3 | 4) | (3, 4) => PandasType::Object,
        _ => PandasType::Text,
    }
}

/// What the values of a column have been so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Seen {
    Nothing,
    Bools,
    Ints,
    /// Whole numbers of which one is beyond 64 bits with a sign.
    LargeInts,
    Floats,
    Texts,
}

/// Whether a text is a whole number, however large.
fn is_whole(text: &[u8]) -> bool {
    let digits = text.trim_ascii();
    let digits = digits.strip_prefix(b"-").or_else(|| digits.strip_prefix(b"+")).unwrap_or(digits);
    !digits.is_empty() && digits.iter().all(u8::is_ascii_digit)
}

struct Guess {
    seen: Seen,
    misses: bool,
    is_time: bool,
}

impl Guess {
    fn add(&mut self, text: &[u8], format: &CsvFormat) {
        if format.is_missing(text) {
            self.misses = true;
            return;
        }
        self.is_time &= time(text, TimeUnit::Microsecond).is_some();
        let value = if integer(text).is_some() {
            Seen::Ints
        } else if is_whole(text) {
            Seen::LargeInts
        } else if float(text).is_some() {
            Seen::Floats
        } else if truth(text).is_some() {
            Seen::Bools
        } else {
            Seen::Texts
        };
        self.seen = match (self.seen, value) {
            (Seen::Nothing, value) => value,
            (seen, value) if seen == value => seen,
            (Seen::Ints, Seen::LargeInts) | (Seen::LargeInts, Seen::Ints) => Seen::LargeInts,
            (Seen::Ints | Seen::LargeInts, Seen::Floats) | (Seen::Floats, Seen::Ints | Seen::LargeInts) => {
                Seen::Floats
            }
            _ => Seen::Texts,
        };
    }

    fn dtype(&self, is_time_wanted: bool) -> PandasType {
        match self.seen {
            Seen::Texts if is_time_wanted && self.is_time => {
                PandasType::Plain(DType::Datetime(TimeUnit::Microsecond))
            }
            Seen::Ints if !self.misses => PandasType::Plain(DType::Int64),
            Seen::Nothing | Seen::Ints | Seen::Floats => PandasType::Plain(DType::Float64),
            Seen::Bools if !self.misses => PandasType::Plain(DType::Bool),
            // Truth values of which some are missing are objects of pandas; what large numbers are depends on all of them.
            Seen::Bools | Seen::LargeInts => PandasType::Object,
            Seen::Texts => PandasType::Text,
        }
    }
}

/// What the first lines of a file, `sample`, say. `is_whole` is whether there are no others: the last line of a sample is
/// not looked at otherwise. Without `names`, the first line has them. Columns of `times` are points in time if they look so.
///
/// ```
/// use raskt_frame::io::csv::{CsvFormat, infer_csv};
/// let inferred = infer_csv(b"a,b\n1,x\n2,\n", true, &CsvFormat::default(), None, &[])?;
/// let dtypes: Vec<String> = inferred.columns.iter().map(|column| column.dtype.to_string()).collect();
/// assert_eq!((dtypes, inferred.begin), (vec!["int64".to_owned(), "str".to_owned()], 4));
/// # Ok::<(), raskt_core::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::InvalidValue`] where there is no line, one with more fields than there are names, or one in which the
/// text ends within quotes; [`ErrorKind::NotImplemented`] where the first line has more fields than there are names.
pub fn infer_csv(
    sample: &[u8],
    is_whole: bool,
    format: &CsvFormat,
    names: Option<&[Label]>,
    times: &[Label],
) -> Result<Inferred> {
    let start = if sample.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    let mut lines = Lines::new(sample, start, format);
    let (mut fields, mut scratch) = (Vec::new(), Vec::new());
    let names: Vec<Label> = match names {
        Some(names) => names.to_vec(),
        None => {
            lines
                .next(&mut fields)
                .ok_or_else(|| unparsable("No columns to parse from file".to_owned(), true))?;
            let texts = fields.iter().map(|field| unquoted(sample, *field, format, &mut scratch).to_vec());
            unique(texts.collect())?
        }
    };
    let begin = lines.at;
    let mut guesses: Vec<Guess> =
        names.iter().map(|_| Guess { seen: Seen::Nothing, misses: false, is_time: true }).collect();
    let mut number = 1;
    while let Some(ended) = lines.next(&mut fields) {
        let is_cut = lines.at == sample.len() && !is_whole;
        if is_cut {
            break;
        }
        if ended == Ended::InQuotes {
            let what = format!("Error tokenizing data. C error: EOF inside string starting at row {number}");
            return Err(unparsable(what, false));
        }
        number += 1;
        if fields.len() > names.len() {
            if number == 2 {
                let what = "first fields without a name, which are the index: pandas reads them";
                return Err(ErrorKind::NotImplemented(what.to_owned()).into());
            }
            let (n, found) = (names.len(), fields.len());
            let what =
                format!("Error tokenizing data. C error: Expected {n} fields in line {number}, saw {found}");
            return Err(unparsable(what, false));
        }
        for (at, guess) in guesses.iter_mut().enumerate() {
            match fields.get(at) {
                Some(field) => guess.add(unquoted(sample, *field, format, &mut scratch), format),
                None => guess.misses = true,
            }
        }
    }
    let field = |(label, guess): (Label, &Guess)| Field { dtype: guess.dtype(times.contains(&label)), label };
    Ok(Inferred { columns: names.into_iter().zip(&guesses).map(field).collect(), begin: begin.fit::<u64>() })
}

/// The names in a header, each once: as pandas numbers those that come again, and names those that are empty.
fn unique(texts: Vec<Vec<u8>>) -> Result<Vec<Label>> {
    let mut counts: FxHashMap<String, usize> = FxHashMap::default();
    let mut names = Vec::with_capacity(texts.len());
    for (at, text) in texts.into_iter().enumerate() {
        let text = String::from_utf8(text)
            .map_err(|_| invalid("the names of the columns are no UTF-8".to_owned()))?;
        let text = if text.is_empty() { format!("Unnamed: {at}") } else { text };
        let mut name = text.clone();
        while let Some(&count) = counts.get(&name) {
            counts.insert(name, count + 1);
            name = format!("{text}.{count}");
        }
        counts.insert(name.clone(), 1);
        names.push(Label::from(&*name));
    }
    Ok(names)
}

fn unparsable(what: String, is_empty: bool) -> raskt_core::Error {
    ErrorKind::Unparsable { what, is_empty }.into()
}

fn invalid(what: String) -> raskt_core::Error {
    ErrorKind::InvalidValue(what).into()
}
