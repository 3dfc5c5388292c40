//! Element types: NumPy's, foreign ones (by name), and "not known yet".

use std::fmt;
use std::sync::Arc;

/// The unit of a datetime or a timedelta, as NumPy names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum TimeUnit {
    Day,
    Hour,
    Minute,
    Second,
    Millisecond,
    Microsecond,
    Nanosecond,
}

impl TimeUnit {
    /// NumPy's code, as in `datetime64[ns]`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Day => "D",
            Self::Hour => "h",
            Self::Minute => "m",
            Self::Second => "s",
            Self::Millisecond => "ms",
            Self::Microsecond => "us",
            Self::Nanosecond => "ns",
        }
    }

    /// The unit with NumPy's code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        Some(match code {
            "D" => Self::Day,
            "h" => Self::Hour,
            "m" => Self::Minute,
            "s" => Self::Second,
            "ms" => Self::Millisecond,
            "us" => Self::Microsecond,
            "ns" => Self::Nanosecond,
            _ => return None,
        })
    }
}

/// The type of an array's elements.
///
/// ```
/// use raskt_core::DType;
/// assert_eq!(DType::parse("float64"), Some(DType::Float64));
/// assert_eq!(DType::Float64.item_bytes(), Some(8));
/// assert_eq!(DType::Unknown.item_bytes(), None);
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)]
#[non_exhaustive]
pub enum DType {
    Bool,
    Int8,
    Int16,
    Int32,
    Int64,
    UInt8,
    UInt16,
    UInt32,
    UInt64,
    Float32,
    Float64,
    Complex64,
    Complex128,
    Datetime(TimeUnit),
    Timedelta(TimeUnit),
    /// A dtype that only a foreign library understands, by that library's name for it (`object`, `<U8`).
    Foreign(Arc<str>),
    /// Not known before the first block exists.
    Unknown,
}

impl DType {
    /// Every dtype that native kernels may know, times apart.
    pub const NATIVE: [Self; 13] = [
        Self::Bool,
        Self::Int8,
        Self::Int16,
        Self::Int32,
        Self::Int64,
        Self::UInt8,
        Self::UInt16,
        Self::UInt32,
        Self::UInt64,
        Self::Float32,
        Self::Float64,
        Self::Complex64,
        Self::Complex128,
    ];

    /// Bytes of one element; `None` for foreign and unknown dtypes.
    #[must_use]
    pub const fn item_bytes(&self) -> Option<usize> {
        Some(match self {
            Self::Bool | Self::Int8 | Self::UInt8 => 1,
            Self::Int16 | Self::UInt16 => 2,
            Self::Int32 | Self::UInt32 | Self::Float32 => 4,
            Self::Int64
            | Self::UInt64
            | Self::Float64
            | Self::Complex64
            | Self::Datetime(_)
            | Self::Timedelta(_) => 8,
            Self::Complex128 => 16,
            Self::Foreign(_) | Self::Unknown => return None,
        })
    }

    /// The dtype that NumPy calls `name`; any other name is `None` (make it [`DType::Foreign`]).
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        if let Some(found) = Self::NATIVE.iter().find(|dtype| dtype.to_string() == name) {
            return Some(found.clone());
        }
        let unit = |prefix: &str| TimeUnit::from_code(name.strip_prefix(prefix)?.strip_suffix(']')?);
        unit("datetime64[").map(Self::Datetime).or_else(|| unit("timedelta64[").map(Self::Timedelta))
    }
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Bool => "bool",
            Self::Int8 => "int8",
            Self::Int16 => "int16",
            Self::Int32 => "int32",
            Self::Int64 => "int64",
            Self::UInt8 => "uint8",
            Self::UInt16 => "uint16",
            Self::UInt32 => "uint32",
            Self::UInt64 => "uint64",
            Self::Float32 => "float32",
            Self::Float64 => "float64",
            Self::Complex64 => "complex64",
            Self::Complex128 => "complex128",
            Self::Datetime(unit) => return write!(f, "datetime64[{}]", unit.code()),
            Self::Timedelta(unit) => return write!(f, "timedelta64[{}]", unit.code()),
            Self::Foreign(name) => name,
            Self::Unknown => "unknown",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_parse_back() {
        let times = [DType::Datetime(TimeUnit::Nanosecond), DType::Timedelta(TimeUnit::Day)];
        for dtype in DType::NATIVE.into_iter().chain(times) {
            assert_eq!(DType::parse(&dtype.to_string()), Some(dtype));
        }
        assert_eq!(DType::parse("float128"), None);
        assert_eq!(DType::parse("datetime64"), None);
    }
}
