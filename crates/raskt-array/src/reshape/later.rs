//! Reshapes of arrays whose sizes are not known.

use raskt_core::chunk::{AxisChunks, Chunks};
use raskt_core::{Fit, Param, Result};
use raskt_expr::Expr;

use crate::builder::Builder;
use crate::deferred::{PromisedAxis, later};
use crate::error::{ArrayError, Built};

/// `expr`, of unknown shape, in the shape `asked`: at once where each block can be flattened on its own.
pub(super) fn unknown(builder: &Builder<'_>, expr: &Expr, asked: &[i64], parameters: &Param) -> Built<Expr> {
    let own = builder.chunks(expr)?;
    if asked.iter().filter(|&&n| n == -1).count() > 1 {
        return Err(ArrayError::value("can only specify one unknown dimension"));
    }
    if let Some(wrong) = asked.iter().find(|&&n| n < -1) {
        return Err(ArrayError::value(format!("lengths are 0 or more, or -1 once, found {wrong}")));
    }
    if asked == [-1] && own.n_axes() == 1 {
        return Ok(expr.clone());
    }
    if asked == [-1] && own.axes()[1..].iter().all(|axis| axis.n_blocks() == 1) {
        let follows: Vec<i64> = (0..own.n_axes()).map(|at| if at == 0 { 0 } else { -1 }).collect();
        let rows = AxisChunks::unknown(own.axes()[0].n_blocks())?;
        return super::build::make(builder, expr, &Chunks::new([rows])?, &follows);
    }
    let bounds = PromisedAxis::all_of(builder, expr)?.into_iter().map(|axis| axis.length_max);
    let n_max = bounds.collect::<Option<Vec<u64>>>();
    let n_max = n_max.and_then(|lengths| lengths.into_iter().try_fold(1_u64, u64::checked_mul));
    let named: u64 = asked.iter().filter_map(|&n| u64::try_from(n).ok()).fold(1, u64::saturating_mul).max(1);
    let n_blocks = own.grid().iter().copied().max().unwrap_or(1);
    let is_named = !asked.contains(&-1);
    let mut is_cut = false;
    let mut axis = |n: i64| -> Result<PromisedAxis> {
        let Ok(length) = u64::try_from(n) else {
            return PromisedAxis::unknown(n_blocks, n_max.map(|n_max| n_max / named));
        };
        if length > 1 && is_named && !is_cut {
            is_cut = true;
            let n = length.min(n_blocks.into()).fit::<u32>();
            return Ok(PromisedAxis::known(crate::rechunk::balanced(length, n)?));
        }
        Ok(PromisedAxis::known(AxisChunks::from_sizes([length])?))
    };
    let axes = asked.iter().map(|&n| axis(n)).collect::<Result<Vec<_>>>()?;
    later(builder, "reshape", std::slice::from_ref(expr), parameters, axes, &builder.dtype(expr)?)
}
