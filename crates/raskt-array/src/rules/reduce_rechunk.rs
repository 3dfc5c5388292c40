//! A reduction needs no blocks joined along the axes that it reduces.

use raskt_core::{Param, Result};
use raskt_expr::{Context, Expr, Rule};

use super::sliced::same_blocks;
use crate::builder::chunks;
use crate::reductions::is_reduction;

/// `x.rechunk(chunks).sum(axis)`.
pub(super) struct ReduceRechunk;

impl Rule for ReduceRechunk {
    fn name(&self) -> &'static str {
        "reduce-rechunk"
    }

    fn apply(&self, expr: &Expr, context: &Context<'_>) -> Result<Option<Expr>> {
        if !is_reduction(expr) || expr.operands()[0].operation().as_str() != "rechunk" {
            return Ok(None);
        }
        let recut = &expr.operands()[0];
        let source = &recut.operands()[0];
        let is_plain = [expr, recut].iter().all(|expr| *expr.annotations() == Param::Null);
        let (from, to) = (chunks(context.meta(source)?)?, chunks(context.meta(recut)?)?);
        // Whoever asks for more blocks may want them done side by side.
        if !is_plain || from.n_blocks() < to.n_blocks() || from.shape().contains(&None) {
            return Ok(None);
        }
        same_blocks(context, expr, expr.with_operands(vec![source.clone()])?)
    }
}
