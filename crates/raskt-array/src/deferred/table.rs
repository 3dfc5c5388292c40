//! The row of deferred operations: what is promised of their results.

use raskt_core::{ErrorKind, Param, Result};
use raskt_expr::{Arity, Expr, Meta};
use raskt_graph::Body;
use raskt_graph::layer::{Formula, Layer, Returns, Source};

use crate::builder::{Builder, array_meta};
use crate::error::Built;
use crate::operations::{Job, Row};
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
    vec![Row {
        name: DEFERRED,
        arity: Arity::AtLeast(1),
        meta: deferred_meta,
        lower: promised,
        kernel: None,
        library: None,
        build: by_name,
    }]
}

fn deferred_meta(_: &[Meta], parameters: &Param) -> Result<Meta> {
    Ok(array_meta(dtype_of(parameters), chunks_of(parameters.get(CHUNKS))?))
}

/// Blocks that `explain` shows and no computation runs: it has put what the recipe says here before it plans.
fn promised(job: &mut Job<'_, '_>) -> Result<Layer> {
    let body = Body::native("array.deferred");
    Ok(Source::new(body, job.grid()?, Formula::Constant(Param::Null), Returns::One)?.into())
}

fn by_name(builder: &Builder<'_>, _: &str, operands: &[Expr], parameters: &Param) -> Built<Expr> {
    if !matches!(parameters.get(RECIPE), Some(Param::Bytes(_))) {
        return Err(ErrorKind::InvalidValue("a deferred operation needs a recipe".into()).into());
    }
    builder.make(DEFERRED, &operands.iter().collect::<Vec<_>>(), parameters.clone())
}
