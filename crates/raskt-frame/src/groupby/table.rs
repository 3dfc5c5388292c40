//! The row of group-bys, and the bodies of the tree that each is.

use std::sync::Arc;

use raskt_core::{ErrorKind, Param, Result, Value};
use raskt_exec::{BodyRegistry, Call, Outcome};
use raskt_expr::{Arity, Expr, Meta};
use raskt_graph::layer::Layer;

use super::{GroupBy, combine, finalise, partial};
use crate::operations::{Job, KernelFn, Row};
use crate::reductions::Tree;
use crate::{FrameMeta, Table};

/// The operation; its parameters are those of [`GroupBy::to_param`].
pub const GROUPBY: &str = "groupby";

const CHUNK: &str = "frame.groupby_chunk";
const COMBINE: &str = "frame.groupby_combine";
const AGGREGATE: &str = "frame.groupby_aggregate";

/// The rows of this family.
#[must_use]
pub fn rows() -> Vec<Row> {
    vec![Row {
        name: GROUPBY,
        arity: Arity::Exactly(1),
        meta: |operands, parameters| meta(operands, parameters).map(Some),
        accepts: |_, _| true,
        kernel: None,
        library: None,
        lower: lowered,
    }]
}

/// Adds the bodies to `registry`.
///
/// # Errors
/// [`ErrorKind::KeyClash`] where they are there already.
pub fn register(registry: &mut BodyRegistry) -> Result<()> {
    let bodies: [(&str, KernelFn); 3] =
        [chunk_body(), (COMBINE, |call| run(call, combine)), (AGGREGATE, |call| run(call, finalise))];
    for (name, body) in bodies {
        registry.add_kernel(name, Arc::new(move |call: &mut Call<'_>| body(call).map(Outcome::Value)))?;
    }
    Ok(())
}

/// What makes the states of a partition, by its registered name.
pub(crate) fn chunk_body() -> (&'static str, KernelFn) {
    (CHUNK, |call| run(call, partial))
}

/// The tree that a group-by is.
pub(crate) fn tree_of(expr: &Expr) -> Tree {
    Tree { chunk: CHUNK, combine: COMBINE, aggregate: AGGREGATE, parameters: expr.parameters().clone() }
}

/// The schema is that of the group-by of no rows.
fn meta(operands: &[Meta], parameters: &Param) -> Result<Meta> {
    let missing = || ErrorKind::InvalidGraph("a group-by of nothing".to_owned());
    let of = FrameMeta::of(operands.first().ok_or_else(missing)?)?;
    let parameters = GroupBy::from_param(parameters)?;
    let states = partial(&[Table::empty(of.schema.clone())?], &parameters)?;
    let result = finalise(&[states], &parameters)?;
    FrameMeta::from(result.schema().as_ref().clone()).into_meta(1)
}

fn lowered(job: &mut Job<'_, '_>) -> Result<Layer> {
    let tables = job.tables(0)?;
    crate::reductions::tree(tables, tree_of(job.expr).bodies())
}

fn run(call: &mut Call<'_>, step: fn(&[Table], &GroupBy) -> Result<Table>) -> Result<Value> {
    call.ctx.cancel.check()?;
    let tables = call.inputs.iter().map(|value| Table::of(value).cloned()).collect::<Result<Vec<_>>>()?;
    Ok(step(&tables, &GroupBy::from_param(call.shared)?)?.into())
}
