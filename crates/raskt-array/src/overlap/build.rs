//! Margins as expressions.

use raskt_core::chunk::{AxisChunks, Chunks};
use raskt_core::{ErrorKind, Param, Result};
use raskt_expr::Expr;

use super::margins;
use crate::builder::Builder;
use crate::error::{ArrayError, Built};

/// The blocks of `expr` with margins; blocks that are shorter than a margin are joined first.
///
/// # Errors
/// A margin longer than its axis, or of an axis with unknown chunks.
pub fn overlap(builder: &Builder<'_>, expr: &Expr, parameters: &Param) -> Built<Expr> {
    let (own, margins) = (builder.chunks(expr)?, margins(parameters)?);
    if margins.len() != own.n_axes() {
        return Err(ArrayError::value(format!("{} margins for {} axes", margins.len(), own.n_axes())));
    }
    let mut axes = Vec::with_capacity(own.n_axes());
    for (at, (axis, margin)) in own.axes().iter().zip(&margins).enumerate() {
        let depth = u64::from(margin.before.max(margin.after));
        axes.push(if depth == 0 { axis.clone() } else { long_enough(at, axis, depth)? });
    }
    let ready = crate::rechunk::to(builder, expr, &Chunks::new(axes)?)?;
    builder.make("overlap", &[&ready], parameters.clone())
}

/// The axis in chunks of at least `depth` elements.
fn long_enough(at: usize, axis: &AxisChunks, depth: u64) -> Built<AxisChunks> {
    let Some(length) = axis.length() else {
        let what = format!("axis {at} has chunks of unknown size: call compute_chunk_sizes() first");
        return Err(ArrayError::value(what));
    };
    if length < depth {
        let what = format!("the overlapping depth {depth} is larger than your array's axis {at} of {length}");
        return Err(ArrayError::value(what));
    }
    let mut sizes: Vec<u64> = Vec::new();
    let mut open = 0;
    for size in axis.sizes().flatten() {
        open += size;
        if open >= depth {
            sizes.push(open);
            open = 0;
        }
    }
    if let Some(last) = sizes.last_mut() {
        *last += open;
    }
    Ok(AxisChunks::from_sizes(sizes)?)
}

pub(super) fn by_name(builder: &Builder<'_>, _: &str, operands: &[Expr], parameters: &Param) -> Built<Expr> {
    match operands {
        [operand] => overlap(builder, operand, parameters),
        _ => {
            let result: Result<Expr> = Err(ErrorKind::InvalidValue("overlap takes one array".into()).into());
            Ok(result?)
        }
    }
}
