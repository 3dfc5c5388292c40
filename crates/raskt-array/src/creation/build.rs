//! Sources as expressions.

use raskt_core::chunk::Chunks;
use raskt_core::{DType, NdArray, Param, Result, Token, Value};
use raskt_expr::{Context, Draft, Expr};

use crate::builder::{Builder, NativeTokens, chunks};
use crate::error::Built;
use crate::held::Held;
use crate::parameters::{CHUNKS, DTYPE, KWARGS, chunks_param, dtype_param, with};

/// The source `name`; its parameters say `chunks` and `dtype`, and in `kwargs` what its tasks need to know.
///
/// # Errors
/// For parameters that say neither.
pub fn source(builder: &Builder<'_>, name: &str, _: &[Expr], parameters: &Param) -> Built<Expr> {
    builder.make(name, &[], parameters.clone())
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

/// What `source`, which is full of one value, is where it is cut as `like` is: `None` for one with annotations.
///
/// # Errors
/// None in practice.
pub(crate) fn full_like(context: &Context<'_>, source: &Expr, like: &Expr) -> Result<Option<Expr>> {
    if [source, like].iter().any(|expr| *expr.annotations() != Param::Null) {
        return Ok(None);
    }
    let change = chunks_param(&chunks(context.meta(like)?)?);
    let parameters = with(source.parameters(), [(CHUNKS, change.clone())]);
    let draft = Draft { parameters: parameters.clone(), ..source.draft() };
    match draft.finish_with(&NativeTokens) {
        // A value that only its own library can name.
        Err(_) => source.varied(Vec::new(), parameters, &change).map(Some),
        made => made.map(Some),
    }
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
