//! The dtypes of pandas, and how each is stored in Arrow.

use std::fmt;
use std::sync::Arc;

use arrow::datatypes::{DataType, TimeUnit as ArrowUnit};
use raskt_core::{DType, ErrorKind, Param, Result, TimeUnit};

/// The dtype of a column or of an index level, as pandas has it.
///
/// It says more than the Arrow type of the column ([`PandasType::storage`]): of which kind a missing value is, for one. A
/// column of `float64` says NaN where one of `Float64` is masked, and one of `int64` has none at all.
///
/// ```
/// use raskt_core::DType;
/// use raskt_frame::PandasType;
/// let masked = PandasType::Masked(DType::Int64);
/// assert_eq!(masked.to_string(), "Int64");
/// assert_eq!(masked.storage(), PandasType::Plain(DType::Int64).storage());
/// assert_ne!(masked, PandasType::Plain(DType::Int64));
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum PandasType {
    /// A dtype of NumPy: truth values and integers, which have no missing values; floats, of which NaN is the missing one;
    /// datetimes and timedeltas without a time zone, with `NaT`.
    Plain(DType),
    /// Points in time of a time zone.
    Zoned(TimeUnit, Arc<str>),
    /// pandas' nullable truth values, integers and floats (`boolean`, `Int64`, `Float32`): missing is `NA`.
    Masked(DType),
    /// pandas 3's text (`str`): missing is NaN.
    Text,
    /// pandas' nullable text (`string`): missing is `NA`.
    NullableText,
    /// Categories: codes and the values that they stand for. The categories are those of the data: which they are, the
    /// dtype does not say.
    Category {
        /// What the categories are.
        of: Arc<PandasType>,
        /// Whether they have an order.
        is_ordered: bool,
    },
    /// `ArrowDtype`: missing is `NA`.
    Arrow(DataType),
    /// Any objects of Python: only pandas can work on them.
    Object,
    /// Any other dtype of pandas or of a package (`period[D]`, `Sparse[float64, nan]`), by its name: only pandas knows it.
    Other(Arc<str>),
}

impl PandasType {
    /// The Arrow type of a column of this dtype; `None` for [`PandasType::Object`], [`PandasType::Other`] and dtypes of NumPy
    /// that Arrow does not have, such as complex numbers.
    #[must_use]
    pub fn storage(&self) -> Option<DataType> {
        Some(match self {
            Self::Plain(dtype) | Self::Masked(dtype) => plain_storage(dtype)?,
            Self::Zoned(unit, zone) => DataType::Timestamp(arrow_unit(*unit)?, Some(Arc::clone(zone))),
            Self::Text | Self::NullableText => DataType::Utf8View,
            Self::Category { of, .. } => {
                DataType::Dictionary(Box::new(DataType::Int32), Box::new(of.storage()?))
            }
            Self::Arrow(storage) => storage.clone(),
            Self::Object | Self::Other(_) => return None,
        })
    }

    /// Whether a value can be missing without the dtype changing.
    #[must_use]
    pub fn can_miss(&self) -> bool {
        match self {
            Self::Plain(dtype) => !matches!(
                dtype,
                DType::Bool
                    | DType::Int8
                    | DType::Int16
                    | DType::Int32
                    | DType::Int64
                    | DType::UInt8
                    | DType::UInt16
                    | DType::UInt32
                    | DType::UInt64
            ),
            _ => true,
        }
    }

    /// Whether missing values are NaN among the floats of the column, and never Arrow's nulls.
    #[must_use]
    pub fn misses_by_nan(&self) -> bool {
        matches!(self, Self::Plain(DType::Float32 | DType::Float64))
    }

    /// The dtype as a parameter, for fragments that travel.
    #[must_use]
    pub fn to_param(&self) -> Param {
        let text = |text: &str| Param::Str(text.into());
        match self {
            Self::Category { of, is_ordered } => {
                Param::map([("of", of.to_param()), ("ordered", Param::Bool(*is_ordered))])
            }
            Self::Arrow(storage) => Param::map([("arrow", text(&storage.to_string()))]),
            Self::Other(name) => Param::map([("other", text(name))]),
            other => text(&other.to_string()),
        }
    }

    /// The dtype of a parameter that [`PandasType::to_param`] wrote.
    ///
    /// # Errors
    /// [`ErrorKind::Corrupt`] for anything else.
    pub fn from_param(param: &Param) -> Result<Self> {
        let corrupt = || ErrorKind::Corrupt(format!("{param:?} is no dtype"));
        if let Some(name) = param.as_str() {
            return Self::parse(name).ok_or_else(|| corrupt().into());
        }
        if let Some(of) = param.get("of") {
            let is_ordered = param.get("ordered") == Some(&Param::Bool(true));
            return Ok(Self::Category { of: Arc::new(Self::from_param(of)?), is_ordered });
        }
        if let Some(name) = param.get("other").and_then(Param::as_str) {
            return Ok(Self::Other(name.into()));
        }
        let storage = param.get("arrow").and_then(Param::as_str).ok_or_else(corrupt)?;
        Ok(Self::Arrow(storage.parse().map_err(|_| corrupt())?))
    }

    /// The dtype that pandas calls `name`; `None` for categories and `ArrowDtype`, whose names do not say all, and for dtypes
    /// that only pandas knows.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "object" => return Some(Self::Object),
            "str" => return Some(Self::Text),
            "string" => return Some(Self::NullableText),
            "boolean" => return Some(Self::Masked(DType::Bool)),
            _ => {}
        }
        if let Some(inner) = name.strip_prefix("datetime64[").and_then(|rest| rest.strip_suffix(']'))
            && let Some((unit, zone)) = inner.split_once(", ")
        {
            return Some(Self::Zoned(TimeUnit::from_code(unit)?, zone.into()));
        }
        if let Some(dtype) = DType::parse(name) {
            return Some(Self::Plain(dtype));
        }
        let is_masked = name.starts_with("Int") || name.starts_with("UInt") || name.starts_with("Float");
        DType::parse(&name.to_ascii_lowercase()).filter(|_| is_masked).map(Self::Masked)
    }
}

impl fmt::Display for PandasType {
    /// As pandas writes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain(dtype) => write!(f, "{dtype}"),
            Self::Zoned(unit, zone) => write!(f, "datetime64[{}, {zone}]", unit.code()),
            Self::Masked(DType::Bool) => f.write_str("boolean"),
            Self::Masked(dtype) => {
                let name = dtype.to_string();
                let n_capitals = if name.starts_with('u') { 2 } else { 1 };
                write!(f, "{}{}", name[..n_capitals].to_ascii_uppercase(), &name[n_capitals..])
            }
            Self::Text => f.write_str("str"),
            Self::NullableText => f.write_str("string"),
            Self::Category { .. } => f.write_str("category"),
            Self::Arrow(storage) => write!(f, "{storage}[pyarrow]"),
            Self::Object => f.write_str("object"),
            Self::Other(name) => f.write_str(name),
        }
    }
}

fn plain_storage(dtype: &DType) -> Option<DataType> {
    Some(match dtype {
        DType::Bool => DataType::Boolean,
        DType::Int8 => DataType::Int8,
        DType::Int16 => DataType::Int16,
        DType::Int32 => DataType::Int32,
        DType::Int64 => DataType::Int64,
        DType::UInt8 => DataType::UInt8,
        DType::UInt16 => DataType::UInt16,
        DType::UInt32 => DataType::UInt32,
        DType::UInt64 => DataType::UInt64,
        DType::Float32 => DataType::Float32,
        DType::Float64 => DataType::Float64,
        DType::Datetime(unit) => DataType::Timestamp(arrow_unit(*unit)?, None),
        DType::Timedelta(unit) => DataType::Duration(arrow_unit(*unit)?),
        _ => return None,
    })
}

fn arrow_unit(unit: TimeUnit) -> Option<ArrowUnit> {
    Some(match unit {
        TimeUnit::Second => ArrowUnit::Second,
        TimeUnit::Millisecond => ArrowUnit::Millisecond,
        TimeUnit::Microsecond => ArrowUnit::Microsecond,
        TimeUnit::Nanosecond => ArrowUnit::Nanosecond,
        TimeUnit::Day | TimeUnit::Hour | TimeUnit::Minute => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn samples() -> Vec<PandasType> {
        let mut all: Vec<_> = DType::NATIVE.into_iter().map(PandasType::Plain).collect();
        let is_real = |dtype: &DType| !matches!(dtype, DType::Complex64 | DType::Complex128);
        all.extend(DType::NATIVE.into_iter().filter(is_real).map(PandasType::Masked));
        all.extend([
            PandasType::Plain(DType::Datetime(TimeUnit::Nanosecond)),
            PandasType::Plain(DType::Timedelta(TimeUnit::Second)),
            PandasType::Zoned(TimeUnit::Microsecond, "Europe/Oslo".into()),
            PandasType::Text,
            PandasType::NullableText,
            PandasType::Object,
            PandasType::Category { of: Arc::new(PandasType::Text), is_ordered: true },
            PandasType::Arrow(DataType::Decimal128(12, 2)),
            PandasType::Arrow(DataType::Date32),
            PandasType::Other("period[D]".into()),
        ]);
        all
    }

    #[test]
    fn every_dtype_comes_back_from_its_parameter() {
        for dtype in samples() {
            assert_eq!(PandasType::from_param(&dtype.to_param()).unwrap(), dtype);
        }
        assert!(PandasType::from_param(&Param::Int(3)).is_err());
        assert!(PandasType::from_param(&Param::Str("float128".into())).is_err());
    }

    #[test]
    fn names_are_those_of_pandas() {
        let names = ["UInt8", "Int64", "Float32", "boolean", "datetime64[ns, UTC]", "timedelta64[s]", "str"];
        for name in names {
            assert_eq!(PandasType::parse(name).unwrap().to_string(), name);
        }
        assert_eq!(PandasType::parse("Datetime64[ns]"), None);
    }
}
