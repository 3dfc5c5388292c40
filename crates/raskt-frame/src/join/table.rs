//! The row of merges, and how each is cut into tasks.

use std::sync::Arc;

use raskt_core::{ErrorKind, Fit, Param, Result, Value};
use raskt_exec::Call;
use raskt_expr::{Arity, Meta};
use raskt_graph::Body;
use raskt_graph::layer::Layer;

use super::kernel::join;
use super::parameters::{How, Merge, On};
use super::plan::{Plan, Rows, common};
use crate::operations::{Job, Row, kernel_name, partitionwise};
use crate::{Divisions, FrameMeta, Schema, Table, library};

/// The operation; its parameters are the keyword arguments of pandas' `merge`.
pub const MERGE: &str = "merge";

/// The rows of this family.
#[must_use]
pub fn rows() -> Vec<Row> {
    vec![Row {
        name: MERGE,
        arity: Arity::Exactly(2),
        meta: |operands, parameters| meta(operands, parameters).map(Some),
        accepts: |operands, parameters| {
            planned(operands, parameters).is_ok_and(|planned| planned.plan.is_native)
        },
        kernel: Some(run),
        library: Some(library::MERGE),
        lower: lowered,
    }]
}

/// Which partitions meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meet {
    /// Partitions of the same number; the only one of a side that has one meets all of the other.
    Partitions(u32),
}

/// A merge of frames of which all is known.
struct Planned {
    plan: Plan,
    meet: Meet,
    divisions: Option<Arc<Divisions>>,
}

fn merge_of(parameters: &Param, left: &Schema, right: &Schema) -> Result<Merge> {
    Merge::from_param(parameters, || common(left, right))
}

fn planned(operands: &[Meta], parameters: &Param) -> Result<Planned> {
    let [left, right] = operands else {
        return Err(ErrorKind::InvalidGraph(format!("a merge of {} frames", operands.len())).into());
    };
    let (own_left, own_right) = (FrameMeta::of(left)?, FrameMeta::of(right)?);
    let merge = merge_of(parameters, &own_left.schema, &own_right.schema)?;
    let plan = Plan::new(&merge, &own_left.schema, &own_right.schema)?;
    let n = |meta| FrameMeta::n_partitions(meta).fit::<u32>();
    let is_aligned = merge.left == On::Index
        && merge.right == On::Index
        && own_left.divisions.is_some()
        && own_left.divisions == own_right.divisions;
    let meet = meet(&merge, n(left), n(right), is_aligned)?;
    let divisions = match is_aligned {
        true => own_left.divisions.clone(),
        false => kept_divisions(&plan, own_left, own_right, n(left), n(right)),
    };
    Ok(Planned { plan, meet, divisions })
}

/// Which partitions meet: a row that has no match has to be seen by one task only, and rows whose keys must not repeat by one
/// task together.
fn meet(merge: &Merge, n_left: u32, n_right: u32, is_aligned: bool) -> Result<Meet> {
    let left_goes_alone = !merge.how.misses_left() && !merge.unique.left;
    let right_goes_alone =
        matches!(merge.how, How::Inner | How::Right | How::RightAnti | How::Cross) && !merge.unique.right;
    match (n_left, n_right) {
        (1, 1) => Ok(Meet::Partitions(1)),
        (n, m) if n == m && is_aligned => Ok(Meet::Partitions(n)),
        (n, 1) if left_goes_alone => Ok(Meet::Partitions(n)),
        (1, n) if right_goes_alone => Ok(Meet::Partitions(n)),
        (n, m) => {
            let how = merge.how.name();
            let what =
                format!("a {how} merge of {n} and {m} partitions; repartition one side to 1 partition");
            Err(ErrorKind::NotImplemented(what).into())
        }
    }
}

/// The divisions of the side whose index the result has, where its partitions are those of that side.
fn kept_divisions(
    plan: &Plan,
    left: &FrameMeta,
    right: &FrameMeta,
    n_left: u32,
    n_right: u32,
) -> Option<Arc<Divisions>> {
    let is_alike = |side: &FrameMeta| {
        let dtype = |schema: &Schema| schema.index.first().map(|field| field.dtype.clone());
        dtype(&side.schema) == dtype(&plan.schema)
    };
    match &plan.rows {
        Rows::Numbered => None,
        Rows::Left | Rows::Keys(_) if n_right == 1 && is_alike(left) => left.divisions.clone(),
        Rows::Right | Rows::Keys(_) if n_left == 1 && is_alike(right) => right.divisions.clone(),
        _ => None,
    }
}

fn meta(operands: &[Meta], parameters: &Param) -> Result<Meta> {
    let planned = planned(operands, parameters)?;
    let Meet::Partitions(n_partitions) = planned.meet;
    FrameMeta { schema: planned.plan.schema, divisions: planned.divisions }.into_meta(n_partitions)
}

fn run(call: &mut Call<'_>) -> Result<Value> {
    call.ctx.cancel.check()?;
    let [left, right] = &*call.inputs else {
        return Err(ErrorKind::InvalidGraph(format!("a merge of {} tables", call.inputs.len())).into());
    };
    let (left, right) = (Table::of(left)?, Table::of(right)?);
    let merge = merge_of(call.shared, left.schema(), right.schema())?;
    Ok(join(left, right, &merge)?.into())
}

/// What a task runs on a partition of each side.
fn body(job: &Job<'_, '_>) -> Result<Body> {
    let parameters = job.expr.parameters();
    if job.is_native()? {
        return Ok(Body::Native { name: kernel_name(MERGE), parameters: parameters.clone() });
    }
    let schema = FrameMeta::of(job.context.meta(job.expr)?)?.schema.to_param();
    let entries = match parameters {
        Param::Map(entries) => entries.to_vec(),
        _ => Vec::new(),
    };
    let entries = entries.iter().map(|(name, value)| (&**name, value.clone()));
    Ok(Body::Library {
        path: library::MERGE.into(),
        parameters: Param::map(entries.chain([("schema", schema)])),
    })
}

fn lowered(job: &mut Job<'_, '_>) -> Result<Layer> {
    let planned = planned(&job.context.operand_metas(job.expr)?, job.expr.parameters())?;
    let body = body(job)?;
    let operands = job.all_operands()?;
    match planned.meet {
        Meet::Partitions(n_partitions) => partitionwise(body, &operands, n_partitions),
    }
}
