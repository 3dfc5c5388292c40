//! Two transpositions are one, or none.

use raskt_core::{Param, Result};
use raskt_expr::{Context, Expr, Rule};

use crate::blockwise::transpose;
use crate::builder::{Builder, NativeTokens};
use crate::parameters::{AXIS, axis_number, integers_of};

/// `transpose(transpose(x))`.
pub(super) struct TransposeTwice;

impl Rule for TransposeTwice {
    fn name(&self) -> &'static str {
        "transpose-twice"
    }

    fn apply(&self, expr: &Expr, context: &Context<'_>) -> Result<Option<Expr>> {
        let [inner] = expr.operands() else { return Ok(None) };
        let both = [expr, inner].iter().all(|expr| expr.operation().as_str() == "transpose");
        if !both || *expr.annotations() != Param::Null {
            return Ok(None);
        }
        let axes = |expr: &Expr| integers_of(expr.parameters(), AXIS).unwrap_or_default();
        let (outer, first) = (axes(expr), axes(inner));
        let joined: Option<Vec<i64>> =
            outer.iter().map(|&axis| first.get(axis_number(axis)).copied()).collect();
        let Some(joined) = joined else { return Ok(None) };
        let builder = Builder::new(*context, &NativeTokens);
        Ok(Some(transpose(&builder, &inner.operands()[0], Some(&joined))?))
    }
}
