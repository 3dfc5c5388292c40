//! Elements that are chosen by where they are, or by what they are.

use raskt_core::chunk::{AxisChunks, Chunks};
use raskt_core::{DType, Fit, Param, Result};
use raskt_expr::{Expr, LABEL};

use super::table::{axis_of, lone};
use crate::blockwise::blockwise;
use crate::builder::Builder;
use crate::deferred::{PromisedAxis, later};
use crate::error::{ArrayError, Built};
use crate::library::CHUNK;
use crate::parameters::{CHUNKS, DTYPE, chunks_param, dtype_param, integers, integers_of};
use crate::slicing::{Index, slice, take};

/// `{"repeats", "axis"}`: each element as often as a list says, which has one number for each, or one for all.
pub(super) fn repeat(
    builder: &Builder<'_>,
    name: &str,
    operands: &[Expr],
    parameters: &Param,
) -> Built<Expr> {
    let operand = lone(operands)?;
    let axis = axis_of(parameters, builder.n_axes(operand)?)?;
    let repeats = integers_of(parameters, "repeats").unwrap_or_default();
    if repeats.iter().any(|&n| n < 0) {
        return Err(ArrayError::value("repeats may not contain negative values."));
    }
    let Some(length) = builder.chunks(operand)?.axes()[axis].length() else {
        let mut axes = PromisedAxis::all_of(builder, operand)?;
        let n = repeats.iter().map(|&n| n.clamped::<u64>()).fold(0, u64::saturating_add);
        axes[axis] = PromisedAxis::known(AxisChunks::from_sizes([n])?);
        return later(builder, name, operands, parameters, axes, &builder.dtype(operand)?);
    };
    if repeats.len() != 1 && repeats.len() as u64 != length {
        let n = repeats.len();
        let what = format!("operands could not be broadcast together with shape ({length},) ({n},)");
        return Err(ArrayError::value(what));
    }
    let times = repeats.iter().copied().cycle().take(length.fit());
    let picks = (0..length).zip(times).flat_map(|(at, n)| std::iter::repeat_n(at, n.clamped()));
    take(builder, operand, axis, &picks.collect::<Vec<u64>>())
}

/// `{"offset"}`: the diagonals of the last two axes, as the last one.
pub(super) fn diagonal(
    builder: &Builder<'_>,
    name: &str,
    operands: &[Expr],
    parameters: &Param,
) -> Built<Expr> {
    let operand = lone(operands)?;
    let own = builder.chunks(operand)?;
    let [before @ .., rows, columns] = own.axes() else {
        return Err(ArrayError::value("diag requires an array of at least two dimensions"));
    };
    let offset = parameters.get("offset").and_then(Param::as_int).unwrap_or(0);
    let (Some(n_rows), Some(n_columns)) = (rows.length(), columns.length()) else {
        let mut axes = PromisedAxis::all_of(builder, operand)?;
        let longest = axes[before.len()..].iter().filter_map(|axis| axis.length_max).min();
        axes.truncate(before.len());
        axes.push(PromisedAxis::unknown(rows.n_blocks().min(columns.n_blocks()), longest)?);
        return later(builder, name, operands, parameters, axes, &builder.dtype(operand)?);
    };
    let (row, column) = (offset.min(0).unsigned_abs(), offset.max(0).unsigned_abs());
    let n = n_rows.saturating_sub(row).min(n_columns.saturating_sub(column)).clamped::<i64>();
    let (row, column) = (row.clamped::<i64>(), column.clamped::<i64>());
    let range = |start: i64| Index::from(start..start.saturating_add(n));
    let square = slice(builder, operand, &[Index::Ellipsis, range(row), range(column)])?;
    let mut axes = builder.chunks(&square)?.axes().to_vec();
    axes.pop();
    let diagonal = Chunks::new(axes.clone())?;
    axes.extend(axes.last().cloned());
    // Of all blocks only those on the diagonal are asked for.
    let square = crate::rechunk::to(builder, &square, &Chunks::new(axes)?)?;
    let last = before.len().clamped::<i64>();
    let parameters = Param::map([
        ("function", Param::Str(format!("{CHUNK}.diagonal").into())),
        ("output", integers(0..=last)),
        ("inputs", Param::List([integers((0..=last).chain([last]))].into())),
        (CHUNKS, chunks_param(&diagonal)),
        (DTYPE, dtype_param(&builder.dtype(operand)?)),
    ]);
    blockwise(builder, &[square], &parameters)
}

/// `{"label"}`: the indices of the elements that are not zero, one row each.
pub(super) fn argwhere(
    builder: &Builder<'_>,
    name: &str,
    operands: &[Expr],
    parameters: &Param,
) -> Built<Expr> {
    let operand = lone(operands)?;
    let own = builder.chunks(operand)?;
    let n_axes = own.n_axes() as u64;
    if own.known_shape().is_err() && own.n_blocks() > 1 {
        // Where a block begins is known only with the sizes of those before.
        let bounds = PromisedAxis::all_of(builder, operand)?.into_iter().map(|axis| axis.length_max);
        let bounds = bounds.collect::<Option<Vec<u64>>>();
        let longest = bounds.and_then(|bounds| bounds.into_iter().try_fold(1_u64, u64::checked_mul));
        let rows = PromisedAxis::unknown(own.axes()[0].n_blocks(), longest)?;
        let axes = vec![rows, PromisedAxis::known(AxisChunks::from_sizes([n_axes])?)];
        return later(builder, name, operands, parameters, axes, &DType::Int64);
    }
    // Blocks of whole rows come in NumPy's order.
    let whole = match own.axes() {
        [first, rest @ ..] if rest.iter().any(|axis| axis.n_blocks() > 1) => {
            let sizes = own.axes().iter().map(|axis| axis.size_max().unwrap_or(1));
            let block = sizes.fold(1_u64, u64::saturating_mul);
            let row = rest.iter().map(|axis| axis.length().unwrap_or(1)).fold(1_u64, u64::saturating_mul);
            let rows = AxisChunks::uniform(first.length().unwrap_or(0), (block / row.max(1)).max(1))?;
            let one = |axis: &AxisChunks| AxisChunks::from_sizes([axis.length().unwrap_or(0)]);
            let rest = rest.iter().map(one).collect::<Result<Vec<_>>>()?;
            crate::rechunk::to(builder, operand, &Chunks::new(std::iter::once(rows).chain(rest))?)?
        }
        _ => operand.clone(),
    };
    let n_blocks = builder.chunks(&whole)?.axes().first().map_or(1, AxisChunks::n_blocks);
    let chunks = Chunks::new([AxisChunks::unknown(n_blocks)?, AxisChunks::from_sizes([n_axes])?])?;
    let last = n_axes.clamped::<i64>();
    let parameters = Param::map([
        ("function", Param::Str(format!("{CHUNK}.true_places").into())),
        ("output", integers([0, last])),
        ("inputs", Param::List([integers(0..last)].into())),
        (CHUNKS, chunks_param(&chunks)),
        (DTYPE, dtype_param(&DType::Int64)),
        ("info", Param::Bool(true)),
        (LABEL, parameters.get(LABEL).cloned().unwrap_or_else(|| Param::Str(name.into()))),
    ]);
    blockwise(builder, &[whole], &parameters)
}
