//! Reductions as expressions.

use raskt_core::chunk::AxisChunks;
use raskt_core::{DType, ErrorKind, Fit, Param};
use raskt_expr::Expr;

use crate::builder::Builder;
use crate::deferred::{PromisedAxis, later};
use crate::error::{ArrayError, Built};
use crate::kernels::FoldKind;
use crate::parameters::{AXIS, DTYPE, dtype_of, dtype_param, flag, integers, integers_of, with, without};

/// `name(expr, axis, keepdims)`, for a name of [`REDUCTIONS`](super::REDUCTIONS); no axes are all axes.
///
/// # Errors
/// [`ArrayError::Axis`]; dtypes for which there is no such function.
pub fn reduce(
    builder: &Builder<'_>,
    name: &str,
    expr: &Expr,
    axes: Option<&[i64]>,
    keepdims: bool,
) -> Built<Expr> {
    let axis = axes.map_or(Param::Null, |axes| integers(axes.iter().copied()));
    let parameters = Param::map([(AXIS, axis), ("keepdims", Param::Bool(keepdims))]);
    by_name(builder, name, std::slice::from_ref(expr), &parameters)
}

pub(super) fn by_name(
    builder: &Builder<'_>,
    name: &str,
    operands: &[Expr],
    parameters: &Param,
) -> Built<Expr> {
    let operand = lone(operands)?;
    let axes = axes(builder, operand, parameters)?;
    check_not_empty(builder, name, operand, &axes)?;
    let dtype = match parameters.get(DTYPE) {
        Some(Param::Str(_)) => dtype_of(parameters),
        _ if keeps_objects(builder, name, operand, &axes, flag(parameters, "keepdims"))? => {
            builder.meta(operand)?.dtype().clone()
        }
        _ => result_dtype(builder, name, operand)?,
    };
    let waits = waits_for_places(builder, name, operand, &axes)?;
    let parameters = with(parameters, [(AXIS, integers(axes)), (DTYPE, dtype_param(&dtype))]);
    match waits {
        true => reduced_later(builder, name, operand, &parameters),
        false => builder.make(name, &[operand], parameters),
    }
}

/// The parameter that says how many elements a reduction leaves at the most along its axis: as many as there are, if fewer.
const SIZE_MAX: &str = "output_size_max";
/// The parameter of reductions that need to know where blocks begin.
const WAITS: &str = "waits";

/// A reduction by functions of the user's.
pub(super) fn custom(
    builder: &Builder<'_>,
    name: &str,
    operands: &[Expr],
    parameters: &Param,
) -> Built<Expr> {
    let operand = lone(operands)?;
    let axes = axes(builder, operand, parameters)?;
    let own = builder.chunks(operand)?;
    let mut parameters = with(parameters, [(AXIS, integers(axes.iter().copied()))]);
    if flag(&parameters, WAITS) && own.known_shape().is_err() {
        return reduced_later(builder, name, operand, &parameters);
    }
    if let (Some(most), &[axis]) = (parameters.get(SIZE_MAX).and_then(Param::as_int), axes.as_slice()) {
        let length = own.axes()[axis.clamped::<usize>()].length().map_or(most, Fit::clamped);
        parameters = with(&parameters, [("output_size", Param::Int(most.min(length)))]);
    }
    builder.make(name, &[operand], without(&parameters, &[SIZE_MAX, WAITS]))
}

/// A reduction, planned once it is known where the blocks of its operand begin.
fn reduced_later(builder: &Builder<'_>, name: &str, operand: &Expr, parameters: &Param) -> Built<Expr> {
    let reduced = integers_of(parameters, AXIS).unwrap_or_default();
    let number = |name: &str| parameters.get(name).and_then(Param::as_int);
    let mut axes = Vec::new();
    for (at, own) in (0_i64..).zip(PromisedAxis::all_of(builder, operand)?) {
        if !reduced.contains(&at) {
            axes.push(own);
        } else if flag(parameters, "keepdims") {
            axes.push(match (number(SIZE_MAX), number("output_size")) {
                (Some(most), _) => PromisedAxis::unknown(1, u64::try_from(most).ok())?,
                (None, Some(-1)) => PromisedAxis::unknown(1, None)?,
                (None, size) => PromisedAxis::known(AxisChunks::from_sizes([size.unwrap_or(1).clamped()])?),
            });
        }
    }
    let operands = std::slice::from_ref(operand);
    later(builder, name, operands, parameters, axes, &dtype_of(parameters))
}

fn lone(operands: &[Expr]) -> Built<&Expr> {
    match operands {
        [operand] => Ok(operand),
        _ => Err(ErrorKind::InvalidValue("a reduction takes one array".into()).into()),
    }
}

/// The axes to be reduced, in order.
fn axes(builder: &Builder<'_>, operand: &Expr, parameters: &Param) -> Built<Vec<i64>> {
    let n_axes = builder.n_axes(operand)?;
    let Some(asked) = integers_of(parameters, AXIS) else {
        return Ok((0..n_axes.clamped::<i64>()).collect());
    };
    let mut axes = Vec::with_capacity(asked.len());
    for axis in asked {
        let axis = Builder::axis(axis, n_axes)?.clamped::<i64>();
        if axes.contains(&axis) {
            return Err(ArrayError::value("duplicate value in 'axis'"));
        }
        axes.push(axis);
    }
    axes.sort_unstable();
    Ok(axes)
}

/// The smallest of nothing does not exist.
fn check_not_empty(builder: &Builder<'_>, name: &str, operand: &Expr, axes: &[i64]) -> Built<()> {
    let lengths = builder.chunks(operand)?.shape();
    if !axes.iter().any(|axis| lengths[(*axis).clamped::<usize>()] == Some(0)) {
        return Ok(());
    }
    let kind = name.strip_prefix("nan").unwrap_or(name);
    match kind {
        "argmax" | "argmin" => Err(ArrayError::value(format!("attempt to get {kind} of an empty sequence"))),
        "max" | "min" => {
            let ufunc = match name {
                "max" => "maximum",
                "min" => "minimum",
                "nanmax" => "fmax",
                _ => "fmin",
            };
            let what = format!("zero-size array to reduction operation {ufunc} which has no identity");
            Err(ArrayError::value(what))
        }
        _ => Ok(()),
    }
}

/// Where an element is can be told only if it is known where its block begins, and how long rows are.
fn waits_for_places(builder: &Builder<'_>, name: &str, operand: &Expr, axes: &[i64]) -> Built<bool> {
    let chunks = builder.chunks(operand)?;
    let is_flat = axes.len() > 1;
    let is_unknown = |&axis: &i64| {
        let along = &chunks.axes()[axis.clamped::<usize>()];
        along.length().is_none() && (is_flat || along.n_blocks() > 1)
    };
    Ok(name.contains("arg") && axes.iter().any(is_unknown))
}

/// Whether a mean of objects stays an array of objects: one of all elements is what they divide to.
fn keeps_objects(
    builder: &Builder<'_>,
    name: &str,
    operand: &Expr,
    axes: &[i64],
    keepdims: bool,
) -> Built<bool> {
    let is_mean = matches!(name.strip_prefix("nan").unwrap_or(name), "mean" | "var");
    let is_array = keepdims || axes.len() < builder.chunks(operand)?.n_axes();
    let is_object = matches!(builder.meta(operand)?.dtype(), DType::Foreign(dtype) if &**dtype == "|O");
    Ok(is_mean && is_array && is_object)
}

fn result_dtype(builder: &Builder<'_>, name: &str, operand: &Expr) -> Built<DType> {
    let meta = builder.meta(operand)?;
    match name.strip_prefix("nan").unwrap_or(name) {
        "argmax" | "argmin" => Ok(DType::Int64),
        "all" | "any" => Ok(DType::Bool),
        _ if *meta.dtype() == DType::Unknown => Ok(DType::Unknown),
        "max" | "min" => Ok(meta.dtype().clone()),
        _ => {
            if let Some(dtype) = FoldKind::parse(name).and_then(|kind| kind.output(meta.dtype())) {
                return Ok(dtype);
            }
            let path = format!("numpy.{name}");
            Ok(builder.context.library.meta(&path, std::slice::from_ref(meta), &Param::Null)?.dtype().clone())
        }
    }
}
