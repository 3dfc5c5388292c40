//! What streams out of lines: the elements of a bag that are not yet Python objects.

use crate::memory::{self, Exhausted};

/// A value of JSON that can be the key of a Python dictionary.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Scalar<'a> {
    /// `None`.
    Null,
    /// `True` or `False`.
    Bool(bool),
    /// An `int` of up to 64 bits.
    Int(i64),
    /// An `int` of more bits: its decimal digits, with a sign if it is negative.
    Big(&'a str),
    /// A `float`.
    Float(f64),
    /// A `str`.
    Str(&'a str),
    /// A `str` with halves of surrogate pairs, which no Rust string has, in WTF-8: UTF-8 that has them, too.
    Wtf8(&'a [u8]),
}

/// One element of a bag.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Element<'a> {
    /// A scalar.
    Scalar(Scalar<'a>),
    /// A tuple of scalars.
    Tuple(&'a [Scalar<'a>]),
    /// A list or an object, as JSON that has been checked.
    Json(&'a str),
}

/// An owned [`Scalar`].
#[derive(Clone, Debug, PartialEq)]
pub enum Constant {
    /// `None`.
    Null,
    /// `True` or `False`.
    Bool(bool),
    /// An `int` of up to 64 bits.
    Int(i64),
    /// An `int` of more bits: its decimal digits, with a sign if it is negative.
    Big(Box<str>),
    /// A `float`.
    Float(f64),
    /// A `str`.
    Str(Box<str>),
    /// A `str` with halves of surrogate pairs, which no Rust string has, in WTF-8: UTF-8 that has them, too.
    Wtf8(Box<[u8]>),
}

impl Constant {
    /// A copy of a scalar.
    ///
    /// # Errors
    /// Where there is no memory for its text.
    pub fn copied(value: Scalar<'_>) -> Result<Self, Exhausted> {
        Ok(match value {
            Scalar::Null => Self::Null,
            Scalar::Bool(value) => Self::Bool(value),
            Scalar::Int(value) => Self::Int(value),
            Scalar::Big(digits) => Self::Big(memory::boxed_text(digits)?),
            Scalar::Float(value) => Self::Float(value),
            Scalar::Str(text) => Self::Str(memory::boxed_text(text)?),
            Scalar::Wtf8(bytes) => Self::Wtf8(memory::boxed(bytes)?),
        })
    }

    /// The same value, borrowed.
    pub fn borrow(&self) -> Scalar<'_> {
        match self {
            Self::Null => Scalar::Null,
            Self::Bool(value) => Scalar::Bool(*value),
            Self::Int(value) => Scalar::Int(*value),
            Self::Big(digits) => Scalar::Big(digits),
            Self::Float(value) => Scalar::Float(*value),
            Self::Str(text) => Scalar::Str(text),
            Self::Wtf8(bytes) => Scalar::Wtf8(bytes),
        }
    }
}

/// Where an element comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The number of the part, from 0.
    pub part: usize,
    /// The number of the line in the part, from 1.
    pub line: u64,
    /// Where the line begins in the (decompressed) file.
    pub offset: u64,
}

impl From<&str> for Constant {
    fn from(text: &str) -> Self {
        Self::Str(text.into())
    }
}

impl From<i64> for Constant {
    fn from(value: i64) -> Self {
        Self::Int(value)
    }
}

impl From<f64> for Constant {
    fn from(value: f64) -> Self {
        Self::Float(value)
    }
}

impl From<bool> for Constant {
    fn from(value: bool) -> Self {
        Self::Bool(value)
    }
}
