//! The largest of the largest is the largest: one reduction in place of two.

use raskt_core::{DType, Fit, Param, Result};
use raskt_expr::{Context, Expr, Rule};

use super::sliced::same_blocks;
use crate::builder::{Builder, NativeTokens};
use crate::parameters::{AXIS, dtype_of, flag, integers, with};
use crate::reductions::axes_of;

/// `x.max(axis).max()`, and its like, where the order of work does not show.
pub(super) struct ReduceTwice;

impl Rule for ReduceTwice {
    fn name(&self) -> &'static str {
        "reduce-twice"
    }

    fn apply(&self, expr: &Expr, context: &Context<'_>) -> Result<Option<Expr>> {
        let name = expr.operation().as_str();
        if !matches!(name, "max" | "min" | "any" | "all" | "sum") {
            return Ok(None);
        }
        let first = &expr.operands()[0];
        let is_plain = [expr, first].iter().all(|expr| *expr.annotations() == Param::Null);
        if first.operation().as_str() != name || !is_plain || context.is_shared(first) {
            return Ok(None);
        }
        let (outer, inner) = (expr.parameters(), first.parameters());
        let is_exact = name != "sum" || matches!(dtype_of(inner), DType::Int64 | DType::UInt64);
        let has_plan =
            [outer, inner].iter().any(|of| of.get("split_every").is_some_and(|n| *n != Param::Null));
        if !is_exact || has_plan || dtype_of(outer) != dtype_of(inner) {
            return Ok(None);
        }
        let Some(axes) =
            both(&axes_of(inner), flag(inner, "keepdims"), &axes_of(outer), flag(outer, "keepdims"))
        else {
            return Ok(None);
        };
        let parameters = with(outer, [(AXIS, integers(axes.into_iter().map(|axis| axis.clamped::<i64>())))]);
        let builder = Builder::new(*context, &NativeTokens);
        same_blocks(context, expr, builder.make(name, &[&first.operands()[0]], parameters)?)
    }
}

/// The axes that are gone in the end; `None` where some are kept, and others are not.
fn both(inner: &[usize], inner_kept: bool, outer: &[usize], outer_kept: bool) -> Option<Vec<usize>> {
    let mut axes = inner.to_vec();
    match (inner_kept, outer_kept) {
        (true, true) => axes.extend(outer.iter().filter(|axis| !inner.contains(axis))),
        (true, false) if inner.iter().all(|axis| outer.contains(axis)) => axes = outer.to_vec(),
        (false, false) => {
            for &axis in outer {
                let place = (0..).filter(|axis| !inner.contains(axis)).nth(axis)?;
                axes.push(place);
            }
        }
        _ => return None,
    }
    axes.sort_unstable();
    Some(axes)
}
