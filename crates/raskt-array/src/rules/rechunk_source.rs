//! A source in other blocks is made in those blocks, also below element-wise work.

use raskt_core::chunk::{AxisChunks, Chunks};
use raskt_core::{Param, Result};
use raskt_expr::{Context, Expr, Rule};

use super::sliced::same_blocks;
use crate::builder::chunks;
use crate::creation::recut;
use crate::parameters::CHUNKS;
use crate::ufuncs::is_elementwise;

/// Larger trees are not looked through.
const N_EXPRS_MAX: usize = 64;

/// `ones.rechunk(chunks)`, `(random + 1).rechunk(chunks)`, and their like: nothing is left to be moved.
pub(super) struct RechunkSource;

impl Rule for RechunkSource {
    fn name(&self) -> &'static str {
        "rechunk-source"
    }

    fn apply(&self, expr: &Expr, context: &Context<'_>) -> Result<Option<Expr>> {
        if expr.operation().as_str() != "rechunk" || *expr.annotations() != Param::Null || is_told_how(expr) {
            return Ok(None);
        }
        let work = &expr.operands()[0];
        let mut n_left = N_EXPRS_MAX;
        if !is_recut(work, context, &mut n_left) {
            return Ok(None);
        }
        let made = recut_all(work, &chunks(context.meta(expr)?)?, context)?;
        same_blocks(context, expr, made)
    }
}

/// Whether somebody has said how a rechunk is to go, and not only to which blocks.
pub(super) fn is_told_how(rechunk: &Expr) -> bool {
    let more = crate::parameters::without(rechunk.parameters(), &[CHUNKS]);
    !matches!(more, Param::Map(entries) if entries.iter().all(|(_, value)| *value == Param::Null))
}

/// Whether it can be made in other blocks for no more work than in its own: a source whose elements do not depend on its
/// blocks, or element-wise work on such, which nobody needs in its own blocks.
fn is_recut(expr: &Expr, context: &Context<'_>, n_left: &mut usize) -> bool {
    *n_left = n_left.saturating_sub(1);
    if *n_left == 0 || *expr.annotations() != Param::Null {
        return false;
    }
    match expr.operation().as_str() {
        "from_array" | "full" | "scalar" => true,
        "arange" | "linspace" | "eye" | "random" => expr.operands().is_empty() && !context.is_shared(expr),
        "apply" => false,
        _ => {
            is_elementwise(expr)
                && !context.is_shared(expr)
                && expr.operands().iter().all(|operand| is_recut(operand, context, n_left))
        }
    }
}

fn recut_all(expr: &Expr, wanted: &Chunks, context: &Context<'_>) -> Result<Expr> {
    let own = chunks(context.meta(expr)?)?;
    if own == *wanted || expr.operation().as_str() == "scalar" {
        return Ok(expr.clone());
    }
    if expr.operands().is_empty() {
        return recut(expr, wanted);
    }
    let mut operands = Vec::with_capacity(expr.operands().len());
    for operand in expr.operands() {
        let own = chunks(context.meta(operand)?)?;
        let offset = wanted.n_axes() - own.n_axes();
        let axis = |(axis, wanted): (&AxisChunks, &AxisChunks)| match axis.length() == wanted.length() {
            true => wanted.clone(),
            false => axis.clone(),
        };
        let axes = own.axes().iter().zip(&wanted.axes()[offset..]).map(axis);
        operands.push(recut_all(operand, &Chunks::new(axes)?, context)?);
    }
    expr.with_operands(operands)
}
