//! A reduction of a transposed array reduces other axes of the array as it is.

use raskt_core::{Fit, Param, Result};
use raskt_expr::{Context, Expr, Rule};

use super::sliced::same_blocks;
use crate::blockwise::transpose;
use crate::builder::{Builder, NativeTokens};
use crate::parameters::{AXIS, flag, integers, integers_of, with};
use crate::reductions::{axes_of, is_reduction};

/// `x.T.sum(axis)`: what is transposed is what is left, if anything.
pub(super) struct ReduceTranspose;

impl Rule for ReduceTranspose {
    fn name(&self) -> &'static str {
        "reduce-transpose"
    }

    fn apply(&self, expr: &Expr, context: &Context<'_>) -> Result<Option<Expr>> {
        if !is_reduction(expr) || expr.operands()[0].operation().as_str() != "transpose" {
            return Ok(None);
        }
        let (turned, parameters) = (&expr.operands()[0], expr.parameters());
        let reduced = axes_of(parameters);
        // The first of equal elements is another one where several axes change places.
        let counts_places = expr.operation().as_str().contains("arg") && reduced.len() > 1;
        let names_axes = matches!(parameters.get("split_every"), Some(Param::Map(_)));
        let is_plain = [expr, turned].iter().all(|expr| *expr.annotations() == Param::Null);
        if counts_places || names_axes || !is_plain {
            return Ok(None);
        }
        let order = integers_of(turned.parameters(), AXIS).unwrap_or_default();
        let mut axes: Vec<i64> = reduced.iter().map(|&axis| order[axis]).collect();
        axes.sort_unstable();
        let builder = Builder::new(*context, &NativeTokens);
        let parameters = with(parameters, [(AXIS, integers(axes.iter().copied()))]);
        let made = builder.make(expr.operation().as_str(), &[&turned.operands()[0]], parameters.clone())?;
        let left: Vec<i64> = if flag(&parameters, "keepdims") {
            order
        } else {
            let kept = order.iter().filter(|axis| !axes.contains(axis));
            kept.map(|axis| axis - axes.iter().filter(|gone| *gone < axis).count().clamped::<i64>()).collect()
        };
        same_blocks(context, expr, transpose(&builder, &made, Some(&left))?)
    }
}
