//! The row of shuffles.

use std::sync::Arc;

use raskt_core::{ErrorKind, Param, Result};
use raskt_expr::{Arity, Meta};
use raskt_graph::layer::Layer;

use super::HashPartition;
use crate::arguments::{get, list};
use crate::exchange::{self, By, Shuffled};
use crate::operations::{Job, Row};
use crate::{FrameMeta, Key, Kind, Label, Schema, Table};

/// The operation: rows that are equal in the columns `on`, a list of labels, or in the index, where there is no `on`, come into
/// one of `npartitions` partitions; of as many as there are, if it is not given. With `ignore_index`, their index is not kept.
pub const SHUFFLE: &str = "shuffle";

/// The rows of this family.
#[must_use]
pub fn rows() -> Vec<Row> {
    vec![Row {
        name: SHUFFLE,
        arity: Arity::Exactly(1),
        meta: |operands, parameters| meta(operands, parameters).map(Some),
        accepts: |_, _| true,
        kernel: None,
        library: None,
        lower: lowered,
    }]
}

fn by(schema: &Schema, n_before: u64, parameters: &Param) -> Result<HashPartition> {
    let keys: Arc<[Key]> = match get(parameters, "on") {
        Param::Null => (0..schema.index.len()).map(Key::Level).collect(),
        _ => {
            let key = |label: &Param| {
                let label = Label::try_from(label)?;
                schema.position(&label).map(|_| Key::Column(label))
            };
            list(parameters, "on").iter().map(key).collect::<Result<_>>()?
        }
    };
    if keys.is_empty() {
        return Err(ErrorKind::InvalidValue(
            "a shuffle by no column; name one, or shuffle by the index".to_owned(),
        )
        .into());
    }
    let n_pieces = match get(parameters, "npartitions") {
        Param::Null => usize::try_from(n_before).ok(),
        given => given.as_int().and_then(|n| u32::try_from(n).ok()).map(|n| n as usize),
    };
    let invalid = || {
        let found = get(parameters, "npartitions");
        ErrorKind::InvalidValue(format!("npartitions is a number of partitions from 1 on, not {found:?}"))
    };
    let n_pieces = n_pieces.filter(|n| *n > 0).ok_or_else(invalid)?;
    Ok(HashPartition { keys, compared: Arc::new([]), n_pieces })
}

fn meta(operands: &[Meta], parameters: &Param) -> Result<Meta> {
    let missing = || ErrorKind::InvalidGraph("a shuffle of nothing".to_owned());
    let meta = operands.first().ok_or_else(missing)?;
    let schema = FrameMeta::of(meta)?.schema.clone();
    if matches!(schema.kind, Kind::Index | Kind::Scalar) {
        let what = format!(
            "a shuffle of an object of kind {}; of a DataFrame or a Series there is one",
            schema.kind.name()
        );
        return Err(ErrorKind::InvalidValue(what).into());
    }
    let by = by(&schema, FrameMeta::n_partitions(meta), parameters)?;
    // Of no rows, this finds out whether the keys have hashes.
    super::hash_partition(&Table::empty(schema.clone())?, &HashPartition { n_pieces: 2, ..by.clone() })?;
    let n_pieces = raskt_core::Fit::fit::<u32>(by.n_pieces);
    let schema = match keeps_index(parameters) {
        true => schema,
        false => Schema::new(schema.kind, schema.columns.iter().cloned()),
    };
    FrameMeta::from(schema).into_meta(n_pieces)
}

fn keeps_index(parameters: &Param) -> bool {
    get(parameters, "ignore_index") != &Param::Bool(true)
}

fn lowered(job: &mut Job<'_, '_>) -> Result<Layer> {
    let meta = job.context.meta(&job.expr.operands()[0])?;
    let schema = FrameMeta::of(meta)?.schema.clone();
    let by = by(&schema, FrameMeta::n_partitions(meta), job.expr.parameters())?;
    let operand = job.tables(0)?;
    let keeps_index = keeps_index(job.expr.parameters());
    exchange::shuffled(job, &Shuffled { by: By::Hash(&by), operand: &operand, schema: &schema, keeps_index })
}
