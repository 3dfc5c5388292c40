//! Where sizes that are not known come from: two axes of one origin are cut alike, whatever their sizes.

use raskt_core::{Result, Token};
use raskt_expr::{Context, Expr};

use super::bounds::axis_of_operand;
use crate::builder::chunks;
use crate::parameters::{flag, text};
use crate::reductions::{axes_of, is_reduction};
use crate::slicing::COMPRESS;
use crate::ufuncs::is_elementwise;

/// What stands for the sizes of the chunks of `axis` of `expr`: equal tokens say equal sizes.
///
/// # Errors
/// What the operations' rules return.
pub fn origin(context: &Context<'_>, expr: &Expr, axis: usize) -> Result<Token> {
    let (mut expr, mut axis) = (expr.clone(), axis);
    loop {
        let own = chunks(context.meta(&expr)?)?;
        let Some(along) = own.axes().get(axis) else { return Ok(expr.token()) };
        if along.length().is_some() {
            return Token::of(along);
        }
        if text(expr.parameters(), "function") == COMPRESS && expr.operands().len() == 2 {
            // The mask says what is left of each chunk; it is cut as what it is laid on.
            let before = chunks(context.meta(&expr.operands()[0])?)?;
            let lies = match before.axes()[axis].length() {
                Some(_) => Token::of(&before.axes()[axis])?,
                None => Token(0),
            };
            return Token::of(&("compress", expr.operands()[1].token().to_string(), lies.to_string()));
        }
        let next = match is_reduction(&expr) {
            true => kept_axis(&expr, own.n_axes(), axis).map(|axis| (0, axis)),
            false => through(context, &expr, own.n_axes(), axis)?,
        };
        match next.and_then(|(operand, axis)| Some((expr.operands().get(operand)?.clone(), axis))) {
            Some(found) => (expr, axis) = found,
            None => return Token::of(&(expr.token().to_string(), axis as u64)),
        }
    }
}

/// Which operand's axis `axis` of `expr` is, untouched.
fn through(context: &Context<'_>, expr: &Expr, n_axes: usize, axis: usize) -> Result<Option<(usize, usize)>> {
    if !is_elementwise(expr) {
        return Ok(axis_of_operand(expr, axis)?.map(|axis| (0, axis)));
    }
    for (at, operand) in expr.operands().iter().enumerate() {
        let own = chunks(context.meta(operand)?)?;
        let Some(axis) = (axis + own.n_axes()).checked_sub(n_axes) else { continue };
        if own.axes()[axis].length().is_none() {
            return Ok(Some((at, axis)));
        }
    }
    Ok(None)
}

/// The axis of a reduction's operand that `axis` of its result is.
fn kept_axis(expr: &Expr, n_axes: usize, axis: usize) -> Option<usize> {
    if flag(expr.parameters(), "keepdims") {
        return Some(axis);
    }
    let reduced = axes_of(expr.parameters());
    (0..n_axes + reduced.len()).filter(|at| !reduced.contains(at)).nth(axis)
}
