//! Blockwise expressions: operands in common chunks along the letters that they share.

use raskt_core::chunk::{AxisChunks, Chunks};
use raskt_core::{ErrorKind, Fit, Param, Result};
use raskt_expr::Expr;

use crate::broadcast::refine;
use crate::builder::Builder;
use crate::deferred::{PromisedAxis, later};
use crate::error::{ArrayError, Built};
use crate::parameters::{CHUNKS, DTYPE, chunks_of, chunks_param, flag, with, without};

/// The letters of a parameter: a list of them.
pub(crate) fn letters(param: &Param) -> Vec<u16> {
    let items = param.as_list().unwrap_or_default();
    items.iter().filter_map(Param::as_int).map(|letter| letter.clamped::<u16>()).collect()
}

/// The letters of each operand.
pub(crate) fn inputs(parameters: &Param) -> Vec<Vec<u16>> {
    let items = parameters.get("inputs").and_then(Param::as_list).unwrap_or_default();
    items.iter().map(letters).collect()
}

/// `function` of the blocks of `operands` that lie at one place, by the letters of their axes.
///
/// The parameters: `function` and `kwargs`; `inputs`, the letters of each operand; `output`, those of the result;
/// `dtype`; `chunks` of the result, unless they are those of the letters; `align`, whether operands are to be brought
/// into common chunks; `contraction` (`"spread"`, `"gather"`, `"join"`), how a task gets blocks along letters that the
/// output lacks; `info`, whether tasks are told where their block lies.
///
/// # Errors
/// Lengths or numbers of blocks that differ along a letter.
pub fn blockwise(builder: &Builder<'_>, operands: &[Expr], parameters: &Param) -> Built<Expr> {
    let inputs = inputs(parameters);
    if inputs.len() != operands.len() {
        let what = format!("letters for {} of {} operands", inputs.len(), operands.len());
        return Err(ErrorKind::InvalidValue(what).into());
    }
    for (expr, letters) in operands.iter().zip(&inputs) {
        let n_axes = builder.n_axes(expr)?;
        if n_axes != letters.len() {
            return Err(ArrayError::value(format!(
                "{} indices for an array of {n_axes} axes",
                letters.len()
            )));
        }
    }
    let operands = match flag(parameters, "align") {
        true => align(builder, operands, &inputs)?,
        false => operands.to_vec(),
    };
    let parameters = match parameters.get(CHUNKS) {
        Some(Param::List(_)) => parameters.clone(),
        _ => with(parameters, [(CHUNKS, own_chunks(builder, &operands, &inputs, parameters)?)]),
    };
    check_counts(builder, &operands, &inputs, &parameters)?;
    let parameters = match parameters.get(DTYPE) {
        Some(Param::Str(_)) => parameters,
        _ => with(&parameters, [(DTYPE, Param::Str("unknown".into()))]),
    };
    builder.make("blockwise", &operands.iter().collect::<Vec<_>>(), parameters)
}

/// Blocks are paired by their number: along a letter an operand has as many as the others, or one that goes with each.
fn check_counts(
    builder: &Builder<'_>,
    operands: &[Expr],
    inputs: &[Vec<u16>],
    parameters: &Param,
) -> Built<()> {
    let output = parameters.get("output").map(letters).unwrap_or_default();
    let result = chunks_of(parameters.get(CHUNKS))?;
    let given = output.iter().copied().zip(result.axes().iter().map(AxisChunks::n_blocks));
    let mut counts: std::collections::BTreeMap<u16, u32> = given.collect();
    for (expr, letters) in operands.iter().zip(inputs) {
        for (letter, axis) in letters.iter().zip(builder.chunks(expr)?.axes()) {
            let n_blocks = axis.n_blocks();
            let count = counts.entry(*letter).or_insert(n_blocks);
            if *count == 1 && !output.contains(letter) {
                *count = n_blocks;
            }
            if n_blocks != 1 && n_blocks != *count {
                let what =
                    format!("{n_blocks} blocks of an array meet {count} along axis {letter}: rechunk one");
                return Err(ArrayError::value(what));
            }
        }
    }
    Ok(())
}

/// The axes that a letter stands for, of more than one element where there are such.
fn axes_of_letter(all: &[Chunks], inputs: &[Vec<u16>], letter: u16) -> Vec<AxisChunks> {
    let mut axes: Vec<AxisChunks> = Vec::new();
    for (chunks, letters) in all.iter().zip(inputs) {
        let here = letters.iter().zip(chunks.axes()).filter(|(found, _)| **found == letter);
        axes.extend(here.map(|(_, axis)| axis.clone()));
    }
    let long: Vec<AxisChunks> = axes.iter().filter(|axis| axis.length() != Some(1)).cloned().collect();
    if long.is_empty() { axes } else { long }
}

fn align(builder: &Builder<'_>, operands: &[Expr], inputs: &[Vec<u16>]) -> Built<Vec<Expr>> {
    let all = operands.iter().map(|expr| builder.chunks(expr)).collect::<Result<Vec<_>>>()?;
    let common = |letter: u16| -> Built<AxisChunks> {
        let axes = axes_of_letter(&all, inputs, letter);
        let first = axes[0].clone();
        if axes.iter().all(|axis| *axis == first) {
            return Ok(first);
        }
        let lengths: Vec<_> = axes.iter().map(AxisChunks::length).collect();
        if lengths.iter().any(Option::is_none) && axes.iter().all(|axis| axis.n_blocks() == first.n_blocks())
        {
            return Ok(first);
        }
        if lengths.iter().any(|length| *length != lengths[0]) {
            let shapes = all.iter().map(|chunks| chunks.shape().to_vec()).collect();
            return Err(ArrayError::Broadcast { shapes });
        }
        Ok(refine(&axes.iter().collect::<Vec<_>>())?)
    };
    let mut aligned = Vec::with_capacity(operands.len());
    for ((expr, own), letters) in operands.iter().zip(&all).zip(inputs) {
        let axes = own.axes().iter().zip(letters).map(|(axis, letter)| {
            let wanted = common(*letter)?;
            match axis.length() == Some(1) && wanted.length() != Some(1) {
                // One element for all of the others' blocks, though it may lie among blocks that have none.
                true => Ok(AxisChunks::uniform(1, 1)?),
                false => Ok(wanted),
            }
        });
        let wanted = Chunks::new(axes.collect::<Built<Vec<_>>>()?)?;
        aligned.push(crate::rechunk::to(builder, expr, &wanted)?);
    }
    Ok(aligned)
}

/// The result is cut as the letters are; letters of `new_chunks` are new.
fn own_chunks(
    builder: &Builder<'_>,
    operands: &[Expr],
    inputs: &[Vec<u16>],
    parameters: &Param,
) -> Built<Param> {
    let all = operands.iter().map(|expr| builder.chunks(expr)).collect::<Result<Vec<_>>>()?;
    let output = parameters.get("output").map(letters).unwrap_or_default();
    let mut axes = Vec::with_capacity(output.len());
    for letter in output {
        let known = axes_of_letter(&all, inputs, letter);
        let new = || {
            let new = parameters.get("new_chunks").and_then(|new| new.get(&letter.to_string()));
            chunks_of(new).ok().and_then(|chunks| chunks.axes().first().cloned())
        };
        let axis = known.first().cloned().or_else(new);
        axes.push(axis.ok_or_else(|| ArrayError::value(format!("how axis {letter} is cut is not said")))?);
    }
    Ok(chunks_param(&Chunks::new(axes)?))
}

pub(super) fn by_name(builder: &Builder<'_>, _: &str, operands: &[Expr], parameters: &Param) -> Built<Expr> {
    blockwise(builder, operands, parameters)
}

/// An array whose axes of one element are stretched, and which gets new axes in front: to `chunks`, or, where sizes are not
/// known, to `shape`, in which null stands for a length that the array has.
pub(crate) fn broadcast_to(
    builder: &Builder<'_>,
    name: &str,
    operands: &[Expr],
    parameters: &Param,
) -> Built<Expr> {
    let [operand] = operands else {
        return Err(ErrorKind::InvalidValue("broadcast_to takes one array".into()).into());
    };
    let own = builder.chunks(operand)?;
    let wanted = match parameters.get("shape") {
        Some(Param::List(shape)) => {
            let axes = stretched(builder, operand, shape)?;
            if own.known_shape().is_err() {
                return later(builder, name, operands, parameters, axes, &builder.dtype(operand)?);
            }
            Chunks::new(axes.into_iter().map(|axis| axis.chunks))?
        }
        _ => chunks_of(parameters.get(CHUNKS))?,
    };
    if own == wanted {
        return Ok(operand.clone());
    }
    let fits = own.n_axes() <= wanted.n_axes()
        && own
            .axes()
            .iter()
            .rev()
            .zip(wanted.axes().iter().rev())
            .all(|(from, to)| from.length() == Some(1) || from.length() == to.length());
    if !fits {
        return Err(ArrayError::Broadcast { shapes: vec![own.shape().to_vec(), wanted.shape().to_vec()] });
    }
    let offset = wanted.n_axes() - own.n_axes();
    let axis = |(from, to): (&AxisChunks, &AxisChunks)| match from.length() {
        Some(1) => AxisChunks::uniform(1, 1),
        _ => Ok(to.clone()),
    };
    let aligned = own.axes().iter().zip(&wanted.axes()[offset..]).map(axis).collect::<Result<Vec<_>>>()?;
    let operand = crate::rechunk::to(builder, operand, &Chunks::new(aligned)?)?;
    let parameters = with(&without(parameters, &["shape"]), [(CHUNKS, chunks_param(&wanted))]);
    builder.make(name, &[&operand], parameters)
}

/// How the axes are cut of what is stretched to `shape`, as far as that is known.
fn stretched(builder: &Builder<'_>, expr: &Expr, shape: &[Param]) -> Built<Vec<PromisedAxis>> {
    let own = PromisedAxis::all_of(builder, expr)?;
    let chunks = builder.chunks(expr)?;
    let lengths: Vec<Option<u64>> =
        shape.iter().map(|length| length.as_int().and_then(|length| u64::try_from(length).ok())).collect();
    let mismatch = || ArrayError::Broadcast { shapes: vec![chunks.shape().to_vec(), lengths.clone()] };
    let offset = lengths.len().checked_sub(own.len()).ok_or_else(mismatch)?;
    let mut axes = Vec::with_capacity(lengths.len());
    for (at, length) in lengths.iter().enumerate() {
        let own = at.checked_sub(offset).map(|at| &own[at]);
        axes.push(match (own, own.and_then(|own| own.chunks.length()), length) {
            (Some(own), _, None) => own.clone(),
            (Some(own), Some(found), Some(length)) if found == *length => own.clone(),
            (Some(_), Some(found), Some(_)) if found != 1 => return Err(mismatch()),
            (_, _, Some(length)) => PromisedAxis::known(AxisChunks::from_sizes([*length])?),
            (None, _, None) => return Err(mismatch()),
        });
    }
    Ok(axes)
}
