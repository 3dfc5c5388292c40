//! Why a part is left to Python.

use std::fmt;
use std::io;

/// What is not done here; Python does the whole part again and says what is wrong, if anything is.
#[derive(Debug)]
pub enum Odd {
    /// The file cannot be opened, read or decompressed.
    Io(io::Error),
    /// Bytes that are no UTF-8.
    Encoding,
    /// A carriage return that is a line end of its own.
    LineEnd,
    /// Text beyond ASCII that is to be changed: the rules are Python's.
    Text,
    /// What is no JSON, or JSON that Python reads in ways of its own.
    Json {
        /// The byte of the line at which reading ended.
        at: usize,
    },
    /// The item that was asked for is not there.
    Missing,
    /// A list or an object, which cannot be counted.
    Unhashable,
}

impl fmt::Display for Odd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "cannot be read: {error}"),
            Self::Encoding => f.write_str("is not valid UTF-8"),
            Self::LineEnd => f.write_str("has carriage returns as line ends"),
            Self::Text => f.write_str("has text beyond ASCII to change"),
            Self::Json { at } => write!(f, "has JSON that is invalid or unusual at byte {at} of a line"),
            Self::Missing => f.write_str("lacks the item that was asked for"),
            Self::Unhashable => f.write_str("has a list or an object to count"),
        }
    }
}

impl std::error::Error for Odd {}

impl From<io::Error> for Odd {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}
