//! A reduction in another dtype is a reduction of elements cast to it.

use crate::COLLECTION;
use raskt_core::{DType, Param, Result};
use raskt_expr::{Context, Expr, Rule, Way};

use super::sliced::same_blocks;
use crate::builder::{Builder, NativeTokens};
use crate::kernels::FoldKind;
use crate::parameters::{DTYPE, dtype_of, dtype_param};
use crate::reductions::is_reduction;

/// `x.sum(dtype=d)`, which is then one native pass with what comes before.
pub(super) struct ReduceCast;

impl Rule for ReduceCast {
    fn name(&self) -> &'static str {
        "reduce-cast"
    }

    fn apply(&self, expr: &Expr, context: &Context<'_>) -> Result<Option<Expr>> {
        let name = expr.operation().as_str();
        let is_plain = *expr.annotations() == Param::Null && context.way_of(COLLECTION) != Way::Library;
        if !is_plain
            || !is_reduction(expr)
            || !name.ends_with("sum") && !name.ends_with("prod") && !name.ends_with("mean")
        {
            return Ok(None);
        }
        let (operand, dtype) = (&expr.operands()[0], dtype_of(expr.parameters()));
        let own = context.meta(operand)?.dtype();
        let Some(kind) = FoldKind::parse(name) else { return Ok(None) };
        let is_own = kind.output(own).as_ref() == Some(&dtype);
        if is_own || kind.output(&dtype).as_ref() != Some(&dtype) || !is_cast(own, &dtype) {
            return Ok(None);
        }
        let builder = Builder::new(*context, &NativeTokens);
        let cast = builder.make("astype", &[operand], Param::map([(DTYPE, dtype_param(&dtype))]))?;
        same_blocks(context, expr, expr.with_operands(vec![cast])?)
    }
}

/// Whether NumPy reduces elements of `from` as `to` by casting them.
fn is_cast(from: &DType, to: &DType) -> bool {
    let is_complex = |dtype: &DType| matches!(dtype, DType::Complex64 | DType::Complex128);
    let is_float = |dtype: &DType| matches!(dtype, DType::Float32 | DType::Float64);
    let is_time = matches!(from, DType::Datetime(_) | DType::Timedelta(_));
    if from.item_bytes().is_none() || is_time {
        return false;
    }
    match to {
        DType::Complex64 | DType::Complex128 => true,
        DType::Float32 | DType::Float64 => !is_complex(from),
        DType::Int64 | DType::UInt64 => !is_complex(from) && !is_float(from),
        _ => false,
    }
}
