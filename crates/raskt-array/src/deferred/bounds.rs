//! How long an axis of unknown length can be.

use raskt_core::chunk::Chunks;
use raskt_core::{Param, Result};
use raskt_expr::{Context, Expr};

use super::table::{BOUNDS, DEFERRED};
use crate::builder::chunks;
use crate::parameters::{AXIS, axis_number, integers_of, text};
use crate::slicing::{COMPRESS, Cut, cuts_of};
use crate::ufuncs::is_elementwise;

/// How many expressions deep a bound is looked for.
const DEPTH_MAX: usize = 500;

/// The most elements that `axis` of `expr` can have, where that can be told.
///
/// # Errors
/// What the operations' rules return.
pub fn length_max(context: &Context<'_>, expr: &Expr, axis: usize) -> Result<Option<u64>> {
    bound(context, expr, axis, DEPTH_MAX)
}

fn bound(context: &Context<'_>, expr: &Expr, axis: usize, depth: usize) -> Result<Option<u64>> {
    let own: Chunks = chunks(context.meta(expr)?)?;
    let Some(along) = own.axes().get(axis) else { return Ok(None) };
    if along.length().is_some() || depth == 0 {
        return Ok(along.length());
    }
    let of = |operand: usize, axis: usize| match expr.operands().get(operand) {
        Some(operand) => bound(context, operand, axis, depth - 1),
        None => Ok(None),
    };
    match expr.operation().as_str() {
        DEFERRED => {
            let bounds = expr.parameters().get(BOUNDS).and_then(Param::as_list).unwrap_or_default();
            Ok(bounds.get(axis).and_then(Param::as_int).and_then(|n| u64::try_from(n).ok()))
        }
        "concatenate" => {
            let along = axis_number(expr.parameters().get(AXIS).and_then(Param::as_int).unwrap_or(0));
            let all = (0..expr.operands().len()).map(|operand| of(operand, axis));
            let all = all.collect::<Result<Option<Vec<_>>>>()?;
            Ok(all.and_then(|all| if along == axis { Some(all.iter().sum()) } else { all.into_iter().min() }))
        }
        "blockwise" if text(expr.parameters(), "function") == COMPRESS => of(0, axis),
        _ if !is_elementwise(expr) => axis_of_operand(expr, axis)?.map_or(Ok(None), |axis| of(0, axis)),
        _ => {
            for (at, operand) in expr.operands().iter().enumerate() {
                let n_axes = chunks(context.meta(operand)?)?.n_axes();
                let Some(axis) = (axis + n_axes).checked_sub(own.n_axes()) else { continue };
                if let Some(found) = of(at, axis)?.filter(|&length| length != 1) {
                    return Ok(Some(found));
                }
            }
            Ok(None)
        }
    }
}

/// Which axis of the first operand `axis` of `expr` is, where the operation leaves it as it is.
pub(super) fn axis_of_operand(expr: &Expr, axis: usize) -> Result<Option<usize>> {
    Ok(match expr.operation().as_str() {
        "known" | "rechunk" => Some(axis),
        "transpose" => {
            let axes = integers_of(expr.parameters(), AXIS).unwrap_or_default();
            axes.get(axis).and_then(|&from| usize::try_from(from).ok())
        }
        "slice" => {
            let (mut kept, mut from) = (Vec::new(), 0);
            for cut in cuts_of(expr.parameters())? {
                match cut {
                    Cut::New => kept.push(None),
                    Cut::Point(_) => {}
                    Cut::All => kept.push(Some(from)),
                    Cut::Range { .. } | Cut::Picks(_) | Cut::Blocks(_) => kept.push(None),
                }
                from += usize::from(cut != Cut::New);
            }
            kept.get(axis).copied().flatten()
        }
        _ => None,
    })
}
