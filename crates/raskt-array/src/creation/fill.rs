//! Arrays full of one value: which value, and others like them.

use raskt_core::chunk::Chunks;
use raskt_core::{DType, Param, Result, Value};
use raskt_expr::{Context, Draft, Expr};

use crate::block_functions::is_integer;
use crate::builder::{Builder, NativeTokens, chunks};
use crate::kernels::Scalar;
use crate::kernels::elementwise::cast;
use crate::parameters::{CHUNKS, KWARGS, chunks_param, dtype_of, with};
use crate::types::integer_fits;

use super::full;

/// The value of which the array `source` with such parameters is full; `None` for dtypes without kernels, and values of
/// which only their library knows.
pub(crate) fn fill_of(parameters: &Param) -> Option<Scalar> {
    let dtype = dtype_of(parameters);
    dtype.item_bytes()?;
    let is_time = matches!(dtype, DType::Datetime(_) | DType::Timedelta(_));
    match parameters.get(KWARGS)?.get("fill_value")? {
        Param::Bool(value) => Some(Scalar::int(dtype, i128::from(*value))),
        Param::Int(value) if integer_fits(i128::from(*value), &dtype) || !is_integer(&dtype) => {
            Some(Scalar::int(dtype, i128::from(*value)))
        }
        Param::Float(value) if !is_time && !is_integer(&dtype) => Some(Scalar::float(dtype, *value)),
        Param::Value(Value::Array(array)) => Scalar::of_array(&cast(array, &dtype).ok()?).ok(),
        _ => None,
    }
}

/// A value as a parameter: a plain number where that is exact.
pub(crate) fn number(value: &Scalar) -> Result<Param> {
    let bytes = value.bytes();
    let word = |n: usize| bytes.get(..n).unwrap_or_default();
    Ok(match value.dtype() {
        DType::Bool => Param::Bool(bytes.first() == Some(&1)),
        DType::Int64 => Param::Int(i64::from_le_bytes(word(8).try_into().unwrap_or_default())),
        DType::Int32 => Param::Int(i32::from_le_bytes(word(4).try_into().unwrap_or_default()).into()),
        DType::Float64 => Param::Float(f64::from_le_bytes(word(8).try_into().unwrap_or_default())),
        DType::Float32 => Param::Float(f32::from_le_bytes(word(4).try_into().unwrap_or_default()).into()),
        _ => Param::Value(Value::from(value.to_array()?)),
    })
}

/// An array full of `value`.
///
/// # Errors
/// None in practice.
pub(crate) fn full_of(context: &Context<'_>, value: &Scalar, chunks: &Chunks) -> Result<Expr> {
    let builder = Builder::new(*context, &NativeTokens);
    Ok(full(&builder, number(value)?, value.dtype(), chunks)?)
}

/// A source, cut into `chunks`.
///
/// # Errors
/// None in practice.
pub(crate) fn recut(source: &Expr, chunks: &Chunks) -> Result<Expr> {
    let change = chunks_param(chunks);
    let parameters = with(source.parameters(), [(CHUNKS, change.clone())]);
    let draft = Draft { parameters: parameters.clone(), ..source.draft() };
    match draft.finish_with(&NativeTokens) {
        // A value that only its own library can name.
        Err(_) => source.varied(source.operands().to_vec(), parameters, &change),
        made => made,
    }
}

/// What `source`, which is full of one value, is where it is cut as `like` is: `None` where somebody has said something
/// about how the tasks of either are to run.
///
/// # Errors
/// None in practice.
pub(crate) fn full_like(context: &Context<'_>, source: &Expr, like: &Expr) -> Result<Option<Expr>> {
    if [source, like].iter().any(|expr| *expr.annotations() != Param::Null) {
        return Ok(None);
    }
    recut(source, &chunks(context.meta(like)?)?).map(Some)
}
