//! The rows of rechunking, and what is known of their results.

use raskt_core::{Param, Result};
use raskt_expr::{Arity, Meta};

use crate::builder::array_meta;
use crate::operations::Row;
use crate::parameters::{CHUNKS, chunks_of};

use super::{build, lower};

/// The rows of this family.
#[must_use]
pub fn rows() -> Vec<Row> {
    let rechunk = Row {
        name: "rechunk",
        arity: Arity::Exactly(1),
        meta: rechunk_meta,
        lower: lower::rechunk,
        kernel: None,
        library: Some(lower::JOIN),
        build: build::by_name,
    };
    // Sizes that were not known have been found out: nothing is done but to see that they are what they were.
    vec![rechunk, Row { name: "known", lower: lower::known, library: None, ..rechunk }]
}

fn rechunk_meta(operands: &[Meta], parameters: &Param) -> Result<Meta> {
    let dtype = operands[0].dtype().clone();
    Ok(array_meta(dtype, chunks_of(parameters.get(CHUNKS))?))
}
