//! What can be wrong with a request for an array, told before anything runs.

use std::fmt;

use raskt_core::{DType, Error, ErrorKind};

/// The result of building an expression.
pub type Built<T> = std::result::Result<T, ArrayError>;

/// Why an expression cannot be. Each is what NumPy has an exception class for, or an error of the engine.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ArrayError {
    /// An axis that the array does not have.
    Axis {
        /// The axis, as it was asked for.
        axis: i64,
        /// How many axes there are.
        n_axes: usize,
    },
    /// An element that the array does not have.
    Index {
        /// The index, as it was asked for.
        index: i64,
        /// The axis.
        axis: usize,
        /// Its length.
        length: u64,
    },
    /// More indices than axes.
    TooManyIndices {
        /// How many axes there are.
        n_axes: usize,
        /// How many were indexed.
        n_indices: usize,
    },
    /// More than one ellipsis in an index.
    Ellipses,
    /// Shapes that do not broadcast.
    Broadcast {
        /// The shapes, unknown lengths as `None`.
        shapes: Vec<Vec<Option<u64>>>,
    },
    /// Chunks of unknown sizes that meet element by element, and are not known to be equal.
    Unmatched {
        /// The axis, counted from the last, which is 1.
        from_end: usize,
    },
    /// A mask that is not as long as the axis that it is laid on.
    Mask {
        /// The axis.
        axis: usize,
        /// Its length.
        length: u64,
        /// That of the mask.
        found: u64,
    },
    /// A plain integer that the dtype which it is to have does not hold.
    Overflow {
        /// The integer.
        value: i64,
        /// The dtype.
        dtype: DType,
    },
    /// Any other error.
    Engine(Error),
}

impl ArrayError {
    /// A value out of its range.
    #[must_use]
    pub fn value(what: impl Into<String>) -> Self {
        ErrorKind::InvalidValue(what.into()).into()
    }

    /// A value of the wrong type.
    #[must_use]
    pub fn wrong_type(expected: &'static str, found: impl Into<String>) -> Self {
        ErrorKind::WrongType { expected, found: found.into() }.into()
    }
}

impl From<Error> for ArrayError {
    fn from(error: Error) -> Self {
        Self::Engine(error)
    }
}

impl From<ErrorKind> for ArrayError {
    fn from(kind: ErrorKind) -> Self {
        Self::Engine(kind.into())
    }
}

impl From<ArrayError> for Error {
    fn from(error: ArrayError) -> Self {
        match error {
            ArrayError::Engine(error) => error,
            other => ErrorKind::InvalidValue(other.to_string()).into(),
        }
    }
}

impl fmt::Display for ArrayError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Axis { axis, n_axes } => {
                write!(f, "axis {axis} is out of bounds for array of dimension {n_axes}")
            }
            Self::Index { index, axis, length } => {
                write!(f, "index {index} is out of bounds for axis {axis} with size {length}")
            }
            Self::TooManyIndices { n_axes, n_indices } => write!(
                f,
                "too many indices for array: array is {n_axes}-dimensional, but {n_indices} were indexed"
            ),
            Self::Ellipses => f.write_str("an index can only have a single ellipsis ('...')"),
            Self::Broadcast { shapes } => {
                f.write_str("operands could not be broadcast together with shapes")?;
                shapes.iter().try_for_each(|shape| write!(f, " {}", shape_text(shape)))
            }
            Self::Unmatched { from_end } => write!(
                f,
                "axis -{from_end}: chunks of unknown sizes that are not known to be equal: \
                 call compute_chunk_sizes() first"
            ),
            Self::Mask { axis, length, found } => write!(
                f,
                "boolean index did not match indexed array along axis {axis}; size of axis is {length} \
                 but size of corresponding boolean axis is {found}"
            ),
            Self::Overflow { value, dtype } => {
                write!(f, "Python integer {value} out of bounds for {dtype}")
            }
            Self::Engine(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ArrayError {}

/// A shape as NumPy writes it, unknown lengths as `?`.
pub(crate) fn shape_text(shape: &[Option<u64>]) -> String {
    let lengths: Vec<String> =
        shape.iter().map(|length| length.map_or_else(|| "?".to_owned(), |n| n.to_string())).collect();
    match lengths.as_slice() {
        [lone] => format!("({lone},)"),
        several => format!("({})", several.join(",")),
    }
}
