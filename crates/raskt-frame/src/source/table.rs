//! The row of partitions in memory.

use std::sync::Arc;

use raskt_core::{ErrorKind, Param, Result, Token, Value};
use raskt_expr::{Arity, Draft, Expr};
use raskt_graph::Body;
use raskt_graph::layer::{Layer, Raw};
use raskt_graph::{Keys, TableBuilder};

use super::held::{HeldTokens, Partitions};
use crate::operations::{COLLECTION, Job, Row};
use crate::{Divisions, FrameMeta, Schema, Table};

/// The operation.
pub const TABLES: &str = "tables";
/// Its parameter: what is held.
pub const PARTITIONS: &str = "partitions";

/// The rows of this family.
#[must_use]
pub fn rows() -> Vec<Row> {
    let mut rows = super::files::rows();
    rows.extend(super::divided::rows());
    rows.push(Row {
        name: TABLES,
        arity: Arity::Exactly(0),
        meta: |_, parameters| held(parameters).map(|held| Some(held.meta().clone())),
        accepts: |_, parameters| held(parameters).is_ok_and(are_tables),
        kernel: None,
        library: Some(crate::library::TO_TABLE),
        lower: lowered,
    });
    rows
}

/// A frame of those partitions, all of `schema`. They are tables, or objects of pandas of which `lengths` says how many rows
/// they have. Frames of equal tokens are one.
///
/// # Errors
/// [`ErrorKind::InvalidValue`] for no partition, for a table of another schema, and for divisions of another number.
pub fn from_tables(
    partitions: Vec<Value>,
    lengths: Option<&[u64]>,
    schema: &Schema,
    divisions: Option<Arc<Divisions>>,
    token: Token,
) -> Result<Expr> {
    let invalid = |what: String| Err(ErrorKind::InvalidValue(what).into());
    if let Some(n) = divisions.as_ref().map(|divisions| divisions.n_partitions())
        && n != partitions.len()
    {
        return invalid(format!("divisions of {n} partitions for {}", partitions.len()));
    }
    let mut all = Vec::with_capacity(partitions.len());
    for (at, value) in partitions.iter().enumerate() {
        let table = Table::of(value).ok();
        if let Some(table) = table.filter(|table| **table.schema() != *schema) {
            return invalid(format!("partition {at} is of {:?}, not of {schema:?}", table.schema()));
        }
        let given = lengths.and_then(|lengths| lengths.get(at)).copied();
        all.push(table.map(|table| table.n_rows() as u64).or(given));
    }
    let meta = FrameMeta { schema: schema.clone(), divisions }.into_meta_of(all)?;
    let held = Partitions::new(token, partitions, meta);
    let parameters = Param::map([(PARTITIONS, Param::Value(Value::Opaque(Arc::new(held))))]);
    Draft { parameters, ..Draft::new(COLLECTION, TABLES) }.finish_with(&HeldTokens)
}

fn held(parameters: &Param) -> Result<&Partitions> {
    let missing = || ErrorKind::InvalidGraph("a frame without its partitions".to_owned()).into();
    Partitions::of(parameters.get(PARTITIONS)).ok_or_else(missing)
}

fn are_tables(held: &Partitions) -> bool {
    held.values().iter().all(|value| Table::of(value).is_ok())
}

/// A task a partition, which holds its value.
fn lowered(job: &mut Job<'_, '_>) -> Result<Layer> {
    let held = held(job.expr.parameters())?;
    let name = raskt_expr::layer_name(job.expr);
    let mut table = TableBuilder::with_capacity(held.values().len(), 0);
    let mut rows = Vec::with_capacity(held.values().len());
    for value in held.values() {
        rows.push(table.push_own(Body::Value(value.clone()), &[])?);
    }
    Ok(Raw::new(Arc::new(table.finish(Keys::Indexed(name), rows)?), Vec::new())?.into())
}
