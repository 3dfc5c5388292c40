//! Slices as expressions.

use raskt_core::{ErrorKind, Param, Result};
use raskt_expr::Expr;

use super::cuts::{Cut, cuts_param};
use super::later::{sliced, waits};
use super::{Index, take};
use crate::builder::Builder;
use crate::error::{ArrayError, Built};

/// `expr[index]`; at most one list of picks.
///
/// # Errors
/// What NumPy raises for such an index: too many items, elements that are not there, a second ellipsis.
pub fn slice(builder: &Builder<'_>, expr: &Expr, index: &[Index]) -> Built<Expr> {
    let chunks = builder.chunks(expr)?;
    let n_axes = chunks.n_axes();
    let index = complete(index, n_axes)?;
    if waits(&chunks, &index) {
        return sliced(builder, expr, &chunks, &index);
    }
    let (mut cuts, mut picked, mut axis) = (Vec::with_capacity(index.len()), None, 0);
    for item in &index {
        let length = chunks.axes().get(axis).and_then(|axis| axis.length());
        let cut = item.cut(axis, length)?;
        if let Cut::Picks(picks) = cut {
            if picked.replace((axis, picks)).is_some() {
                let what = "an index with several lists: use vindex for the elements at pairs of places";
                return Err(ErrorKind::NotImplemented(what.into()).into());
            }
            cuts.push(Cut::All);
        } else {
            cuts.push(cut);
        }
        axis += usize::from(*item != Index::New);
    }
    let expr = match picked {
        None => expr.clone(),
        Some((axis, picks)) => take(builder, expr, axis, &picks)?,
    };
    cut(builder, &expr, &cuts)
}

/// What `cuts` take of `expr`.
///
/// # Errors
/// Cuts that do not fit.
pub(crate) fn cut(builder: &Builder<'_>, expr: &Expr, cuts: &[Cut]) -> Built<Expr> {
    if cuts.iter().all(|cut| *cut == Cut::All) {
        return Ok(expr.clone());
    }
    builder.make("slice", &[expr], cuts_param(cuts))
}

/// The index with an item for each axis.
fn complete(index: &[Index], n_axes: usize) -> Built<Vec<Index>> {
    let n_indices = index.iter().filter(|item| !matches!(item, Index::New | Index::Ellipsis)).count();
    if n_indices > n_axes {
        return Err(ArrayError::TooManyIndices { n_axes, n_indices });
    }
    let all =
        || std::iter::repeat_n(Index::Range { start: None, stop: None, step: None }, n_axes - n_indices);
    let mut complete = Vec::with_capacity(n_axes);
    let mut seen = false;
    for item in index {
        match item {
            Index::Ellipsis if seen => return Err(ArrayError::Ellipses),
            Index::Ellipsis => {
                seen = true;
                complete.extend(all());
            }
            other => complete.push(other.clone()),
        }
    }
    if !seen {
        complete.extend(all());
    }
    Ok(complete)
}

pub(super) fn by_name(builder: &Builder<'_>, _: &str, operands: &[Expr], parameters: &Param) -> Built<Expr> {
    let [operand] = operands else {
        return Err(ErrorKind::InvalidValue("a slice takes one array".into()).into());
    };
    let items = parameters.get("index").and_then(Param::as_list).unwrap_or_default();
    let index = items.iter().map(Index::of).collect::<Result<Vec<_>>>()?;
    slice(builder, operand, &index)
}

/// Blocks by their numbers along each axis (`picks`).
pub(super) fn blocks(builder: &Builder<'_>, _: &str, operands: &[Expr], parameters: &Param) -> Built<Expr> {
    let [operand] = operands else {
        return Err(ErrorKind::InvalidValue("blocks are taken of one array".into()).into());
    };
    let axes = parameters.get("picks").and_then(Param::as_list).unwrap_or_default();
    let number = |block: &Param| block.as_int().and_then(|block| u32::try_from(block).ok());
    let cut =
        |axis: &Param| axis.as_list().and_then(|blocks| blocks.iter().map(number).collect()).map(Cut::Blocks);
    let cuts: Option<Vec<Cut>> = axes.iter().map(cut).collect();
    let cuts = cuts.ok_or_else(|| ErrorKind::InvalidValue(format!("{parameters:?} names no blocks")))?;
    builder.make("slice", &[operand], cuts_param(&cuts))
}
