//! The rows of this family, and what its operations share.

use std::sync::Arc;

use raskt_core::{ErrorKind, Param, Result, Value};
use raskt_exec::{BodyRegistry, Call, Outcome};
use raskt_expr::Meta;
use raskt_graph::Body;

use super::{choose, concat, conform, ends, lengths, repartition};
use crate::operations::{Job, KernelFn, Row};
use crate::{FrameMeta, Schema, Table, library, table};

/// What makes one partition of several, one after another.
pub(crate) const IN_ONE: &str = "frame.joined";

/// The same, with rows numbered from 0.
pub(crate) const RENUMBER: &str = "frame.renumber";

/// The rows of this family.
#[must_use]
pub fn rows() -> Vec<Row> {
    let families = [choose::rows(), concat::rows(), ends::rows(), lengths::rows(), repartition::rows()];
    families.into_iter().flatten().collect()
}

/// Adds the bodies that are no operation's own to `registry`.
///
/// # Errors
/// [`ErrorKind::KeyClash`] where they are there already.
pub fn register(registry: &mut BodyRegistry) -> Result<()> {
    let bodies: [(&str, KernelFn); 5] = [
        (IN_ONE, |call| Ok(inputs(call)?.into())),
        (RENUMBER, |call| Ok(renumbered(&inputs(call)?)?.into())),
        (conform::CONFORM, conform::conform),
        (repartition::PIECE, repartition::piece),
        (repartition::BETWEEN, repartition::between),
    ];
    for (name, body) in bodies {
        registry.add_kernel(name, Arc::new(move |call: &mut Call<'_>| body(call).map(Outcome::Value)))?;
    }
    Ok(())
}

/// What makes one partition of several.
pub(crate) fn whole_body(job: &Job<'_, '_>) -> Result<Body> {
    Ok(match job.is_native()? {
        true => Body::native(IN_ONE),
        false => Body::library(library::WHOLE),
    })
}

/// The method `name` of pandas on several partitions, one after another.
pub(crate) fn joined(name: &str, args: Vec<Param>, kwargs: Param) -> Body {
    let parameters = Param::map([
        ("name", Param::Str(name.into())),
        ("args", Param::List(args.into())),
        ("kwargs", kwargs),
    ]);
    Body::Library { path: library::JOINED.into(), parameters }
}

/// All inputs, one after another.
pub(super) fn inputs(call: &mut Call<'_>) -> Result<Table> {
    call.ctx.cancel.check()?;
    let tables = call.inputs.iter().map(|value| Table::of(value).cloned()).collect::<Result<Vec<_>>>()?;
    table::concat(&tables)
}

/// The same rows, numbered from 0 by an index without a name.
pub(crate) fn renumbered(table: &Table) -> Result<Table> {
    let schema = table.schema();
    let schema = Schema { index: Schema::new(schema.kind, []).index, ..Schema::clone(schema) };
    Table::over_range(schema, table.columns().to_vec(), table.n_rows())
}

/// The keywords of pandas' `reset_index` that numbers rows anew.
pub(crate) fn drop_index() -> Param {
    Param::map([("drop", Param::Bool(true))])
}

/// The kernel's only input.
pub(crate) fn input(inputs: &[Value]) -> Result<&Table> {
    let missing = || ErrorKind::InvalidGraph("a kernel of partitions got none".to_owned());
    Table::of(inputs.first().ok_or_else(missing)?)
}

/// What is known of the only operand.
pub(crate) fn operand(operands: &[Meta]) -> Result<(&Meta, &FrameMeta)> {
    let missing = || ErrorKind::InvalidGraph("an operation on partitions without any".to_owned());
    let meta = operands.first().ok_or_else(missing)?;
    Ok((meta, FrameMeta::of(meta)?))
}

/// A number of rows or partitions among parameters.
pub(crate) fn number(parameters: &Param, name: &str) -> Result<usize> {
    let value = parameters.get(name).and_then(Param::as_int);
    let found = || parameters.get(name).cloned().unwrap_or_default();
    let invalid = || ErrorKind::InvalidValue(format!("{name}={:?}: a number from 0 on is needed", found()));
    value.and_then(|value| usize::try_from(value).ok()).ok_or_else(|| invalid().into())
}
