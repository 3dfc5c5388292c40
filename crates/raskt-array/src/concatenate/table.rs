//! The rows of joining, and what is known of their results.

use raskt_core::chunk::{AxisChunks, Chunks};
use raskt_core::{Param, Result};
use raskt_expr::{Arity, Meta};

use crate::builder::{array_meta, chunks};
use crate::operations::Row;
use crate::parameters::{AXIS, axis_number};

use super::{build, lower};

/// The rows of this family.
#[must_use]
pub fn rows() -> Vec<Row> {
    let row = Row {
        name: "concatenate",
        arity: Arity::AtLeast(1),
        meta: concatenate_meta,
        lower: lower::concatenate,
        kernel: None,
        library: None,
        build: build::concatenate_by_name,
    };
    let stack = Row {
        name: "stack",
        meta: stack_meta,
        lower: lower::stack,
        kernel: Some(("array.slice", crate::operations::are_native)),
        library: Some("raskt.array._chunk.slice_block"),
        build: build::stack_by_name,
        ..row
    };
    vec![row, stack]
}

/// The axis that a parameter names; builders have put it in order.
pub(super) fn axis_of(parameters: &Param) -> usize {
    axis_number(parameters.get(AXIS).and_then(Param::as_int).unwrap_or(0))
}

fn concatenate_meta(operands: &[Meta], parameters: &Param) -> Result<Meta> {
    let axis = axis_of(parameters);
    let mut axes = chunks(&operands[0])?.axes().to_vec();
    let mut runs = Vec::new();
    for operand in operands {
        runs.extend(chunks(operand)?.axes()[axis].runs());
    }
    axes[axis] = AxisChunks::from_runs(runs)?;
    Ok(array_meta(operands[0].dtype().clone(), Chunks::new(axes)?))
}

fn stack_meta(operands: &[Meta], parameters: &Param) -> Result<Meta> {
    let mut axes = chunks(&operands[0])?.axes().to_vec();
    axes.insert(axis_of(parameters), AxisChunks::uniform(operands.len() as u64, 1)?);
    Ok(array_meta(operands[0].dtype().clone(), Chunks::new(axes)?))
}
