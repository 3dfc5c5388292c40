//! A slice of a product of matrices is a product of slices; a slice of running sums along another axis, running sums of a
//! slice.

use raskt_core::chunk::AxisChunks;
use raskt_core::{Param, Result};
use raskt_expr::{Context, Expr, Rule};

use super::sliced::{Sliced, keeping};
use crate::blockwise::{inputs, letters};
use crate::builder::{Builder, NativeTokens, chunks};
use crate::parameters::{AXIS, CHUNKS, KWARGS, chunks_param, text, with};
use crate::slicing::{Cut, cut};

/// `(a @ b)[index]`, `x.cumsum(axis)[index]`, and their like.
pub(super) struct SliceBlockwise;

impl Rule for SliceBlockwise {
    fn name(&self) -> &'static str {
        "slice-blockwise"
    }

    fn apply(&self, expr: &Expr, context: &Context<'_>) -> Result<Option<Expr>> {
        let Some(slice) = Sliced::of(expr, context, is_known)?.filter(Sliced::is_part) else {
            return Ok(None);
        };
        let parameters = slice.work.parameters();
        let output = parameters.get("output").map(letters).unwrap_or_default();
        let inputs = inputs(parameters);
        let (mut inner, mut rest) = (Vec::new(), Vec::new());
        for (place, (cut, axis)) in slice.axes().into_iter().zip(slice.chunks.axes()).enumerate() {
            let letter = output.get(place).copied();
            let is_free = along(parameters) != Some(place)
                && letter.is_some_and(|letter| output.iter().filter(|&&found| found == letter).count() == 1);
            let (kept, behind) = keeping(&cut);
            let kept = kept.plain(axis);
            let moves = match letter.filter(|_| is_free && kept != Cut::All) {
                Some(letter) => is_along_all(context, &slice, &inputs, letter, axis)?,
                None => false,
            };
            inner.push(if moves { kept } else { Cut::All });
            rest.push(Some(if moves { behind } else { cut }));
        }
        if inner.iter().all(|cut| *cut == Cut::All) {
            return Ok(None);
        }
        let builder = Builder::new(*context, &NativeTokens);
        let mut operands = Vec::with_capacity(inputs.len());
        for (operand, own) in slice.work.operands().iter().zip(&inputs) {
            let axes = chunks(context.meta(operand)?)?;
            let of_axis = |(letter, axis): (&u16, &AxisChunks)| {
                let place = output.iter().position(|found| found == letter);
                // One element meets all.
                let is_stretched = place.is_some_and(|place| *axis != slice.chunks.axes()[place]);
                place.filter(|_| !is_stretched).map_or(Cut::All, |place| inner[place].clone())
            };
            let cuts: Vec<Cut> = own.iter().zip(axes.axes()).map(of_axis).collect();
            operands.push(cut(&builder, operand, &cuts)?);
        }
        let change = chunks_param(&slice.chunks_left(&inner)?);
        let made = slice.work.varied(operands, with(parameters, [(CHUNKS, change.clone())]), &change)?;
        slice.finish(context, &made, &rest)
    }
}

/// Functions of which an element needs only what lies at its place along the axes of the result.
fn is_known(work: &Expr) -> bool {
    let name = text(work.parameters(), "function");
    let known = match name.strip_prefix("raskt.array._chunk.") {
        Some(
            "matmul_blocks" | "matmul_by_blas" | "matmul_of_bools" | "tensordot_blocks" | "tensordot_by_blas"
            | "einsum_blocks",
        ) => true,
        Some("scan_block" | "scan_before" | "last_of_block") => along(work.parameters()).is_some(),
        Some(_) => false,
        None => matches!(name, "numpy.add" | "numpy.multiply"),
    };
    known && work.operation().as_str() == "blockwise"
}

/// The axis along which elements depend on others.
fn along(parameters: &Param) -> Option<usize> {
    let axis = parameters.get(KWARGS).and_then(|kwargs| kwargs.get(AXIS)).and_then(Param::as_int)?;
    usize::try_from(axis).ok()
}

/// Whether every operand that has the letter is cut along it as the result is, or is stretched along it; and some is not.
fn is_along_all(
    context: &Context<'_>,
    slice: &Sliced<'_>,
    inputs: &[Vec<u16>],
    letter: u16,
    axis: &AxisChunks,
) -> Result<bool> {
    let mut is_there = false;
    for (operand, letters) in slice.work.operands().iter().zip(inputs) {
        let own = chunks(context.meta(operand)?)?;
        for (_, found) in letters.iter().zip(own.axes()).filter(|(found, _)| **found == letter) {
            match found {
                found if found == axis => is_there = true,
                found if found.length() == Some(1) => {}
                _ => return Ok(false),
            }
        }
    }
    Ok(is_there)
}
