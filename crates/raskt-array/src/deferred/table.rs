//! The row of deferred operations: what is promised of their results.

use raskt_core::{ErrorKind, Param, Result};
use raskt_expr::{Arity, Expr, Meta};

use super::growth;
use crate::builder::{Builder, array_meta};
use crate::error::Built;
use crate::operations::Row;
use crate::parameters::{CHUNKS, chunks_of, dtype_of};

/// The operation.
pub const DEFERRED: &str = "deferred";
/// The parameter that says what is to be done once the operands' sizes are known.
pub const RECIPE: &str = "recipe";
/// The parameter with a bound for the length of each axis, or null.
pub const BOUNDS: &str = "bounds";

/// The row of this family.
#[must_use]
pub fn rows() -> Vec<Row> {
    let deferred = Row {
        name: DEFERRED,
        arity: Arity::AtLeast(1),
        meta: deferred_meta,
        lower: growth::lower,
        kernel: None,
        library: None,
        build: by_name,
    };
    let given = Row { name: growth::GIVEN, arity: Arity::Exactly(0), lower: growth::given, ..deferred };
    vec![deferred, given]
}

fn deferred_meta(_: &[Meta], parameters: &Param) -> Result<Meta> {
    Ok(array_meta(dtype_of(parameters), chunks_of(parameters.get(CHUNKS))?))
}

fn by_name(builder: &Builder<'_>, _: &str, operands: &[Expr], parameters: &Param) -> Built<Expr> {
    if !matches!(parameters.get(RECIPE), Some(Param::Bytes(_))) {
        return Err(ErrorKind::InvalidValue("a deferred operation needs a recipe".into()).into());
    }
    builder.make(DEFERRED, &operands.iter().collect::<Vec<_>>(), parameters.clone())
}
