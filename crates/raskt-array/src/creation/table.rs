//! The sources.

use raskt_core::{Param, Result};
use raskt_expr::{Arity, Meta};

use super::{build, lower};
use crate::builder::array_meta;
use crate::operations::{LowerFn, Row};
use crate::parameters::{CHUNKS, chunks_of, dtype_of};

/// The rows of this family.
#[must_use]
pub fn rows() -> Vec<Row> {
    let row = |name, lower: LowerFn, library| Row {
        name,
        arity: Arity::Exactly(0),
        meta: source_meta,
        lower,
        kernel: None,
        library,
        build: build::source,
    };
    vec![
        row("full", lower::source, Some("raskt.array._chunk.full")),
        row("arange", lower::source, Some("raskt.array._chunk.arange")),
        row("linspace", lower::source, Some("raskt.array._chunk.linspace")),
        row("eye", lower::source, Some("raskt.array._chunk.eye")),
        row("generate", lower::generate, None),
        row("from_array", lower::from_array, None),
        row("getter", lower::getter, None),
        Row { arity: Arity::AtLeast(0), build: build::random, ..row("random", lower::random, None) },
        row("persisted", lower::persisted, None),
        Row {
            arity: Arity::Exactly(1),
            build: build::taken,
            ..row("from_delayed", lower::from_delayed, None)
        },
        Row { arity: Arity::Exactly(1), build: build::taken, ..row("argument", lower::argument, None) },
    ]
}

/// A source says itself what it makes.
fn source_meta(_: &[Meta], parameters: &Param) -> Result<Meta> {
    Ok(array_meta(dtype_of(parameters), chunks_of(parameters.get(CHUNKS))?))
}
