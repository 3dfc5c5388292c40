//! Rechunks as expressions.

use raskt_core::chunk::{AxisChunks, Chunks};
use raskt_core::{ErrorKind, Param};
use raskt_expr::Expr;

use super::later::{SPECS, by_specs};
use crate::builder::Builder;
use crate::error::Built;
use crate::parameters::{CHUNKS, chunks_of, chunks_param, with, without};

/// `expr` cut into `chunks`.
///
/// # Errors
/// [`ErrorKind::InvalidValue`] for chunks of another shape, or where unknown sizes would have to change.
pub fn to(builder: &Builder<'_>, expr: &Expr, chunks: &Chunks) -> Built<Expr> {
    planned(builder, expr, chunks, &Param::Null)
}

/// The same, with what users say about the plan: [`LIMIT`](super::LIMIT), [`THRESHOLD`](super::THRESHOLD),
/// [`METHOD`](super::METHOD).
pub(super) fn planned(builder: &Builder<'_>, expr: &Expr, chunks: &Chunks, more: &Param) -> Built<Expr> {
    let own = builder.chunks(expr)?;
    if own == *chunks {
        return Ok(expr.clone());
    }
    if own.n_axes() != chunks.n_axes() {
        let (found, n_axes) = (chunks.n_axes(), own.n_axes());
        let what = format!("chunks for {found} axes, where the array has {n_axes}");
        return Err(ErrorKind::InvalidValue(what).into());
    }
    for (at, (from, to)) in own.axes().iter().zip(chunks.axes()).enumerate() {
        check_axis(at, from, to)?;
    }
    if own.axes().iter().zip(chunks.axes()).all(|(from, to)| from == to || is_unknown_same(from, to)) {
        return Ok(expr.clone());
    }
    builder.make("rechunk", &[expr], with(more, [(CHUNKS, chunks_param(chunks))]))
}

/// Sizes that are not known may be said to be known, if their number stays.
fn is_unknown_same(from: &AxisChunks, to: &AxisChunks) -> bool {
    from.length().is_none() && from.n_blocks() == to.n_blocks()
}

fn check_axis(at: usize, from: &AxisChunks, to: &AxisChunks) -> Built<()> {
    match (from.length(), to.length()) {
        (Some(a), Some(b)) if a == b => Ok(()),
        (Some(a), Some(b)) => {
            let what = format!("axis {at}: chunks {to} add up to {b}, where the axis has length {a}");
            Err(ErrorKind::InvalidValue(what).into())
        }
        _ if from == to || is_unknown_same(from, to) => Ok(()),
        _ => {
            let what = format!(
                "axis {at} has chunks of unknown size ({from}), which cannot be changed: \
                 call compute_chunk_sizes() first"
            );
            Err(ErrorKind::InvalidValue(what).into())
        }
    }
}

pub(super) fn by_name(builder: &Builder<'_>, _: &str, operands: &[Expr], parameters: &Param) -> Built<Expr> {
    let [operand] = operands else {
        return Err(ErrorKind::InvalidValue("rechunk takes one array".into()).into());
    };
    match parameters.get(SPECS) {
        Some(Param::List(specs)) => by_specs(builder, operand, specs, parameters),
        _ => planned(builder, operand, &chunks_of(parameters.get(CHUNKS))?, &without(parameters, &[CHUNKS])),
    }
}
