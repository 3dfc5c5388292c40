//! The rows of work block by block, and what is known of their results.

use raskt_core::chunk::{AxisChunks, Chunks};
use raskt_core::{ErrorKind, Param, Result};
use raskt_expr::{Arity, Meta};

use crate::builder::{array_meta, chunks};
use crate::operations::Row;
use crate::parameters::{AXIS, CHUNKS, axis_number, chunks_of, dtype_of, integers_of};

use super::{build, lower, transpose};

/// The rows of this family.
#[must_use]
pub fn rows() -> Vec<Row> {
    vec![
        Row {
            name: "blockwise",
            arity: Arity::AtLeast(0),
            meta: given_meta,
            lower: lower::blockwise,
            kernel: None,
            library: None,
            build: build::by_name,
        },
        Row {
            name: "broadcast_to",
            arity: Arity::Exactly(1),
            meta: broadcast_meta,
            lower: lower::broadcast_to,
            kernel: Some(("array.broadcast", crate::operations::are_native)),
            library: Some("raskt.array._chunk.broadcast_block"),
            build: build::broadcast_to,
        },
        Row {
            name: "transpose",
            arity: Arity::Exactly(1),
            meta: transpose_meta,
            lower: lower::transpose,
            kernel: Some(("array.transpose", crate::operations::are_native)),
            library: Some("raskt.array._chunk.transpose"),
            build: transpose::by_name,
        },
    ]
}

fn given_meta(_: &[Meta], parameters: &Param) -> Result<Meta> {
    Ok(array_meta(dtype_of(parameters), chunks_of(parameters.get(CHUNKS))?))
}

fn broadcast_meta(operands: &[Meta], parameters: &Param) -> Result<Meta> {
    Ok(array_meta(operands[0].dtype().clone(), chunks_of(parameters.get(CHUNKS))?))
}

fn transpose_meta(operands: &[Meta], parameters: &Param) -> Result<Meta> {
    let own = chunks(&operands[0])?;
    let axes = integers_of(parameters, AXIS).unwrap_or_default();
    let axis = |at: &i64| -> Result<AxisChunks> {
        let found = own.axes().get(axis_number(*at)).cloned();
        found.ok_or_else(|| {
            ErrorKind::InvalidValue(format!("axes {axes:?} of an array cut into {own}")).into()
        })
    };
    let made = axes.iter().map(axis).collect::<Result<Vec<_>>>()?;
    Ok(array_meta(operands[0].dtype().clone(), Chunks::new(made)?))
}
