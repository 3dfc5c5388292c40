//! Elements by masks and places that are computed themselves.

use raskt_core::chunk::{AxisChunks, Chunks};
use raskt_core::{ErrorKind, Fit, Param};
use raskt_expr::{Expr, LABEL};

use crate::blockwise::blockwise;
use crate::builder::Builder;
use crate::deferred::{PromisedAxis, is_like, later};
use crate::error::{ArrayError, Built};
use crate::parameters::{AXIS, CHUNKS, DTYPE, chunks_param, dtype_param, integers};
use crate::reshape::reshape;

/// What leaves out the elements of a block for which a mask is false.
pub const COMPRESS: &str = "raskt.array._chunk.compress";
/// What users call it all.
const GETITEM: &str = "getitem";

fn pair<'e>(operands: &'e [Expr], parameters: &Param) -> Built<(&'e Expr, &'e Expr, i64)> {
    match operands {
        [expr, other] => Ok((expr, other, parameters.get(AXIS).and_then(Param::as_int).unwrap_or(0))),
        _ => Err(ErrorKind::InvalidValue("an array and what is taken of it".into()).into()),
    }
}

/// The elements along `axis` for which a mask of one axis is true: chunks of sizes that are not known.
pub(super) fn compress(
    builder: &Builder<'_>,
    name: &str,
    operands: &[Expr],
    parameters: &Param,
) -> Built<Expr> {
    let (expr, mask, axis) = pair(operands, parameters)?;
    let (own, laid) = (builder.chunks(expr)?, builder.chunks(mask)?);
    let at = Builder::axis(axis, own.n_axes())?;
    let [along] = laid.axes() else {
        let what = "a mask of some of the axes: index with nonzero(mask), or flatten those axes";
        return Err(ErrorKind::NotImplemented(what.into()).into());
    };
    match (own.axes()[at].length(), along.length()) {
        (Some(length), Some(found)) if length != found => Err(ArrayError::Mask { axis: at, length, found }),
        (Some(_), Some(_)) => {
            let mask = crate::rechunk::to(builder, mask, &Chunks::new([own.axes()[at].clone()])?)?;
            compressed(builder, expr, &mask, at)
        }
        _ if is_like(builder, (expr, at), (mask, 0))? => compressed(builder, expr, mask, at),
        _ => {
            let mut axes = PromisedAxis::all_of(builder, expr)?;
            axes[at] = PromisedAxis::unknown(own.axes()[at].n_blocks(), axes[at].length_max)?;
            later(builder, name, operands, parameters, axes, &builder.dtype(expr)?)
        }
    }
}

fn compressed(builder: &Builder<'_>, expr: &Expr, mask: &Expr, axis: usize) -> Built<Expr> {
    let mut axes = builder.chunks(expr)?.axes().to_vec();
    axes[axis] = AxisChunks::unknown(axes[axis].n_blocks())?;
    let letters = integers(0..axes.len().clamped::<i64>());
    let axis = axis.clamped::<i64>();
    let parameters = Param::map([
        ("function", Param::Str(COMPRESS.into())),
        ("kwargs", Param::map([(AXIS, Param::Int(axis))])),
        ("output", letters.clone()),
        ("inputs", Param::List([letters, integers([axis])].into())),
        (CHUNKS, chunks_param(&Chunks::new(axes)?)),
        (DTYPE, dtype_param(&builder.dtype(expr)?)),
        (LABEL, Param::Str(GETITEM.into())),
    ]);
    blockwise(builder, &[expr.clone(), mask.clone()], &parameters)
}

/// The elements for which a mask of all axes is true, in one row and in NumPy's order.
pub(super) fn mask(builder: &Builder<'_>, name: &str, operands: &[Expr], parameters: &Param) -> Built<Expr> {
    let (expr, mask, _) = pair(operands, parameters)?;
    let (own, laid) = (builder.chunks(expr)?, builder.chunks(mask)?);
    if own.n_axes() != laid.n_axes() {
        let (n_axes, n_indices) = (own.n_axes(), laid.n_axes());
        return Err(ArrayError::TooManyIndices { n_axes, n_indices });
    }
    for (axis, (length, found)) in own.shape().into_iter().zip(laid.shape()).enumerate() {
        if let (Some(length), Some(found)) = (length, found)
            && length != found
        {
            return Err(ArrayError::Mask { axis, length, found });
        }
    }
    let Ok(lengths) = own.known_shape().and_then(|lengths| laid.known_shape().map(|_| lengths)) else {
        let bounds = PromisedAxis::all_of(builder, expr)?.into_iter().map(|axis| axis.length_max);
        let bounds = bounds.collect::<Option<Vec<u64>>>();
        let n_max = bounds.and_then(|bounds| bounds.into_iter().try_fold(1_u64, u64::checked_mul));
        let n_blocks = own.grid().iter().copied().max().unwrap_or(1);
        let axes = vec![PromisedAxis::unknown(n_blocks, n_max)?];
        return later(builder, name, operands, parameters, axes, &builder.dtype(expr)?);
    };
    // In C order whole rows must lie in a chunk.
    let row = [lengths.iter().product()];
    let mask = crate::rechunk::to(builder, mask, &own)?;
    let (flat, mask) = (reshape(builder, expr, &row)?, reshape(builder, &mask, &row)?);
    let mask = crate::rechunk::to(builder, &mask, &builder.chunks(&flat)?)?;
    compressed(builder, &flat, &mask, 0)
}

/// The elements along `axis` at places of one axis: each block gives what lies in it, zeros elsewhere.
pub(super) fn pick(builder: &Builder<'_>, name: &str, operands: &[Expr], parameters: &Param) -> Built<Expr> {
    let (expr, places, axis) = pair(operands, parameters)?;
    let own = builder.chunks(expr)?;
    let at = Builder::axis(axis, own.n_axes())?;
    let picked = PromisedAxis::all_of(builder, places)?;
    let [along] = picked.as_slice() else {
        let what = "an index of several axes that has not been computed: flatten it, or compute it";
        return Err(ErrorKind::NotImplemented(what.into()).into());
    };
    let Some(length) = own.axes()[at].length() else {
        let mut axes = PromisedAxis::all_of(builder, expr)?;
        axes[at] = along.clone();
        return later(builder, name, operands, parameters, axes, &builder.dtype(expr)?);
    };
    let n_axes = own.n_axes().clamped::<i64>();
    let letters: Vec<i64> = (0..n_axes).collect();
    let mut output = letters.clone();
    output.insert(at + 1, n_axes);
    let mut axes = own.axes().to_vec();
    axes[at] = AxisChunks::uniform(axes[at].n_blocks().into(), 1)?;
    axes.insert(at + 1, along.chunks.clone());
    let dtype = dtype_param(&builder.dtype(expr)?);
    let label = Param::Str(GETITEM.into());
    let size = Param::Int(length.clamped::<i64>());
    let axis = Param::Int(at.clamped::<i64>());
    let found = Param::map([
        ("function", Param::Str("raskt.array._chunk.picked_block".into())),
        ("kwargs", Param::map([(AXIS, axis.clone()), ("size", size)])),
        ("output", integers(output)),
        ("inputs", Param::List([integers(letters), integers([n_axes])].into())),
        (CHUNKS, chunks_param(&Chunks::new(axes)?)),
        (DTYPE, dtype.clone()),
        ("info", Param::Bool(true)),
        (LABEL, label.clone()),
    ]);
    let found = blockwise(builder, &[expr.clone(), places.clone()], &found)?;
    let overlay = || Param::Str("raskt.array._chunk.overlay".into());
    let overlaid = Param::map([
        (AXIS, integers([at.clamped::<i64>()])),
        (DTYPE, dtype),
        ("chunk", overlay()),
        ("combine", overlay()),
        ("aggregate", Param::Str("raskt.array._chunk.overlaid".into())),
        ("kwargs", Param::map([(AXIS, axis)])),
        (LABEL, label),
    ]);
    builder.make("reduction", &[&found], overlaid)
}
