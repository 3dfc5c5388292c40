//! Concatenations as expressions.

use raskt_core::chunk::{AxisChunks, Chunks};
use raskt_core::{DType, ErrorKind, Fit, Param, Result};
use raskt_expr::Expr;

use crate::broadcast::refine;
use crate::builder::Builder;
use crate::deferred::{PromisedAxis, is_like, later};
use crate::error::{ArrayError, Built, shape_text};
use crate::parameters::{AXIS, DTYPE, dtype_of, dtype_param, flag};

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

/// The flag of whoever says that sizes which are not known are equal.
const ALLOWS_UNKNOWN: &str = "allows_unknown";

/// Whether operands may differ along an axis of unknown length that is not the one numbered `joined`.
fn may_differ(builder: &Builder<'_>, operands: &[Expr], joined: Option<usize>) -> Result<bool> {
    let all = operands.iter().map(|expr| builder.chunks(expr)).collect::<Result<Vec<_>>>()?;
    if all.iter().any(|chunks| chunks.n_axes() != all[0].n_axes()) {
        return Ok(false);
    }
    for at in (0..all[0].n_axes()).filter(|&at| Some(at) != joined) {
        if all.iter().all(|chunks| chunks.axes()[at].length().is_some()) {
            continue;
        }
        for other in &operands[1..] {
            if !is_like(builder, (&operands[0], at), (other, at))? {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// What is promised of the axes that operands have in common: chunks of known sizes where one has them.
fn common_axes(builder: &Builder<'_>, operands: &[Expr]) -> Result<Vec<PromisedAxis>> {
    let mut axes = PromisedAxis::all_of(builder, &operands[0])?;
    for expr in &operands[1..] {
        for (axis, own) in axes.iter_mut().zip(PromisedAxis::all_of(builder, expr)?) {
            if axis.chunks.length().is_none() && own.chunks.length().is_some() {
                *axis = own;
            }
        }
    }
    Ok(axes)
}

pub(super) fn concatenate_by_name(
    builder: &Builder<'_>,
    name: &str,
    operands: &[Expr],
    parameters: &Param,
) -> Built<Expr> {
    let operands = cast(builder, operands, parameters)?;
    let axis = axis_of(parameters)?;
    let n_axes = operands.first().map_or(Ok(0), |expr| builder.n_axes(expr))?;
    let at = Builder::axis(axis, n_axes).ok();
    match at.filter(|_| !flag(parameters, ALLOWS_UNKNOWN)) {
        Some(at) if may_differ(builder, &operands, Some(at))? => {
            let all = operands.iter().map(|expr| PromisedAxis::of(builder, expr, at));
            let all = all.collect::<Result<Vec<_>>>()?;
            let lengths = all.iter().map(|axis| axis.length_max).collect::<Option<Vec<u64>>>();
            let mut axes = common_axes(builder, &operands)?;
            axes[at] = PromisedAxis {
                chunks: AxisChunks::from_runs(all.iter().flat_map(|axis| axis.chunks.runs()))?,
                length_max: lengths.map(|lengths| lengths.iter().sum()),
            };
            later(builder, name, &operands, parameters, axes, &builder.dtype(&operands[0])?)
        }
        _ => concatenate(builder, &operands, axis),
    }
}

pub(super) fn stack_by_name(
    builder: &Builder<'_>,
    name: &str,
    operands: &[Expr],
    parameters: &Param,
) -> Built<Expr> {
    let operands = cast(builder, operands, parameters)?;
    let axis = axis_of(parameters)?;
    if operands.is_empty() || flag(parameters, ALLOWS_UNKNOWN) || !may_differ(builder, &operands, None)? {
        return stack(builder, &operands, axis);
    }
    let mut axes = common_axes(builder, &operands)?;
    let at = Builder::axis(axis, axes.len() + 1)?;
    axes.insert(at, PromisedAxis::known(AxisChunks::uniform(operands.len() as u64, 1)?));
    later(builder, name, &operands, parameters, axes, &builder.dtype(&operands[0])?)
}
