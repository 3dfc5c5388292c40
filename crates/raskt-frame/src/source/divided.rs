//! The row of frames whose divisions are said.

use std::sync::Arc;

use raskt_core::{ErrorKind, Param, Result, Token, Value};
use raskt_expr::{Arity, Draft, Expr, Meta};
use raskt_graph::Body;
use raskt_graph::layer::Layer;

use super::held::{HeldTokens, Partitions};
use super::table::PARTITIONS;
use crate::operations::{COLLECTION, Job, Row};
use crate::{Divisions, FrameMeta};

/// The operation: the same partitions, whose divisions are those of what the parameter holds.
pub const DIVIDED: &str = "divided";

/// The rows of this family.
pub(super) fn rows() -> Vec<Row> {
    vec![Row {
        name: DIVIDED,
        arity: Arity::Exactly(1),
        meta: |operands, parameters| meta(operands, parameters).map(Some),
        accepts: |_, _| false,
        kernel: None,
        library: Some(crate::library::METHOD),
        lower: lowered,
    }]
}

/// `frame` with those divisions, which somebody says that it has.
///
/// # Errors
/// [`ErrorKind::InvalidValue`] for divisions of another number of partitions.
pub fn divided(frame: &Expr, meta: &Meta, divisions: Arc<Divisions>, token: Token) -> Result<Expr> {
    let n_partitions = FrameMeta::n_partitions(meta);
    if divisions.n_partitions() as u64 != n_partitions {
        let what = format!("divisions of {} partitions for {n_partitions}", divisions.n_partitions());
        return Err(ErrorKind::InvalidValue(what).into());
    }
    let own = FrameMeta { divisions: Some(divisions), ..FrameMeta::of(meta)?.clone() };
    let held = Partitions::new(token, Vec::new(), own.into_meta_like(meta));
    let parameters = Param::map([(PARTITIONS, Param::Value(Value::Opaque(Arc::new(held))))]);
    let draft = Draft { operands: vec![frame.clone()], parameters, ..Draft::new(COLLECTION, DIVIDED) };
    draft.finish_with(&HeldTokens)
}

/// As the operand, with the divisions.
fn meta(operands: &[Meta], parameters: &Param) -> Result<Meta> {
    let missing = || ErrorKind::InvalidGraph("a frame without the divisions that were said".to_owned());
    let held = Partitions::of(parameters.get(PARTITIONS)).ok_or_else(missing)?;
    let first = operands.first().ok_or_else(missing)?;
    let divisions = FrameMeta::of(held.meta())?.divisions.clone();
    let own = FrameMeta { schema: FrameMeta::of(first)?.schema.clone(), divisions };
    Ok(own.into_meta_like(first))
}

/// The partitions as they are.
fn lowered(job: &mut Job<'_, '_>) -> Result<Layer> {
    let operand = job.operand(0)?;
    crate::operations::partitionwise(Body::Alias, &[operand], job.n_partitions()?)
}
