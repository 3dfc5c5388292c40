//! The rows of fused chains, and what is known of their results.

use raskt_core::{Param, Result};
use raskt_expr::{Arity, Meta};

use crate::broadcast::common_chunks;
use crate::builder::{array_meta, chunks};
use crate::error::ArrayError;
use crate::operations::Row;
use crate::parameters::dtype_of;

use super::lower;

/// The rows of this family. Only [`super::Fuse`] makes such expressions.
#[must_use]
pub fn rows() -> Vec<Row> {
    let row = Row {
        name: "fused",
        arity: Arity::AtLeast(0),
        meta: fused_meta,
        lower: lower::fused,
        kernel: None,
        library: None,
        build: |_, name, _, _| Err(ArrayError::value(format!("{name} is made by planning only"))),
    };
    vec![row, Row { name: "folded", meta: folded_meta, lower: lower::folded, ..row }]
}

fn fused_meta(operands: &[Meta], parameters: &Param) -> Result<Meta> {
    let all = operands.iter().map(chunks).collect::<Result<Vec<_>>>()?;
    Ok(array_meta(dtype_of(parameters), common_chunks(&all)?))
}

fn folded_meta(operands: &[Meta], parameters: &Param) -> Result<Meta> {
    crate::reductions::reduction_meta(&[fused_meta(operands, parameters)?], parameters)
}
