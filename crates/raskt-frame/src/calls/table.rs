//! The rows of users' functions. What these return is declared by the parameter `schema`, and checked.

use std::sync::Arc;

use raskt_core::{ErrorKind, Fit, Param, Result};
use raskt_expr::{Arity, Meta, layer_name};
use raskt_graph::layer::{Layer, Raw};
use raskt_graph::{Body, Keys, TableBuilder};

use crate::arguments::{get, list};
use crate::operations::{Job, LowerFn, MetaFn, Row};
use crate::{FrameMeta, Schema, library};

/// A function on the partitions of operand 0, one by one; the parameters are those of [`library::CALL`], [`CLEARS`],
/// [`ALIGNS`] and [`KEEPS`].
pub const CALL: &str = "call";
/// Whether the index may be another one, so that divisions are not known any more.
pub const CLEARS: &str = "clears";
/// Whether the partitions of all operands have to have rows with the same labels, as those of operators have.
pub const ALIGNS: &str = "aligns";
/// Whether the rows are those of operand 0, under the same index.
pub const KEEPS: &str = "keeps";
/// A function on each of the lists of arguments in the parameter `items`: a partition each.
pub const FROM_MAP: &str = "from_map";
/// The values of delayed calls, a partition each; `checks` says whether they are compared with the schema.
pub const FROM_DELAYED: &str = "from_delayed";

/// The rows of this family.
#[must_use]
pub fn rows() -> Vec<Row> {
    let row = |name, arity, meta: MetaFn, library, lower: LowerFn| Row {
        name,
        arity,
        meta,
        accepts: |_, _| false,
        kernel: None,
        library: Some(library),
        lower,
    };
    let mut rows = super::tree::rows();
    rows.extend([
        row(CALL, Arity::AtLeast(1), call_meta, library::CALL, call),
        row(FROM_MAP, Arity::Exactly(0), from_map_meta, library::CALL, from_map),
        row(FROM_DELAYED, Arity::AtLeast(1), from_delayed_meta, library::CHECKED, from_delayed),
    ]);
    rows
}

pub(super) fn schema(parameters: &Param) -> Result<Schema> {
    Schema::from_param(get(parameters, "schema"))
}

fn call_meta(operands: &[Meta], parameters: &Param) -> Result<Option<Meta>> {
    let missing = || ErrorKind::InvalidGraph("a call without operands".to_owned());
    let first = operands.first().ok_or_else(missing)?;
    let clears = get(parameters, CLEARS) == &Param::Bool(true);
    let divisions = if clears { None } else { FrameMeta::of(first)?.divisions.clone() };
    let n_partitions = operands.iter().map(FrameMeta::n_partitions).max().unwrap_or(1);
    let own = FrameMeta { schema: schema(parameters)?, divisions };
    if get(parameters, KEEPS) == &Param::Bool(true) && FrameMeta::n_partitions(first) == n_partitions {
        return Ok(Some(own.into_meta_like(first)));
    }
    own.into_meta(n_partitions.fit::<u32>()).map(Some)
}

/// A task a partition.
fn call(job: &mut Job<'_, '_>) -> Result<Layer> {
    let (body, operands) = (job.body()?, job.all_operands()?);
    crate::operations::partitionwise(body, &operands, job.n_partitions()?)
}

fn from_map_meta(_: &[Meta], parameters: &Param) -> Result<Option<Meta>> {
    FrameMeta::from(schema(parameters)?).into_meta(list(parameters, "items").len().fit::<u32>()).map(Some)
}

/// A task for each list of arguments.
fn from_map(job: &mut Job<'_, '_>) -> Result<Layer> {
    let parameters = job.expr.parameters();
    let shared = ["function", "kwargs", "schema", "checks"].map(|name| (name, get(parameters, name).clone()));
    let body = Body::Library { path: library::CALL.into(), parameters: Param::map(shared) };
    let items = list(parameters, "items");
    let mut table = TableBuilder::with_capacity(items.len(), 0);
    let body = table.body(body);
    let mut rows = Vec::with_capacity(items.len());
    for item in items {
        rows.push(table.push_with(body, Param::map([("args", item.clone())]), &[])?);
    }
    Ok(Raw::new(Arc::new(table.finish(Keys::Indexed(layer_name(job.expr)), rows)?), Vec::new())?.into())
}

fn from_delayed_meta(operands: &[Meta], parameters: &Param) -> Result<Option<Meta>> {
    FrameMeta::from(schema(parameters)?).into_meta(operands.len().fit::<u32>()).map(Some)
}

/// A task for each value, which looks at it.
fn from_delayed(job: &mut Job<'_, '_>) -> Result<Layer> {
    let given = ["schema", "checks"].map(|name| (name, get(job.expr.parameters(), name).clone()));
    let parameters = Param::map(given);
    let n_values = job.operands.len();
    let mut table = TableBuilder::with_capacity(2 * n_values, n_values);
    let body = table.body(Body::Library { path: library::CHECKED.into(), parameters });
    let mut values = Vec::with_capacity(n_values);
    let mut externals = Vec::with_capacity(n_values);
    for (at, lowered) in job.operands.iter().enumerate() {
        let missing = || ErrorKind::InvalidGraph(format!("the value of partition {at} is missing"));
        externals.push(lowered.keys().next().ok_or_else(missing)?);
        values.push(table.push_own(Body::Input(at.fit::<u32>()), &[])?);
    }
    let rows = values.iter().map(|&value| table.push(body, &[value])).collect::<Result<Vec<_>>>()?;
    let keys = Keys::Indexed(layer_name(job.expr));
    Ok(Raw::new(Arc::new(table.finish(keys, rows)?), externals)?.into())
}
