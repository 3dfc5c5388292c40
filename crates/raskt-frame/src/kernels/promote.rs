//! In which dtype two operands meet: NumPy's rules, in which values of Python's are weak.

use arrow::datatypes::DataType;
use raskt_core::{DType, Param};

use super::Type;
use crate::PandasType;

/// How missing values of numbers are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flavour {
    /// As NaN, or not at all.
    Plain,
    /// As `NA`, beside the values.
    Masked,
}

impl Flavour {
    /// The dtype of pandas.
    #[must_use]
    pub fn of(self, dtype: DType) -> PandasType {
        match self {
            Self::Plain => PandasType::Plain(dtype),
            Self::Masked => PandasType::Masked(dtype),
        }
    }
}

/// A dtype of numbers or truth values.
#[must_use]
pub fn number(dtype: &PandasType) -> Option<(DType, Flavour)> {
    match dtype {
        PandasType::Plain(dtype) if rank(dtype).is_some() => Some((dtype.clone(), Flavour::Plain)),
        PandasType::Masked(dtype) => Some((dtype.clone(), Flavour::Masked)),
        _ => None,
    }
}

/// The storage of a dtype of numbers.
#[must_use]
pub fn storage(dtype: &DType) -> Option<DataType> {
    PandasType::Plain(dtype.clone()).storage()
}

/// Kind and width: truth values 0, unsigned 1, signed 2, floats 3.
fn rank(dtype: &DType) -> Option<(u8, u8)> {
    Some(match dtype {
        DType::Bool => (0, 1),
        DType::UInt8 => (1, 1),
        DType::UInt16 => (1, 2),
        DType::UInt32 => (1, 4),
        DType::UInt64 => (1, 8),
        DType::Int8 => (2, 1),
        DType::Int16 => (2, 2),
        DType::Int32 => (2, 4),
        DType::Int64 => (2, 8),
        DType::Float32 => (3, 4),
        DType::Float64 => (3, 8),
        _ => return None,
    })
}

/// Whether a dtype is of whole numbers.
#[must_use]
pub fn is_integer(dtype: &DType) -> bool {
    rank(dtype).is_some_and(|(kind, _)| kind == 1 || kind == 2)
}

/// Whether a dtype is of floats.
#[must_use]
pub fn is_float(dtype: &DType) -> bool {
    rank(dtype).is_some_and(|(kind, _)| kind == 3)
}

/// The dtype to which NumPy promotes both.
#[must_use]
pub fn promoted(a: &DType, b: &DType) -> Option<DType> {
    let ((kind_a, width_a), (kind_b, width_b)) = (rank(a)?, rank(b)?);
    let (low, high) = if kind_a <= kind_b { ((kind_a, width_a), b) } else { ((kind_b, width_b), a) };
    let (kind, width) = rank(high)?;
    Some(match (low.0, kind) {
        (0, _) => high.clone(),
        (from, to) if from == to => {
            if width_a >= width_b {
                a.clone()
            } else {
                b.clone()
            }
        }
        (1, 2) => match low.1.saturating_mul(2).max(width) {
            2 => DType::Int16,
            4 => DType::Int32,
            8 => DType::Int64,
            _ => DType::Float64,
        },
        (_, 3) if width == 4 && low.1 <= 2 => DType::Float32,
        _ => DType::Float64,
    })
}

/// The dtype in which two numbers meet; `None` where one is none, or a literal does not fit.
#[must_use]
pub fn meeting(left: Type<'_>, right: Type<'_>) -> Option<(DType, Flavour)> {
    if let Some((column, scalar)) = beside_scalar(left, right)
        && !takes_missing(column, scalar)
    {
        return None;
    }
    match (left.dtype(), right.dtype()) {
        (Some(left), Some(right)) => {
            let ((a, flavour_a), (b, flavour_b)) = (number(left)?, number(right)?);
            let flavour = if flavour_a == Flavour::Plain { flavour_b } else { flavour_a };
            Some((promoted(&a, &b)?, flavour))
        }
        (Some(dtype), None) => weak(dtype, right),
        (None, Some(dtype)) => weak(dtype, left),
        (None, None) => None,
    }
}

/// The dtype of arithmetic with two numbers: pandas takes a scalar beside a column as a value of Python's.
///
/// `None`, too, where it depends on the value whether the dtype of the column has it.
#[must_use]
pub fn working(left: Type<'_>, right: Type<'_>) -> Option<(DType, Flavour)> {
    let Some((column, scalar)) = beside_scalar(left, right) else { return meeting(left, right) };
    let ((own, flavour), (other, _)) = (number(column)?, number(scalar)?);
    let met = match () {
        () if is_float(&own) => own,
        () if is_float(&other) => DType::Float64,
        () => Some(own).filter(|own| promoted(own, &other).as_ref() == Some(own))?,
    };
    takes_missing(column, scalar).then_some((met, flavour))
}

/// The dtypes of a column and of a scalar beside it.
fn beside_scalar<'a>(left: Type<'a>, right: Type<'a>) -> Option<(&'a PandasType, &'a PandasType)> {
    match (left, right) {
        (Type::Column(column), Type::Scalar(scalar)) | (Type::Scalar(scalar), Type::Column(column)) => {
            Some((column, scalar))
        }
        _ => None,
    }
}

/// Whether a column has `NA` where `scalar` may be that: pandas makes objects of other columns then.
fn takes_missing(column: &PandasType, scalar: &PandasType) -> bool {
    matches!(column, PandasType::Masked(_)) || !matches!(scalar, PandasType::Masked(_))
}

fn weak(dtype: &PandasType, literal: Type<'_>) -> Option<(DType, Flavour)> {
    let Type::Literal(value) = literal else { return None };
    let (dtype, flavour) = number(dtype)?;
    let met = match value {
        Param::Bool(_) => dtype,
        Param::Int(_) if dtype == DType::Bool => DType::Int64,
        Param::Int(value) if is_integer(&dtype) => Some(dtype).filter(|dtype| fits(dtype, *value))?,
        Param::Int(_) => dtype,
        Param::Float(_) if is_float(&dtype) => dtype,
        Param::Float(_) => DType::Float64,
        _ => return None,
    };
    Some((met, flavour))
}

/// Whether a dtype of whole numbers has `value`.
pub(super) fn fits(dtype: &DType, value: i64) -> bool {
    match dtype {
        DType::Int8 => i8::try_from(value).is_ok(),
        DType::Int16 => i16::try_from(value).is_ok(),
        DType::Int32 => i32::try_from(value).is_ok(),
        DType::Int64 => true,
        DType::UInt8 => u8::try_from(value).is_ok(),
        DType::UInt16 => u16::try_from(value).is_ok(),
        DType::UInt32 => u32::try_from(value).is_ok(),
        DType::UInt64 => u64::try_from(value).is_ok(),
        _ => false,
    }
}
