//! Datetimes and timedeltas: their promotion, and the loops that ufuncs have for them.

use raskt_core::DType::{self, Datetime, Timedelta};

use super::code::{Code, Kind};
use super::promotion::{Operand, Weak, promote_types};
use super::resolve::Loop;
use super::ufunc::Ufunc;

/// The common dtype where at least one is a time; the finer unit of two.
pub(super) fn promote(a: &DType, b: &DType) -> Option<DType> {
    match (a, b) {
        (Datetime(x), Datetime(y)) => Some(Datetime(*x.max(y))),
        (Timedelta(x), Timedelta(y)) => Some(Timedelta(*x.max(y))),
        (Datetime(x), Timedelta(y)) | (Timedelta(y), Datetime(x)) => Some(Datetime(*x.max(y))),
        (Timedelta(unit), other) | (other, Timedelta(unit)) => {
            let is_fitting = |code: &Code| code.kind() <= Kind::Signed && *code != Code('L');
            Code::of(other).filter(is_fitting).map(|_| Timedelta(*unit))
        }
        _ => None,
    }
}

/// The common dtype of a time and a Python number.
pub(super) fn promote_weak(time: &DType, weak: Weak) -> Option<DType> {
    match (time, weak) {
        (Timedelta(unit), Weak::Int) => Some(Timedelta(*unit)),
        _ => None,
    }
}

/// What an operand is to a ufunc that knows times.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Datetime,
    Timedelta,
    /// An integer or a truth value.
    Integer,
    Float,
    Other,
}

fn side(operand: &Operand) -> Side {
    match operand {
        Operand::Typed(Datetime(_)) => Side::Datetime,
        Operand::Typed(Timedelta(_)) => Side::Timedelta,
        Operand::Weak(Weak::Int) => Side::Integer,
        Operand::Weak(Weak::Float) => Side::Float,
        Operand::Typed(dtype) => match Code::of(dtype).map(Code::kind) {
            Some(Kind::Bool | Kind::Unsigned | Kind::Signed) => Side::Integer,
            Some(Kind::Float) => Side::Float,
            _ => Side::Other,
        },
        Operand::Weak(Weak::Complex) => Side::Other,
    }
}

/// The loop of a ufunc with a time among its operands.
pub(super) fn resolve(ufunc: Ufunc, operands: &[Operand]) -> Option<Loop> {
    if matches!(ufunc, Ufunc::LogicalAnd | Ufunc::LogicalOr | Ufunc::LogicalXor) {
        return Some(Loop { inputs: vec![DType::Bool; operands.len()], output: DType::Bool });
    }
    match operands {
        [Operand::Typed(time)] => unary(ufunc, time),
        [a, b] => binary(ufunc, a, b),
        _ => uniform(operands, None),
    }
}

fn unary(ufunc: Ufunc, time: &DType) -> Option<Loop> {
    use Ufunc::{Absolute, Isfinite, Isinf, Isnan, Isnat, Negative, Positive, Sign};
    let output = match ufunc {
        Absolute | Negative | Positive | Sign if matches!(time, Timedelta(_)) => time.clone(),
        Isfinite | Isinf | Isnan | Isnat => DType::Bool,
        _ => return None,
    };
    Some(Loop { inputs: vec![time.clone()], output })
}

/// All operands cast to their common dtype.
fn uniform(operands: &[Operand], output: Option<DType>) -> Option<Loop> {
    let common = super::result_type(operands)?;
    let output = output.unwrap_or_else(|| common.clone());
    Some(Loop { inputs: vec![common; operands.len()], output })
}

fn binary(ufunc: Ufunc, a: &Operand, b: &Operand) -> Option<Loop> {
    use Ufunc::{Equal, Fmax, Fmin, Greater, GreaterEqual, Less, LessEqual, Maximum, Minimum, NotEqual};
    let sides = (side(a), side(b));
    let is_same = sides.0 == sides.1;
    match ufunc {
        Ufunc::Add => add(a, b),
        Ufunc::Subtract => subtract(a, b),
        Ufunc::Multiply | Ufunc::Divide | Ufunc::FloorDivide | Ufunc::Remainder => scale(ufunc, a, b),
        Equal | NotEqual | Less | LessEqual | Greater | GreaterEqual
            if is_same
                || sides == (Side::Timedelta, Side::Integer)
                || sides == (Side::Integer, Side::Timedelta) =>
        {
            uniform(&[a.clone(), b.clone()], Some(DType::Bool))
        }
        Maximum | Minimum | Fmax | Fmin if is_same || !matches!(sides.0, Side::Datetime) => {
            let other_is_datetime = sides.1 == Side::Datetime && !is_same;
            if other_is_datetime { None } else { uniform(&[a.clone(), b.clone()], None) }
        }
        _ => None,
    }
}

/// A datetime and what is added to it: both in the finer unit.
fn shifted(datetime: &DType, by: &Operand) -> Option<(DType, DType)> {
    let Datetime(unit) = datetime else { return None };
    match by {
        Operand::Typed(Timedelta(other)) => {
            let unit = *unit.max(other);
            Some((Datetime(unit), Timedelta(unit)))
        }
        _ if side(by) == Side::Integer => Some((Datetime(*unit), Timedelta(*unit))),
        _ => None,
    }
}

fn add(a: &Operand, b: &Operand) -> Option<Loop> {
    match (a, b) {
        (Operand::Typed(at @ Datetime(_)), by) => {
            let (at, by) = shifted(at, by)?;
            Some(Loop { inputs: vec![at.clone(), by], output: at })
        }
        (by, Operand::Typed(at @ Datetime(_))) => {
            let (at, by) = shifted(at, by)?;
            Some(Loop { inputs: vec![by, at.clone()], output: at })
        }
        _ => steps(a, b),
    }
}

/// A timedelta and another one, or any integer.
fn steps(a: &Operand, b: &Operand) -> Option<Loop> {
    match (a, b) {
        (Operand::Typed(time @ Timedelta(_)), other) | (other, Operand::Typed(time @ Timedelta(_)))
            if side(other) == Side::Integer =>
        {
            Some(Loop { inputs: vec![time.clone(); 2], output: time.clone() })
        }
        _ => uniform(&[a.clone(), b.clone()], None),
    }
}

fn subtract(a: &Operand, b: &Operand) -> Option<Loop> {
    match (a, b) {
        (Operand::Typed(x @ Datetime(_)), Operand::Typed(y @ Datetime(_))) => {
            let Datetime(unit) = promote_types(x, y)? else { return None };
            Some(Loop { inputs: vec![Datetime(unit); 2], output: Timedelta(unit) })
        }
        (Operand::Typed(at @ Datetime(_)), by) => {
            let (at, by) = shifted(at, by)?;
            Some(Loop { inputs: vec![at.clone(), by], output: at })
        }
        (_, Operand::Typed(Datetime(_))) => None,
        _ => steps(a, b),
    }
}

/// Products and quotients of a timedelta.
fn scale(ufunc: Ufunc, a: &Operand, b: &Operand) -> Option<Loop> {
    use Ufunc::{Divide, FloorDivide, Multiply, Remainder};
    let found = |x: DType, y: DType, output: DType| Some(Loop { inputs: vec![x, y], output });
    match (a, b, ufunc) {
        (
            Operand::Typed(x @ Timedelta(_)),
            Operand::Typed(y @ Timedelta(_)),
            Divide | FloorDivide | Remainder,
        ) => {
            let common = promote(x, y)?;
            let output = match ufunc {
                Divide => DType::Float64,
                FloorDivide => DType::Int64,
                _ => common.clone(),
            };
            found(common.clone(), common, output)
        }
        (Operand::Typed(time @ Timedelta(_)), other, Multiply | Divide | FloorDivide) => match side(other) {
            Side::Integer if ufunc != Multiply && *other == Operand::Typed(DType::Bool) => None,
            Side::Integer => found(time.clone(), DType::Int64, time.clone()),
            Side::Float => found(time.clone(), DType::Float64, time.clone()),
            _ => None,
        },
        (other, Operand::Typed(time @ Timedelta(_)), Multiply) => match side(other) {
            Side::Integer => found(DType::Int64, time.clone(), time.clone()),
            Side::Float => found(DType::Float64, time.clone(), time.clone()),
            _ => None,
        },
        _ => None,
    }
}
