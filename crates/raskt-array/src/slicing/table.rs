//! The rows of slices, and what is known of their results.

use raskt_core::{Param, Result};
use raskt_expr::{Arity, Meta};

use crate::builder::{array_meta, chunks};
use crate::operations::Row;

use super::{build, cuts, lazy, lower};

/// The rows of this family.
#[must_use]
pub fn rows() -> Vec<Row> {
    let slice = Row {
        name: "slice",
        arity: Arity::Exactly(1),
        meta: slice_meta,
        lower: lower::slice,
        kernel: Some(("array.slice", crate::operations::are_native)),
        library: Some("raskt.array._chunk.slice_block"),
        build: build::by_name,
    };
    let late = Row { arity: Arity::Exactly(2), ..slice };
    vec![
        slice,
        Row { name: "take_blocks", build: build::blocks, ..slice },
        Row { name: "compress", build: lazy::compress, ..late },
        Row { name: "mask", build: lazy::mask, ..late },
        Row { name: "pick", build: lazy::pick, ..late },
    ]
}

fn slice_meta(operands: &[Meta], parameters: &Param) -> Result<Meta> {
    let own = chunks(&operands[0])?;
    let made = cuts::chunks_left(&own, &cuts::cuts_of(parameters)?)?;
    Ok(array_meta(operands[0].dtype().clone(), made))
}
