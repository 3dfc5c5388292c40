//! Work that changes nothing, bit by bit, is not done.

use raskt_core::{DType, Param, Result};
use raskt_expr::{Context, Expr, Rule};

use super::sliced::same_blocks;
use crate::builder::{Builder, NativeTokens, chunks};
use crate::creation::fill_of;
use crate::fusion::constant;
use crate::kernels::Scalar;
use crate::parameters::{DTYPE, KWARGS, dtype_of, dtype_param, get};

/// `x * 1`, `x - 0`, `-(-x)`, `where(true, x, y)`, a cast to a wider dtype before another cast, and their like. Not `x + 0`
/// of floats, which makes a positive zero of a negative one.
pub(super) struct Identity;

impl Rule for Identity {
    fn name(&self) -> &'static str {
        "identity"
    }

    fn apply(&self, expr: &Expr, context: &Context<'_>) -> Result<Option<Expr>> {
        if *expr.annotations() != Param::Null {
            return Ok(None);
        }
        let name = expr.operation().as_str();
        let kept = match expr.operands() {
            [operand] if name == "astype" => return cast_once(expr, operand, context),
            [operand] => unary(name, operand, context)?,
            [left, right] => match (left.operation().as_str(), right.operation().as_str()) {
                (_, "scalar") => changes_nothing(name, right, expr).then_some(left),
                ("scalar", _) => (commutes(name) && changes_nothing(name, left, expr)).then_some(right),
                _ => None,
            },
            [condition, yes, no] if name == "where" => match truth(condition) {
                Some(true) => Some(yes),
                Some(false) => Some(no),
                None => None,
            },
            _ => None,
        };
        let Some(kept) = kept else { return Ok(None) };
        let (own, meta) = (context.meta(kept)?, context.meta(expr)?);
        let is_same = own.dtype() == meta.dtype() && own.container() == meta.container();
        let is_plain = get(expr.parameters(), KWARGS) == Param::Null;
        if is_same && is_plain { same_blocks(context, expr, kept.clone()) } else { Ok(None) }
    }
}

/// The one value that a condition has everywhere.
fn truth(condition: &Expr) -> Option<bool> {
    let value = match condition.operation().as_str() {
        "full" => fill_of(condition.parameters())?,
        "scalar" => constant(condition, &DType::Bool)?,
        _ => return None,
    };
    (*value.dtype() == DType::Bool).then(|| value == Scalar::bool(true))
}

fn is_number(dtype: &DType) -> bool {
    let is_other = matches!(dtype, DType::Datetime(_) | DType::Timedelta(_) | DType::Bool);
    !is_other && dtype.item_bytes().is_some()
}

/// What a function of one operand gives back.
fn unary<'e>(name: &str, operand: &'e Expr, context: &Context<'_>) -> Result<Option<&'e Expr>> {
    if !matches!(name, "positive" | "conjugate" | "negative" | "invert") {
        return Ok(None);
    }
    let dtype = context.meta(operand)?.dtype().clone();
    let is_complex = matches!(dtype, DType::Complex64 | DType::Complex128);
    let is_twice = operand.operation().as_str() == name
        && *operand.annotations() == Param::Null
        && get(operand.parameters(), KWARGS) == Param::Null;
    Ok(match name {
        "positive" if is_number(&dtype) => Some(operand),
        "conjugate" if is_number(&dtype) && !is_complex => Some(operand),
        "negative" | "conjugate" if is_twice && is_number(&dtype) => operand.operands().first(),
        "invert" if is_twice && (is_number(&dtype) || dtype == DType::Bool) => operand.operands().first(),
        _ => None,
    })
}

fn commutes(name: &str) -> bool {
    matches!(name, "add" | "multiply" | "bitwise_or" | "bitwise_xor")
}

/// Whether the number on its right changes nothing about what the operation `name` has on its left.
fn changes_nothing(name: &str, number: &Expr, expr: &Expr) -> bool {
    let neutral = match name {
        "multiply" | "divide" | "floor_divide" => 1,
        "add" | "subtract" | "bitwise_or" | "bitwise_xor" | "left_shift" | "right_shift" => 0,
        _ => return false,
    };
    let dtype = dtype_of(expr.parameters());
    let is_float = matches!(dtype, DType::Float32 | DType::Float64);
    let is_complex = matches!(dtype, DType::Complex64 | DType::Complex128);
    // Products of complex numbers mix their parts, and floors of floats round; a negative zero plus zero is a positive one.
    let is_lossy = is_complex || is_float && matches!(name, "add" | "floor_divide");
    !is_lossy && is_number(&dtype) && constant(number, &dtype) == Some(Scalar::int(dtype, neutral))
}

/// A cast of a cast that lost nothing is one cast, or none.
fn cast_once(expr: &Expr, inner: &Expr, context: &Context<'_>) -> Result<Option<Expr>> {
    let is_plain = [expr, inner].iter().all(|expr| get(expr.parameters(), KWARGS) == Param::Null);
    if inner.operation().as_str() != "astype" || !is_plain || *inner.annotations() != Param::Null {
        return Ok(None);
    }
    let source = &inner.operands()[0];
    let from = context.meta(source)?.dtype().clone();
    let (between, to) = (dtype_of(inner.parameters()), dtype_of(expr.parameters()));
    if !holds(&between, &from) {
        return Ok(None);
    }
    if from == to {
        return same_blocks(context, expr, source.clone());
    }
    // What is not a number, or too large, becomes an integer in ways that differ from dtype to dtype.
    let is_float = |dtype: &DType| matches!(dtype, DType::Float32 | DType::Float64);
    if is_float(&from) && !is_float(&to) {
        return Ok(None);
    }
    let builder = Builder::new(*context, &NativeTokens);
    let made = builder.make("astype", &[source], Param::map([(DTYPE, dtype_param(&to))]))?;
    debug_assert_eq!(chunks(context.meta(&made)?)?, chunks(context.meta(expr)?)?);
    same_blocks(context, expr, made)
}

/// Whether every value of `from` is a value of `wide`.
fn holds(wide: &DType, from: &DType) -> bool {
    let bits = |dtype: &DType| -> Option<(bool, u32)> {
        Some(match dtype {
            DType::Bool => (false, 1),
            DType::UInt8 => (false, 8),
            DType::UInt16 => (false, 16),
            DType::UInt32 => (false, 32),
            DType::UInt64 => (false, 64),
            DType::Int8 => (true, 7),
            DType::Int16 => (true, 15),
            DType::Int32 => (true, 31),
            DType::Int64 => (true, 63),
            _ => return None,
        })
    };
    match (bits(from), wide) {
        (None, DType::Float64) => matches!(from, DType::Float32 | DType::Float64),
        (Some((_, n)), DType::Float64) => n <= 53,
        (Some((_, n)), DType::Float32) => n <= 24,
        (Some((signed, n)), wide) if *wide != DType::Bool => {
            bits(wide).is_some_and(|(wide_signed, room)| room >= n && (wide_signed || !signed))
        }
        _ => false,
    }
}
