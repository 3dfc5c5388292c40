//! The rows of what is taken of arrays.

use raskt_core::{Param, Result};
use raskt_expr::{Arity, Meta};

use super::lower;
use crate::error::ArrayError;
use crate::operations::{LowerFn, Row};

/// The parameter that says which block.
pub(super) const NUMBER: &str = "number";

/// The operation that takes one block.
pub(super) const BLOCK: &str = "block";

/// The rows of this family.
#[must_use]
pub fn rows() -> Vec<Row> {
    let row = |name, lower: LowerFn| Row {
        name,
        arity: Arity::Exactly(1),
        meta: object_meta,
        lower,
        kernel: None,
        library: None,
        build: |_, name, _, _| Err(ArrayError::value(format!("{name} is no array"))),
    };
    vec![row("assemble", lower::assemble), row("blocks", lower::blocks), row(BLOCK, lower::block)]
}

/// It is one value, whatever the library makes of it.
fn object_meta(_: &[Meta], _: &Param) -> Result<Meta> {
    Ok(Meta::unknown("object"))
}
