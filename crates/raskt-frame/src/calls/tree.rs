//! Functions of users on what others return: in a tree, or from one partition to the next.

use std::sync::Arc;

use raskt_core::{Fit, Param, Result};
use raskt_expr::{Arity, Meta, layer_name};
use raskt_graph::layer::{Layer, Raw};
use raskt_graph::{Body, Keys, TableBuilder};

use super::table::schema;
use crate::arguments::get;
use crate::operations::{Job, LowerFn, MetaFn, Row};
use crate::reductions::tree;
use crate::{FrameMeta, library};

/// Partial results of partitions, put together in a tree: `chunk`, `combine` and `aggregate` are functions, each with its
/// keywords (`chunk_kwargs`, ...). The first is called with a partition, the others with a list of results. The last returns
/// the result, which is of `schema`.
pub const TREE: &str = "tree";
/// For each partition of operand 0, what is carried to it from those before it, or from those behind it where `reverse` says
/// so: `function(carried, partition)` is what is carried on. It is called without arguments for what is carried to the first
/// one. What it returns is of `schema`.
pub const CARRY: &str = "carry";

/// The rows of this file.
pub(super) fn rows() -> Vec<Row> {
    let row = |name, meta: MetaFn, library, lower: LowerFn| Row {
        name,
        arity: Arity::Exactly(1),
        meta,
        accepts: |_, _| false,
        kernel: None,
        library: Some(library),
        lower,
    };
    vec![row(TREE, tree_meta, library::FOLDED, treed), row(CARRY, carry_meta, library::CARRIED, carried)]
}

fn tree_meta(_: &[Meta], parameters: &Param) -> Result<Option<Meta>> {
    FrameMeta::from(schema(parameters)?).into_meta(1).map(Some)
}

fn treed(job: &mut Job<'_, '_>) -> Result<Layer> {
    let parameters = job.expr.parameters();
    let of = |name: &str, kwargs: &str| {
        [("function", get(parameters, name).clone()), ("kwargs", get(parameters, kwargs).clone())]
    };
    let body = |path: &str, given: Vec<(&'static str, Param)>| Body::Library {
        path: path.into(),
        parameters: Param::map(given),
    };
    let mut last = of("aggregate", "aggregate_kwargs").to_vec();
    last.extend(["schema", "checks"].map(|name| (name, get(parameters, name).clone())));
    let bodies = [
        body(library::FOLDED_CHUNK, of("chunk", "chunk_kwargs").to_vec()),
        body(library::FOLDED, of("combine", "combine_kwargs").to_vec()),
        body(library::FOLDED, last),
    ];
    let operand = job.operand(0)?;
    tree(operand, bodies)
}

fn carry_meta(operands: &[Meta], parameters: &Param) -> Result<Option<Meta>> {
    let n_partitions = operands.iter().map(FrameMeta::n_partitions).max().unwrap_or(1);
    FrameMeta::from(schema(parameters)?).into_meta(n_partitions.fit::<u32>()).map(Some)
}

/// A task a partition, each of which needs the one before it.
fn carried(job: &mut Job<'_, '_>) -> Result<Layer> {
    let parameters = job.expr.parameters().clone();
    let is_reverse = get(&parameters, "reverse") == &Param::Bool(true);
    let of = job.operand(0)?;
    let n = of.grid.n_blocks() as usize;
    let mut table = TableBuilder::with_capacity(2 * n, n);
    let body = table.body(Body::Library { path: library::CARRIED.into(), parameters });
    let externals: Vec<_> = of.keys().collect();
    let mut rows = Vec::with_capacity(n);
    let mut before = None;
    let order = |at: usize| if is_reverse { n - 1 - at } else { at };
    for at in 0..n {
        let task = match before {
            None => table.push(body, &[])?,
            Some(carried) => {
                let partition = table.push_own(Body::Input(order(at - 1).fit::<u32>()), &[])?;
                table.push(body, &[carried, partition])?
            }
        };
        rows.push(task);
        before = Some(task);
    }
    if is_reverse {
        rows.reverse();
    }
    let keys = Keys::Indexed(layer_name(job.expr));
    Ok(Raw::new(Arc::new(table.finish(keys, rows)?), externals)?.into())
}
