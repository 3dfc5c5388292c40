//! The rows of what is taken of frames.

use raskt_core::{ErrorKind, Key, Param, Result};
use raskt_expr::{Arity, Expr, Lowered, Meta};
use raskt_graph::Body;
use raskt_graph::layer::{Blockwise, BlockwiseParts, Indexed, Layer};

use crate::library;
use crate::operations::{Job, LowerFn, Row};

/// All of a frame.
pub(super) const WHOLE: &str = "whole";
/// The list of its partitions.
pub(super) const PARTITIONS: &str = "partitions";
/// One of them.
pub(super) const PARTITION: &str = "partition";
/// The parameter that says which.
pub(super) const NUMBER: &str = "number";

/// The rows of this family.
#[must_use]
pub fn rows() -> Vec<Row> {
    let row = |name, lower: LowerFn| Row {
        name,
        arity: Arity::Exactly(1),
        meta: object_meta,
        accepts: |_, _| false,
        kernel: None,
        library: None,
        lower,
    };
    vec![row(WHOLE, whole), row(PARTITIONS, partitions), row(PARTITION, partition)]
}

/// It is one value, whatever the library makes of it.
fn object_meta(_: &[Meta], _: &Param) -> Result<Option<Meta>> {
    Ok(Some(Meta::unknown("object")))
}

fn whole(job: &mut Job<'_, '_>) -> Result<Layer> {
    of_all(job, Body::Library { path: library::WHOLE.into(), parameters: Param::Null })
}

fn partitions(job: &mut Job<'_, '_>) -> Result<Layer> {
    of_all(job, Body::Library { path: library::GATHER.into(), parameters: Param::Null })
}

/// One task that reads all partitions.
fn of_all(job: &Job<'_, '_>, body: Body) -> Result<Layer> {
    let lowered = &job.operands[0];
    let parts = BlockwiseParts {
        counts: vec![(0, lowered.grid.n_blocks())],
        operands: vec![Indexed::new(lowered.name.clone(), &[0])],
        ..BlockwiseParts::of(body)
    };
    Ok(Blockwise::new(parts)?.into())
}

/// The partition that `expr` takes of its operand, where that is what it does.
///
/// # Errors
/// [`ErrorKind::InvalidGraph`] for a partition that is not there.
pub fn partition_of(expr: &Expr, operands: &[Lowered]) -> Result<Option<Key>> {
    let (PARTITION, [lowered]) = (expr.operation().as_str(), operands) else { return Ok(None) };
    let number = expr.parameters().get(NUMBER).and_then(Param::as_int).and_then(|n| u32::try_from(n).ok());
    match number.filter(|&number| number < lowered.grid.n_blocks()) {
        Some(number) => Ok(Some(Key::block(lowered.name.clone(), &lowered.grid.block(number)))),
        None => {
            let what = format!("partition {:?} of {}", expr.parameters(), lowered.grid.n_blocks());
            Err(ErrorKind::InvalidGraph(what).into())
        }
    }
}

/// The partition is where [`partition_of`] says.
fn partition(job: &mut Job<'_, '_>) -> Result<Layer> {
    Err(ErrorKind::InvalidGraph(format!("{:?} needs no layer", job.expr)).into())
}
