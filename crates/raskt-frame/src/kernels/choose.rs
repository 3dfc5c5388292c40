//! Values of a column, or others in their place.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, ArrowPrimitiveType, AsArray, BooleanArray, Scalar, new_null_array};
use arrow::compute::kernels::boolean;
use arrow::compute::kernels::zip::zip;
use arrow::datatypes::{
    DataType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type, UInt8Type, UInt16Type,
    UInt32Type, UInt64Type,
};
use raskt_core::{DType, ErrorKind, Param, Result};

use super::arguments::{Bound, Given, Method, rows};
use super::column::{Planned, Type, mask, typed_literal};
use super::promote::{fits, is_float, is_integer, number};
use crate::PandasType;
use crate::table::failed;

/// Whether a column of `dtype` has `value`, so that it need not change for it; by pandas' `can_hold_element`.
pub(super) fn holds(dtype: &PandasType, value: &Param) -> bool {
    #[allow(clippy::cast_possible_truncation, reason = "whether it is the same afterwards is what is asked")]
    let is_narrow = |value: f64| f64::from(value as f32) == value;
    match (dtype, value) {
        (PandasType::Text | PandasType::NullableText, Param::Str(_)) => true,
        (_, Param::Map(_)) => typed_literal(value).is_some_and(|(of, _)| of == *dtype),
        (_, Param::Bool(_)) => number(dtype).is_some_and(|(of, _)| of == DType::Bool),
        (_, Param::Int(value)) => number(dtype).is_some_and(|(of, _)| match of {
            DType::Float64 => value.unsigned_abs() <= 1 << 53,
            DType::Float32 => value.unsigned_abs() <= 1 << 24,
            of => is_integer(&of) && fits(&of, *value),
        }),
        (_, Param::Float(value)) if !value.is_nan() => number(dtype)
            .is_some_and(|(of, _)| of == DType::Float64 || (of == DType::Float32 && is_narrow(*value))),
        _ => false,
    }
}

/// The kernels of `where(cond, other)` and of `mask(cond, other)`.
pub(super) fn plan(method: &Method<'_>) -> Option<Planned> {
    let dtype = method.on.dtype()?.clone();
    let kept = dtype.storage().filter(|_| is_simple(&dtype))?;
    let [cond, other] = method.bind(["cond", "other"])?;
    let is_truth = |kind: Type<'_>| matches!(kind, Type::Column(PandasType::Plain(DType::Bool)));
    if !cond.kind().is_some_and(is_truth) || !replaces(&dtype, other) {
        return None;
    }
    let (cond, other) = (cond.given()?, other.given().filter(|other| !is_missing(other)));
    let is_mask = method.name == "mask";
    Some(Planned::new(dtype, move |columns| {
        let own = rows(columns)?;
        let cond = cond.of(columns)?;
        let keeps: BooleanArray = match is_mask {
            true => boolean::not(mask(cond.rows()?)?).map_err(failed)?,
            false => mask(cond.rows()?)?.clone(),
        };
        chosen(&keeps, own, other.as_ref().map(|other| other.of(columns)).transpose()?.as_deref(), &kept)
    }))
}

/// Dtypes whose arrays can be put together value by value.
fn is_simple(dtype: &PandasType) -> bool {
    let is_time = matches!(dtype, PandasType::Plain(DType::Datetime(_) | DType::Timedelta(_)));
    number(dtype).is_some() || is_time || matches!(dtype, PandasType::Text | PandasType::NullableText)
}

fn is_missing(other: &Given) -> bool {
    matches!(other, Given::Literal(Param::Float(value)) if value.is_nan())
}

/// Whether `other` can stand among values of `dtype`; whole numbers beside missing ones become floats.
fn replaces(dtype: &PandasType, other: Bound<'_>) -> bool {
    match other {
        Bound::Default => *dtype != PandasType::Plain(DType::Bool),
        Bound::Keyword(Param::Float(value)) if value.is_nan() => {
            matches!(dtype, PandasType::Plain(of) if is_float(of) || is_integer(of))
                || *dtype == PandasType::Text
        }
        Bound::Keyword(value) => holds(dtype, value),
        Bound::Operand(_, kind) => kind.dtype() == Some(dtype),
    }
}

/// The rows of `own` that `keeps` is true for, and `other` in the place of the rest.
fn chosen(
    keeps: &BooleanArray,
    own: &ArrayRef,
    other: Option<&super::Column>,
    kept: &DataType,
) -> Result<ArrayRef> {
    if keeps.true_count() == own.len() {
        return Ok(Arc::clone(own));
    }
    match other {
        None => zip(keeps, own, &Scalar::new(new_null_array(kept, 1))).map_err(failed),
        Some(other) => {
            let side = other.side(kept)?;
            match side.is_scalar {
                true => zip(keeps, own, &Scalar::new(side.array)).map_err(failed),
                false => zip(keeps, own, &side.array).map_err(failed),
            }
        }
    }
}

/// The kernel of `clip(lower, upper)` with numbers.
pub(super) fn plan_clip(method: &Method<'_>) -> Option<Planned> {
    let dtype = method.on.dtype()?.clone();
    let (of, _) = number(&dtype).filter(|(of, _)| *of != DType::Bool)?;
    let [lower, upper] = method.bind(["lower", "upper"])?;
    let (lower, upper) = (limit(lower)?, limit(upper)?);
    let (lower, upper) = match (lower, upper) {
        (Some(lower), Some(upper)) if upper.as_float()? < lower.as_float()? => (Some(upper), Some(lower)),
        limits => limits,
    };
    let lower = effective(&dtype, &of, lower, true)?;
    let upper = effective(&dtype, &of, upper, false)?;
    let kept = dtype.storage()?;
    Some(Planned::new(dtype, move |columns| {
        let own = rows(columns)?;
        let value = |limit: &Option<Param>| {
            limit.as_ref().map(|limit| super::Column::Literal(limit.clone()).side(&kept)).transpose()
        };
        let (lower, upper) = (value(&lower)?, value(&upper)?);
        clipped(own, lower.as_ref().map(|side| &side.array), upper.as_ref().map(|side| &side.array))
    }))
}

/// The limit, if it is one: missing ones limit nothing.
fn limit(bound: Bound<'_>) -> Option<Option<Param>> {
    match bound {
        Bound::Default | Bound::Keyword(Param::Null) => Some(None),
        Bound::Keyword(Param::Float(value)) if value.is_nan() => Some(None),
        Bound::Keyword(value @ (Param::Int(_) | Param::Float(_))) => Some(Some(value.clone())),
        Bound::Keyword(_) | Bound::Operand(..) => None,
    }
}

/// The limit as a value of the dtype; none where every value lies within it. `None` where values would become wider.
fn effective(dtype: &PandasType, of: &DType, limit: Option<Param>, is_lower: bool) -> Option<Option<Param>> {
    let Some(value) = limit else { return Some(None) };
    if holds(dtype, &value) {
        return Some(Some(value));
    }
    // An integer that the dtype does not have is beyond its end, on the one side or on the other.
    let is_beyond = is_integer(of) && value.as_int().is_some_and(|value| (value < 0) == is_lower);
    is_beyond.then_some(None)
}

fn clipped(array: &ArrayRef, lower: Option<&ArrayRef>, upper: Option<&ArrayRef>) -> Result<ArrayRef> {
    fn all<T: ArrowPrimitiveType>(
        array: &ArrayRef,
        lower: Option<&ArrayRef>,
        upper: Option<&ArrayRef>,
    ) -> ArrayRef
    where
        T::Native: PartialOrd,
    {
        let limit = |limit: Option<&ArrayRef>| limit.map(|limit| limit.as_primitive::<T>().value(0));
        let (lower, upper) = (limit(lower), limit(upper));
        Arc::new(array.as_primitive::<T>().unary::<_, T>(|value| {
            let value = match lower {
                Some(lower) if value < lower => lower,
                _ => value,
            };
            match upper {
                Some(upper) if value > upper => upper,
                _ => value,
            }
        }))
    }
    Ok(match array.data_type() {
        DataType::Int8 => all::<Int8Type>(array, lower, upper),
        DataType::Int16 => all::<Int16Type>(array, lower, upper),
        DataType::Int32 => all::<Int32Type>(array, lower, upper),
        DataType::Int64 => all::<Int64Type>(array, lower, upper),
        DataType::UInt8 => all::<UInt8Type>(array, lower, upper),
        DataType::UInt16 => all::<UInt16Type>(array, lower, upper),
        DataType::UInt32 => all::<UInt32Type>(array, lower, upper),
        DataType::UInt64 => all::<UInt64Type>(array, lower, upper),
        DataType::Float32 => all::<Float32Type>(array, lower, upper),
        DataType::Float64 => all::<Float64Type>(array, lower, upper),
        other => {
            return Err(ErrorKind::WrongType { expected: "numbers", found: other.to_string() }.into());
        }
    })
}
