//! Why a line is left to Python.

use std::fmt;

/// What is not done here; Python reads the line again and says what is wrong, if anything is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fallback {
    /// Bytes that are no text in the encoding, or may be other text than they look.
    Encoding,
    /// A carriage return that is a line end of its own.
    LineEnd,
    /// Text beyond ASCII whose case is to be changed: the rules are Python's.
    Text,
    /// What is no JSON, or is nested deep.
    Json {
        /// The byte of the line at which reading ended.
        at: usize,
    },
    /// The item that was asked for is not there.
    Missing,
    /// A list or an object where a scalar is needed.
    Container,
    /// What is to be gone through is no list.
    Flatten,
    /// There is no memory for what the line has. Python is not asked: reading ends.
    Memory,
}

impl fmt::Display for Fallback {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Encoding => f.write_str("is no text in its encoding"),
            Self::LineEnd => f.write_str("has carriage returns as line ends"),
            Self::Text => f.write_str("has text beyond ASCII to change"),
            Self::Json { at } => write!(f, "has invalid JSON at byte {at}"),
            Self::Missing => f.write_str("lacks the item that was asked for"),
            Self::Container => f.write_str("has a list or an object where a scalar is needed"),
            Self::Memory => f.write_str("has more than there is memory for"),
            Self::Flatten => f.write_str("has no list where one is needed"),
        }
    }
}

impl std::error::Error for Fallback {}
