//! Arithmetic of numbers, points in time and spans of time.
//!
//! Whole numbers wrap. What pandas decides by looking at the values (whole numbers divided by a column that may have a zero)
//! is left to pandas.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, ArrowPrimitiveType, AsArray, BooleanArray, PrimitiveArray, downcast_integer_array,
    make_array, new_null_array,
};
use arrow::compute;
use arrow::compute::kernels::{arity, numeric};
use arrow::datatypes::{
    ArrowNativeTypeOp, DataType, Float32Type, Float64Type, Int8Type, Int16Type, Int32Type, Int64Type,
    UInt8Type, UInt16Type, UInt32Type, UInt64Type,
};
use raskt_core::{DType, ErrorKind, Param, Result};

use super::column::{Planned, Side, Type, typed_literal};
use super::promote::{Flavour, is_integer, number, storage, working};
use crate::PandasType;
use crate::table::failed;

/// What is done to two numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Op {
    Add,
    Subtract,
    Multiply,
    Divide,
    FloorDivide,
    Modulo,
    Power,
}

/// The operation that pandas calls `name`, and whether its operands are the other way round.
fn parse(name: &str) -> Option<(Op, bool)> {
    let op = |name: &str| {
        Some(match name {
            "add" => Op::Add,
            "sub" | "subtract" => Op::Subtract,
            "mul" | "multiply" => Op::Multiply,
            "truediv" | "div" | "divide" => Op::Divide,
            "floordiv" => Op::FloorDivide,
            "mod" => Op::Modulo,
            "pow" => Op::Power,
            _ => return None,
        })
    };
    match op(name) {
        Some(found) => Some((found, false)),
        None => Some((op(name.strip_prefix('r')?)?, true)),
    }
}

/// The kernel of an operator.
pub(super) fn plan(name: &str, left: &Type<'_>, right: &Type<'_>) -> Option<Planned> {
    let (op, is_reflected) = parse(name)?;
    let (first, second) = if is_reflected { (*right, *left) } else { (*left, *right) };
    let plan = plan_numbers(op, first, second).or_else(|| plan_times(op, first, second))?;
    Some(match is_reflected {
        false => plan,
        true => Planned::new(plan.dtype.clone(), move |columns| match columns {
            [left, right] => plan.values(&[right.clone(), left.clone()]).map(|(_, array)| array),
            other => plan.values(other).map(|(_, array)| array),
        }),
    })
}

fn plan_numbers(op: Op, left: Type<'_>, right: Type<'_>) -> Option<Planned> {
    let (met, flavour) = working(left, right)?;
    let work = match op {
        _ if met == DType::Bool => return None,
        Op::Divide if is_integer(&met) => DType::Float64,
        Op::FloorDivide | Op::Modulo if is_integer(&met) && !is_nonzero(right) => return None,
        // A truth value is of `int8` where it is raised to a power.
        Op::Power if !is_known_power(&met, right) || is_bool(left) => return None,
        _ => met,
    };
    let kept = storage(&work)?;
    let is_whole = is_integer(&work);
    Some(Planned::new(flavour.of(work), move |columns| {
        let [left, right] = columns else { return Err(operands(columns.len())) };
        let (left, right) = (left.side(&kept)?, right.side(&kept)?);
        match (op, is_whole) {
            (Op::Add, true) => left.with(&right, numeric::add_wrapping),
            (Op::Subtract, true) => left.with(&right, numeric::sub_wrapping),
            (Op::Multiply, true) => left.with(&right, numeric::mul_wrapping),
            (_, true) => whole(op, &left, &right),
            (_, false) if kept == DataType::Float32 => {
                without_nan(floats::<Float32Type>(op, &left, &right)?, flavour)
            }
            (_, false) => without_nan(floats::<Float64Type>(op, &left, &right)?, flavour),
        }
    }))
}

/// NaN is `NA` among nullable floats.
fn without_nan(array: ArrayRef, flavour: Flavour) -> Result<ArrayRef> {
    let is_nan = match array.data_type() {
        _ if flavour == Flavour::Plain => return Ok(array),
        DataType::Float32 => BooleanArray::from_unary(array.as_primitive::<Float32Type>(), f32::is_nan),
        _ => BooleanArray::from_unary(array.as_primitive::<Float64Type>(), f64::is_nan),
    };
    match is_nan.true_count() {
        0 => Ok(array),
        _ => compute::nullif(&array, &is_nan).map_err(failed),
    }
}

fn operands(n: usize) -> raskt_core::Error {
    ErrorKind::InvalidGraph(format!("a kernel got {n} operands")).into()
}

fn is_nonzero(divisor: Type<'_>) -> bool {
    matches!(divisor, Type::Literal(Param::Int(value)) if *value != 0)
}

fn is_bool(side: Type<'_>) -> bool {
    side.dtype().and_then(number).is_some_and(|(dtype, _)| dtype == DType::Bool)
}

/// Powers whose results do not depend on the platform's library: squares of floats, and whole powers of whole numbers. Of
/// power 0 are missing values, too.
fn is_known_power(dtype: &DType, exponent: Type<'_>) -> bool {
    match exponent {
        Type::Literal(Param::Int(2)) => true,
        Type::Literal(Param::Int(n)) => is_integer(dtype) && (1..64).contains(n),
        _ => false,
    }
}

/// `f` of all pairs; of a scalar and all values.
pub(super) fn pairs<T: ArrowPrimitiveType, O: ArrowPrimitiveType>(
    left: &Side,
    right: &Side,
    f: impl Fn(T::Native, T::Native) -> O::Native,
) -> Result<ArrayRef> {
    let (a, b) = (left.array.as_primitive::<T>(), right.array.as_primitive::<T>());
    let n_rows = if left.is_scalar { b.len() } else { a.len() };
    let result: PrimitiveArray<O> = match (left.is_scalar, right.is_scalar) {
        (true, _) if a.is_null(0) => return Ok(new_null_array(&O::DATA_TYPE, n_rows)),
        (_, true) if b.is_null(0) => return Ok(new_null_array(&O::DATA_TYPE, n_rows)),
        (false, true) => {
            let b = b.value(0);
            a.unary(|a| f(a, b))
        }
        (true, false) => {
            let a = a.value(0);
            b.unary(|b| f(a, b))
        }
        (_, _) => arity::binary(a, b, f).map_err(failed)?,
    };
    Ok(Arc::new(result))
}

fn floats<T: ArrowPrimitiveType>(op: Op, left: &Side, right: &Side) -> Result<ArrayRef>
where
    T::Native: Real,
{
    match op {
        Op::Add => pairs::<T, T>(left, right, |a, b| a.add_wrapping(b)),
        Op::Subtract => pairs::<T, T>(left, right, |a, b| a.sub_wrapping(b)),
        Op::Multiply => pairs::<T, T>(left, right, |a, b| a.mul_wrapping(b)),
        Op::Divide => pairs::<T, T>(left, right, |a, b| a.div_wrapping(b)),
        Op::FloorDivide => pairs::<T, T>(left, right, |a, b| a.floor_divided(b).0),
        Op::Modulo => pairs::<T, T>(left, right, |a, b| a.floor_divided(b).1),
        // The only power that is planned for floats.
        Op::Power => pairs::<T, T>(left, right, |a, _| a.mul_wrapping(a)),
    }
}

/// Floats, as Python divides them.
trait Real: ArrowNativeTypeOp {
    /// The quotient rounded down, and what remains, of the divisor's sign; NumPy's `npy_divmod`.
    fn floor_divided(self, divisor: Self) -> (Self, Self);
}

macro_rules! real {
    ($float:ty) => {
        impl Real for $float {
            fn floor_divided(self, divisor: Self) -> (Self, Self) {
                let mut rest = self % divisor;
                if divisor == 0.0 {
                    return (self / divisor, rest);
                }
                let mut quotient = (self - rest) / divisor;
                if rest == 0.0 {
                    rest = (0.0 as $float).copysign(divisor);
                } else if (divisor < 0.0) != (rest < 0.0) {
                    rest += divisor;
                    quotient -= 1.0;
                }
                if quotient == 0.0 {
                    return ((0.0 as $float).copysign(self / divisor), rest);
                }
                let floor = quotient.floor();
                (if quotient - floor > 0.5 { floor + 1.0 } else { floor }, rest)
            }
        }
    };
}

real!(f32);
real!(f64);

/// Whole numbers, divided by a number that is not 0, or raised to a power.
fn whole(op: Op, left: &Side, right: &Side) -> Result<ArrayRef> {
    macro_rules! by_type {
        ($($data:pat => $kind:ty;)*) => {
            match left.array.data_type() {
                $($data => match op {
                    Op::FloorDivide => pairs::<$kind, $kind>(left, right, |a, b| {
                        let (quotient, rest) = (a.wrapping_div(b), a.wrapping_rem(b));
                        if rest != 0 && (rest > 0) != (b > 0) { quotient.wrapping_sub(1) } else { quotient }
                    }),
                    Op::Modulo => pairs::<$kind, $kind>(left, right, |a, b| {
                        let rest = a.wrapping_rem(b);
                        if rest != 0 && (rest > 0) != (b > 0) { rest.wrapping_add(b) } else { rest }
                    }),
                    _ => pairs::<$kind, $kind>(left, right, |a, b| {
                        a.wrapping_pow(u32::try_from(b).unwrap_or(0))
                    }),
                },)*
                other => Err(ErrorKind::WrongType { expected: "whole numbers", found: other.to_string() }.into()),
            }
        };
    }
    by_type! {
        DataType::Int8 => Int8Type;
        DataType::Int16 => Int16Type;
        DataType::Int32 => Int32Type;
        DataType::Int64 => Int64Type;
        DataType::UInt8 => UInt8Type;
        DataType::UInt16 => UInt16Type;
        DataType::UInt32 => UInt32Type;
        DataType::UInt64 => UInt64Type;
    }
}

/// The dtype of a point in time or of a span, whether it is a literal or not.
pub(super) fn time(side: Type<'_>) -> Option<PandasType> {
    let dtype = match side {
        Type::Literal(value) => typed_literal(value)?.0,
        Type::Column(dtype) | Type::Scalar(dtype) => dtype.clone(),
    };
    let is_time =
        matches!(dtype, PandasType::Zoned(..) | PandasType::Plain(DType::Datetime(_) | DType::Timedelta(_)));
    is_time.then_some(dtype)
}

/// Sums and differences of one unit.
fn plan_times(op: Op, left: Type<'_>, right: Type<'_>) -> Option<Planned> {
    use PandasType::{Plain, Zoned};
    let (a, b) = (time(left)?, time(right)?);
    let unit = |dtype: &PandasType| match dtype {
        Plain(DType::Datetime(unit) | DType::Timedelta(unit)) | Zoned(unit, _) => Some(*unit),
        _ => None,
    };
    let unit_of_both = unit(&a).filter(|of_a| unit(&b) == Some(*of_a))?;
    let is_span = |dtype: &PandasType| matches!(dtype, Plain(DType::Timedelta(_)));
    let dtype = match op {
        Op::Add | Op::Subtract if is_span(&b) => a.clone(),
        Op::Add if is_span(&a) => b.clone(),
        // Differences across the changes of summer time are of points in time, as Arrow has them.
        Op::Subtract if a == b => Plain(DType::Timedelta(unit_of_both)),
        _ => return None,
    };
    let (kept_a, kept_b, kept) = (a.storage()?, b.storage()?, dtype.storage()?);
    Some(Planned::new(dtype, move |columns| {
        let [left, right] = columns else { return Err(operands(columns.len())) };
        let (left, right) = (without_zone(left.side(&kept_a)?)?, without_zone(right.side(&kept_b)?)?);
        let times = match op {
            Op::Subtract => left.with(&right, numeric::sub),
            _ => left.with(&right, numeric::add),
        }?;
        retyped(&times, &kept)
    }))
}

/// The same points in time, of no zone: Arrow's arithmetic would look into a table of time zones.
fn without_zone(side: Side) -> Result<Side> {
    match side.array.data_type() {
        DataType::Timestamp(unit, Some(_)) => {
            Ok(Side { array: retyped(&side.array, &DataType::Timestamp(*unit, None))?, ..side })
        }
        _ => Ok(side),
    }
}

/// The same bits as values of another type of their width.
fn retyped(array: &ArrayRef, to: &DataType) -> Result<ArrayRef> {
    let data = array.to_data().into_builder().data_type(to.clone()).build().map_err(failed)?;
    Ok(make_array(data))
}

/// `-x`, `+x`, `abs(x)` and `~x` of numbers.
pub(super) fn plan_unary(name: &str, operand: &Type<'_>) -> Option<Planned> {
    let (dtype, flavour) = number(operand.dtype()?)?;
    let result = flavour.of(dtype.clone());
    if dtype == DType::Bool {
        return (name == "abs").then(|| Planned::new(result, |columns| first(columns).cloned()));
    }
    Some(match name {
        "pos" => Planned::new(result, |columns| first(columns).cloned()),
        "invert" if is_integer(&dtype) => Planned::new(result, |columns| inverted(first(columns)?)),
        "neg" => Planned::new(result, |columns| numeric::neg_wrapping(first(columns)?).map_err(failed)),
        "abs" => Planned::new(result, |columns| absolute(first(columns)?)),
        _ => return None,
    })
}

fn first(columns: &[super::Column]) -> Result<&ArrayRef> {
    columns.first().ok_or_else(|| operands(0))?.rows()
}

/// The other bits.
fn inverted(array: &ArrayRef) -> Result<ArrayRef> {
    let values = array.as_ref();
    downcast_integer_array!(
        values => Ok(Arc::new(bits_inverted(values))),
        _ => Err(ErrorKind::WrongType { expected: "whole numbers", found: values.data_type().to_string() }.into())
    )
}

fn bits_inverted<T: ArrowPrimitiveType>(values: &PrimitiveArray<T>) -> PrimitiveArray<T>
where
    T::Native: std::ops::Not<Output = T::Native>,
{
    values.unary(|value| !value)
}

fn absolute(array: &ArrayRef) -> Result<ArrayRef> {
    macro_rules! by_type {
        ($($data:pat => $kind:ty, $f:expr;)*) => {
            match array.data_type() {
                $($data => Ok(Arc::new(array.as_primitive::<$kind>().unary::<_, $kind>($f))),)*
                // Numbers without a sign.
                _ => Ok(Arc::clone(array)),
            }
        };
    }
    by_type! {
        DataType::Int8 => Int8Type, i8::wrapping_abs;
        DataType::Int16 => Int16Type, i16::wrapping_abs;
        DataType::Int32 => Int32Type, i32::wrapping_abs;
        DataType::Int64 => Int64Type, i64::wrapping_abs;
        DataType::Float32 => Float32Type, f32::abs;
        DataType::Float64 => Float64Type, f64::abs;
    }
}
