//! Comparisons.
//!
//! A missing value of NumPy's kind (NaN, `NaT`, a missing text) equals nothing, itself included; one that is `NA` makes the
//! result `NA`. Floats are compared as IEEE 754 says.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, new_null_array};
use arrow::buffer::{BooleanBuffer, NullBuffer};
use arrow::compute::kernels::cmp;
use arrow::datatypes::{ArrowPrimitiveType, DataType, Float32Type, Float64Type};
use raskt_core::{DType, ErrorKind, Param, Result};

use super::arithmetic::time;
use super::column::{Column, Planned, Side, Type};
use super::promote::{is_integer, meeting, number, storage};
use super::times::as_time_of;
use crate::PandasType;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Op {
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
}

/// The kernel of a comparison.
pub(super) fn plan(name: &str, left: &Type<'_>, right: &Type<'_>) -> Option<Planned> {
    let op = match name {
        "eq" => Op::Equal,
        "ne" => Op::NotEqual,
        "lt" => Op::Less,
        "le" => Op::LessEqual,
        "gt" => Op::Greater,
        "ge" => Op::GreaterEqual,
        _ => return None,
    };
    // A literal beside times is one of them, in the unit of the column.
    let timed = |side: &Type<'_>, other: &Type<'_>| match (side, other) {
        (Type::Literal(value), Type::Column(dtype) | Type::Scalar(dtype)) => as_time_of(value, dtype),
        _ => None,
    };
    let times = [timed(left, right), timed(right, left)];
    let met = [left, right].map(|side| *side);
    let [left, right] = [0, 1].map(|at| times[at].as_ref().map_or(met[at], Type::Literal));
    let (kept, result) = meet(left, right)?;
    let is_missing_unequal = result == PandasType::Plain(DType::Bool);
    Some(Planned::new(result, move |columns| {
        let [left, right] = columns else {
            return Err(ErrorKind::InvalidGraph("a comparison of anything but two".to_owned()).into());
        };
        let side = |column: &Column, time: &Option<Param>| match time {
            Some(time) => Column::Literal(time.clone()).side(&kept),
            None => column.side(&kept),
        };
        let compared = run(op, &side(left, &times[0])?, &side(right, &times[1])?)?;
        Ok(Arc::new(match is_missing_unequal {
            true => without_nulls(&compared, op == Op::NotEqual),
            false => compared,
        }))
    }))
}

/// In which storage both are compared, and what the result is.
fn meet(left: Type<'_>, right: Type<'_>) -> Option<(DataType, PandasType)> {
    if let Some((met, flavour)) = meeting(left, right) {
        let integers =
            |side: Type<'_>| side.dtype().and_then(number).is_some_and(|(dtype, _)| is_integer(&dtype));
        // Whole numbers that meet in floats are compared exactly, by pandas.
        let is_exact = is_integer(&met) || met == DType::Bool || !(integers(left) && integers(right));
        return is_exact.then(|| Some((storage(&met)?, flavour.of(DType::Bool))))?;
    }
    if let (Some(a), Some(b)) = (time(left), time(right)) {
        let is_same = a == b;
        return is_same.then(|| Some((a.storage()?, PandasType::Plain(DType::Bool))))?;
    }
    let text = |side: Type<'_>| match side {
        Type::Literal(Param::Str(_)) => Some(None),
        Type::Column(dtype) | Type::Scalar(dtype) => match dtype {
            PandasType::Text => Some(Some(PandasType::Plain(DType::Bool))),
            // pandas compares nullable texts in Arrow, and leaves the result there.
            PandasType::NullableText => Some(Some(PandasType::Arrow(DataType::Boolean))),
            _ => None,
        },
        Type::Literal(_) => None,
    };
    let result = match (text(left)?, text(right)?) {
        (Some(a), Some(b)) if a == b => a,
        (Some(one), None) | (None, Some(one)) => one,
        _ => return None,
    };
    Some((DataType::Utf8View, result))
}

fn run(op: Op, left: &Side, right: &Side) -> Result<BooleanArray> {
    match left.array.data_type() {
        DataType::Float64 => floats::<Float64Type>(op, left, right),
        DataType::Float32 => floats::<Float32Type>(op, left, right),
        _ => left.with(
            right,
            match op {
                Op::Equal => cmp::eq,
                Op::NotEqual => cmp::neq,
                Op::Less => cmp::lt,
                Op::LessEqual => cmp::lt_eq,
                Op::Greater => cmp::gt,
                Op::GreaterEqual => cmp::gt_eq,
            },
        ),
    }
}

/// Arrow's own comparison orders NaN and the two zeros.
fn floats<T: ArrowPrimitiveType>(op: Op, left: &Side, right: &Side) -> Result<BooleanArray>
where
    T::Native: PartialOrd,
{
    match op {
        Op::Equal => pairs::<T>(left, right, |a, b| a == b),
        Op::NotEqual => pairs::<T>(left, right, |a, b| a != b),
        Op::Less => pairs::<T>(left, right, |a, b| a < b),
        Op::LessEqual => pairs::<T>(left, right, |a, b| a <= b),
        Op::Greater => pairs::<T>(left, right, |a, b| a > b),
        Op::GreaterEqual => pairs::<T>(left, right, |a, b| a >= b),
    }
}

fn pairs<T: ArrowPrimitiveType>(
    left: &Side,
    right: &Side,
    is: impl Fn(T::Native, T::Native) -> bool,
) -> Result<BooleanArray> {
    let (a, b) = (left.array.as_primitive::<T>(), right.array.as_primitive::<T>());
    let n_rows = if left.is_scalar { b.len() } else { a.len() };
    let is_null = |side: &Side| side.is_scalar && side.array.is_null(0);
    if is_null(left) || is_null(right) {
        return Ok(new_null_array(&DataType::Boolean, n_rows).as_boolean().clone());
    }
    let (x, y) = (a.values(), b.values());
    let bits = match (left.is_scalar, right.is_scalar) {
        (false, true) => BooleanBuffer::collect_bool(n_rows, |row| is(x[row], y[0])),
        (true, false) => BooleanBuffer::collect_bool(n_rows, |row| is(x[0], y[row])),
        (_, _) if a.len() == b.len() => BooleanBuffer::collect_bool(n_rows, |row| is(x[row], y[row])),
        (_, _) => {
            let what = format!("columns of {} and {} rows", a.len(), b.len());
            return Err(ErrorKind::InvalidValue(what).into());
        }
    };
    let nulls = |side: &Side| if side.is_scalar { None } else { side.array.nulls().cloned() };
    Ok(BooleanArray::new(bits, NullBuffer::union(nulls(left).as_ref(), nulls(right).as_ref())))
}

/// The truth values, with `filler` where there is none.
pub(super) fn without_nulls(array: &BooleanArray, filler: bool) -> BooleanArray {
    match array.nulls() {
        None => array.clone(),
        Some(nulls) if filler => BooleanArray::new(array.values() | &!nulls.inner(), None),
        Some(nulls) => BooleanArray::new(array.values() & nulls.inner(), None),
    }
}

/// Truth values as a column.
pub(super) fn truths(bits: BooleanBuffer) -> ArrayRef {
    Arc::new(BooleanArray::new(bits, None))
}
