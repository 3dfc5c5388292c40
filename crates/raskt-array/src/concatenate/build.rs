//! Concatenations as expressions.

use raskt_core::chunk::{AxisChunks, Chunks};
use raskt_core::{DType, ErrorKind, Fit, Param, Result};
use raskt_expr::Expr;

use crate::broadcast::refine;
use crate::builder::Builder;
use crate::error::{ArrayError, Built, shape_text};
use crate::parameters::{AXIS, DTYPE, dtype_of, dtype_param};

/// `operands` one behind the other along `axis`, all of one dtype.
///
/// # Errors
/// [`ArrayError::Axis`]; shapes that differ along another axis.
pub fn concatenate(builder: &Builder<'_>, operands: &[Expr], axis: i64) -> Built<Expr> {
    let (operands, axis) = aligned(builder, operands, axis, 0)?;
    if let [lone] = operands.as_slice() {
        return Ok(lone.clone());
    }
    let parameters = Param::map([(AXIS, Param::Int(axis.clamped::<i64>()))]);
    builder.make("concatenate", &operands.iter().collect::<Vec<_>>(), parameters)
}

/// `operands` on top of each other: each becomes one index of a new axis.
///
/// # Errors
/// As [`concatenate`]; any difference of shapes.
pub fn stack(builder: &Builder<'_>, operands: &[Expr], axis: i64) -> Built<Expr> {
    let (operands, axis) = aligned(builder, operands, axis, 1)?;
    let parameters = Param::map([(AXIS, Param::Int(axis.clamped::<i64>()))]);
    builder.make("stack", &operands.iter().collect::<Vec<_>>(), parameters)
}

/// The operands in common chunks along all axes but `axis`, which may be a new one.
fn aligned(builder: &Builder<'_>, operands: &[Expr], axis: i64, n_new: usize) -> Built<(Vec<Expr>, usize)> {
    let all = operands.iter().map(|expr| builder.chunks(expr)).collect::<Result<Vec<_>>>()?;
    let Some(first) = all.first() else {
        return Err(ArrayError::value("need at least one array to concatenate"));
    };
    if first.n_axes() + n_new == 0 {
        return Err(ArrayError::value("zero-dimensional arrays cannot be concatenated"));
    }
    let axis = Builder::axis(axis, first.n_axes() + n_new)?;
    let joined = |at: usize| n_new == 0 && at == axis;
    let mut common = Vec::with_capacity(first.n_axes());
    for at in 0..first.n_axes() {
        let here: Vec<&AxisChunks> = all.iter().filter_map(|chunks| chunks.axes().get(at)).collect();
        let known: Vec<Option<u64>> = here.iter().map(|axis| axis.length()).collect();
        let same = known.iter().all(|length| *length == known[0]);
        if all.iter().any(|chunks| chunks.n_axes() != first.n_axes()) || (!same && !joined(at)) {
            return Err(mismatch(&all, n_new > 0));
        }
        let uncut = here.iter().all(|axis| *axis == here[0]) || known[0].is_none();
        common.push(if joined(at) || uncut { None } else { Some(refine(&here)?) });
    }
    let mut aligned = Vec::with_capacity(operands.len());
    for (expr, own) in operands.iter().zip(&all) {
        let axes = own.axes().iter().zip(&common).map(|(own, common)| common.clone().unwrap_or(own.clone()));
        aligned.push(crate::rechunk::to(builder, expr, &Chunks::new(axes)?)?);
    }
    Ok((aligned, axis))
}

fn mismatch(all: &[Chunks], stacked: bool) -> ArrayError {
    let shapes: Vec<String> = all.iter().map(|chunks| shape_text(&chunks.shape())).collect();
    let what = if stacked {
        "all input arrays must have the same shape"
    } else {
        "all the input array dimensions except for the concatenation axis must match exactly"
    };
    ArrayError::value(format!("{what}, found shapes {}", shapes.join(", ")))
}

/// The operands as the dtype that the parameters name, if they do.
fn cast(builder: &Builder<'_>, operands: &[Expr], parameters: &Param) -> Built<Vec<Expr>> {
    let dtype = dtype_of(parameters);
    if dtype == DType::Unknown {
        return Ok(operands.to_vec());
    }
    let row = Param::map([(DTYPE, dtype_param(&dtype))]);
    operands
        .iter()
        .map(|expr| match builder.dtype(expr)? == dtype {
            true => Ok(expr.clone()),
            false => builder.make("astype", &[expr], row.clone()),
        })
        .collect()
}

fn axis_of(parameters: &Param) -> Built<i64> {
    let axis = parameters.get(AXIS).and_then(Param::as_int);
    axis.ok_or_else(|| ErrorKind::InvalidValue("a concatenation needs an axis".into()).into())
}

pub(super) fn concatenate_by_name(
    builder: &Builder<'_>,
    _: &str,
    operands: &[Expr],
    parameters: &Param,
) -> Built<Expr> {
    concatenate(builder, &cast(builder, operands, parameters)?, axis_of(parameters)?)
}

pub(super) fn stack_by_name(
    builder: &Builder<'_>,
    _: &str,
    operands: &[Expr],
    parameters: &Param,
) -> Built<Expr> {
    stack(builder, &cast(builder, operands, parameters)?, axis_of(parameters)?)
}
