//! Sources as expressions.

use raskt_core::chunk::Chunks;
use raskt_core::{DType, NdArray, Param, Token, Value};
use raskt_expr::{Expr, Held};

use crate::builder::Builder;
use crate::error::Built;
use crate::parameters::{CHUNKS, DTYPE, KWARGS, chunks_param, dtype_param};

/// The source `name`; its parameters say `chunks` and `dtype`, and in `kwargs` what its tasks need to know.
///
/// # Errors
/// For parameters that say neither.
pub fn source(builder: &Builder<'_>, name: &str, _: &[Expr], parameters: &Param) -> Built<Expr> {
    builder.make(name, &[], parameters.clone())
}

/// The array `name` of the value of a call, or of what another collection gives out; its parameters say `chunks` and `dtype`.
///
/// # Errors
/// For parameters that say neither.
pub fn taken(builder: &Builder<'_>, name: &str, operands: &[Expr], parameters: &Param) -> Built<Expr> {
    builder.make(name, &operands.iter().collect::<Vec<_>>(), parameters.clone())
}

/// An array full of `fill`.
///
/// # Errors
/// None in practice.
pub fn full(builder: &Builder<'_>, fill: Param, dtype: &DType, chunks: &Chunks) -> Built<Expr> {
    let kwargs = Param::map([("fill_value", fill), (DTYPE, dtype_param(dtype))]);
    let parameters = [(KWARGS, kwargs), (DTYPE, dtype_param(dtype)), (CHUNKS, chunks_param(chunks))];
    builder.make("full", &[], Param::map(parameters))
}

/// An array in memory, known by `token`.
///
/// # Errors
/// None in practice.
pub fn from_array(builder: &Builder<'_>, array: NdArray, token: Token, chunks: &Chunks) -> Built<Expr> {
    let dtype = dtype_param(array.dtype());
    let value = Held::param(token, Value::from(array));
    builder.make(
        "from_array",
        &[],
        Param::map([("value", value), (DTYPE, dtype), (CHUNKS, chunks_param(chunks))]),
    )
}

/// Random numbers; operands are parameters of the distribution that differ from element to element.
pub(super) fn random(
    builder: &Builder<'_>,
    name: &str,
    operands: &[Expr],
    parameters: &Param,
) -> Built<Expr> {
    let chunks = crate::parameters::chunks_of(parameters.get(CHUNKS))?;
    let mut stretched = Vec::with_capacity(operands.len());
    for operand in operands {
        let parameters = Param::map([(CHUNKS, chunks_param(&chunks))]);
        let operand = std::slice::from_ref(operand);
        stretched.push(crate::blockwise::broadcast_to(builder, "broadcast_to", operand, &parameters)?);
    }
    builder.make(name, &stretched.iter().collect::<Vec<_>>(), parameters.clone())
}
