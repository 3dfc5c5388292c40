//! How a CSV file is written, and what to read of it.

use std::sync::Arc;

use raskt_core::{ErrorKind, Fit, Param, Result};

use crate::io::Stamp;
use crate::{Label, Schema};

/// How a file is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CsvFormat {
    /// Between the fields of a line.
    pub delimiter: u8,
    /// Around fields in which delimiters and line ends are text; two of them are one that is text. None: no field is quoted.
    pub quote: Option<u8>,
    /// Lines that begin with it are left out, and what follows it in others.
    pub comment: Option<u8>,
    /// What stands for a missing value beside the empty field.
    pub missing: Arc<[Arc<str>]>,
    /// Whether lines with nothing in them are left out.
    pub skips_blank_lines: bool,
}

/// What pandas takes for missing, beside the empty field.
const MISSING: [&str; 18] = [
    "#N/A", "#N/A N/A", "#NA", "-1.#IND", "-1.#QNAN", "-NaN", "-nan", "1.#IND", "1.#QNAN", "<NA>", "N/A",
    "NA", "NULL", "NaN", "None", "n/a", "nan", "null",
];

impl Default for CsvFormat {
    /// As pandas has it by default.
    fn default() -> Self {
        let missing = MISSING.iter().map(|&text| Arc::from(text)).collect();
        Self { delimiter: b',', quote: Some(b'"'), comment: None, missing, skips_blank_lines: true }
    }
}

impl CsvFormat {
    /// Whether the text of a field stands for a missing value.
    #[must_use]
    pub fn is_missing(&self, field: &[u8]) -> bool {
        match field.first() {
            None => true,
            // What is missing by default begins with few letters.
            Some(b'0'..=b'9') => self.missing.iter().any(|text| text.as_bytes() == field),
            Some(_) => field.len() <= 16 && self.missing.iter().any(|text| text.as_bytes() == field),
        }
    }

    fn to_param(&self) -> Param {
        let byte = |byte: Option<u8>| byte.map_or(Param::Null, |byte| Param::Int(i64::from(byte)));
        Param::map([
            ("delimiter", byte(Some(self.delimiter))),
            ("quote", byte(self.quote)),
            ("comment", byte(self.comment)),
            ("missing", Param::List(self.missing.iter().map(|text| Param::Str(Arc::clone(text))).collect())),
            ("skips_blank_lines", Param::Bool(self.skips_blank_lines)),
        ])
    }

    fn from_param(param: &Param) -> Result<Self> {
        let corrupt = || raskt_core::Error::new(ErrorKind::Corrupt(format!("{param:?} is no format of CSV")));
        let byte = |name: &str| match param.get(name) {
            None | Some(Param::Null) => Ok(None),
            Some(Param::Int(byte)) => u8::try_from(*byte).map(Some).map_err(|_| corrupt()),
            Some(_) => Err(corrupt()),
        };
        let missing = param.get("missing").and_then(Param::as_list).ok_or_else(corrupt)?;
        let text = |item: &Param| item.as_str().map(Arc::from).ok_or_else(corrupt);
        Ok(Self {
            delimiter: byte("delimiter")?.ok_or_else(corrupt)?,
            quote: byte("quote")?,
            comment: byte("comment")?,
            missing: missing.iter().map(text).collect::<Result<_>>()?,
            skips_blank_lines: param.get("skips_blank_lines") == Some(&Param::Bool(true)),
        })
    }
}

/// What to read of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadCsv {
    /// The file.
    pub path: Arc<str>,
    /// How it is written.
    pub format: CsvFormat,
    /// The names of all columns of the file, in order.
    pub names: Arc<[Label]>,
    /// What is read: some of the columns, with their dtypes.
    pub schema: Arc<Schema>,
    /// The first byte of the block. What lies before the data (a header, lines to skip) belongs to no block.
    pub begin: u64,
    /// The end of the block; the file's end, if it is `None`.
    pub end: Option<u64>,
    /// Whether the data begins here, so that the block's first byte is the beginning of a line.
    pub is_first: bool,
    /// The stamp of the file that was planned with.
    pub stamp: Option<Stamp>,
}

impl ReadCsv {
    /// What to read as a parameter.
    #[must_use]
    pub fn to_param(&self) -> Param {
        let number = |n: u64| Param::Int(n.fit::<i64>());
        Param::map([
            ("path", Param::Str(Arc::clone(&self.path))),
            ("format", self.format.to_param()),
            ("names", Param::List(self.names.iter().map(Label::to_param).collect())),
            ("schema", self.schema.to_param()),
            ("begin", number(self.begin)),
            ("end", self.end.map_or(Param::Null, number)),
            ("is_first", Param::Bool(self.is_first)),
            ("stamp", self.stamp.map_or(Param::Null, Stamp::to_param)),
        ])
    }

    /// What a parameter that [`ReadCsv::to_param`] wrote says to read.
    ///
    /// # Errors
    /// [`ErrorKind::Corrupt`] for anything else.
    pub fn from_param(param: &Param) -> Result<Self> {
        let corrupt = || raskt_core::Error::new(ErrorKind::Corrupt(format!("{param:?} is nothing to read")));
        let entry = |name: &str| param.get(name).ok_or_else(corrupt);
        let number = |param: &Param| param.as_int().and_then(|n| u64::try_from(n).ok()).ok_or_else(corrupt);
        let optional =
            |name: &str| Ok::<_, raskt_core::Error>(Some(entry(name)?).filter(|p| **p != Param::Null));
        let names = entry("names")?.as_list().ok_or_else(corrupt)?;
        Ok(Self {
            path: entry("path")?.as_str().ok_or_else(corrupt)?.into(),
            format: CsvFormat::from_param(entry("format")?)?,
            names: names.iter().map(Label::try_from).collect::<Result<_>>()?,
            schema: Arc::new(Schema::from_param(entry("schema")?)?),
            begin: number(entry("begin")?)?,
            end: optional("end")?.map(number).transpose()?,
            is_first: *entry("is_first")? == Param::Bool(true),
            stamp: optional("stamp")?.map(|p| Stamp::from_param(p).ok_or_else(corrupt)).transpose()?,
        })
    }
}
