//! The row of reductions, and the tree that they are.

use raskt_core::{Param, Result};
use raskt_expr::{Arity, Context, Expr, Lowered, Meta};
use raskt_graph::Body;
use raskt_graph::layer::{
    Formula, Layer, Neighbours, Operand, ReducedAxes, ReducedAxis, Returns, TreeReduce, TreeReduceParts,
};

use super::bodies::{AGGREGATE, CHUNK, COMBINE, LABELS, SCHEMA};
use super::result::Reduction;
use crate::arguments::{get, text};
use crate::operations::{Job, Row};
use crate::{FrameMeta, Label, Schema, library};

/// The operation; the parameters `name` and `kwargs` are those of pandas' method.
pub const REDUCE: &str = "reduce";

/// How many partial results are combined at once.
const SPLIT_EVERY: u32 = 16;

/// The rows of this family.
#[must_use]
pub fn rows() -> Vec<Row> {
    vec![Row {
        name: REDUCE,
        arity: Arity::Exactly(1),
        meta,
        accepts: |operands, parameters| meta(operands, parameters).is_ok_and(|meta| meta.is_some()),
        kernel: None,
        library: Some(library::REDUCE),
        lower: lowered,
    }]
}

/// What a reduction that has native kernels returns.
pub(super) fn schema(of: &Schema, parameters: &Param) -> Result<Option<Schema>> {
    let reduction = Reduction::parse(text(parameters, "name")?, get(parameters, "kwargs"));
    Ok(reduction.and_then(|reduction| reduction.schema(of)))
}

fn meta(operands: &[Meta], parameters: &Param) -> Result<Option<Meta>> {
    let [operand] = operands else { return Ok(None) };
    match schema(&FrameMeta::of(operand)?.schema, parameters)? {
        Some(schema) => FrameMeta::from(schema).into_meta(1).map(Some),
        None => Ok(None),
    }
}

fn lowered(job: &mut Job<'_, '_>) -> Result<Layer> {
    let parameters = job.expr.parameters().clone();
    let bodies = match job.is_native()? {
        true => tree_of(job.expr, job.context)?.bodies(),
        false => [library::REDUCE_CHUNK, library::REDUCE_COMBINE, library::REDUCE_AGGREGATE]
            .map(|path| Body::Library { path: path.into(), parameters: parameters.clone() }),
    };
    let lowered = job.operand(0)?;
    tree(lowered, bodies)
}

/// What the native bodies have to know of the frame and of the result.
fn native_parameters(expr: &Expr, context: &Context<'_>) -> Result<Param> {
    let parameters = expr.parameters();
    let of = FrameMeta::of(context.meta(&expr.operands()[0])?)?;
    let schema = FrameMeta::of(context.meta(expr)?)?.schema.to_param();
    let labels = Param::List(of.schema.labels().map(Label::to_param).collect());
    Ok(Param::map([
        ("name", get(parameters, "name").clone()),
        ("kwargs", get(parameters, "kwargs").clone()),
        (LABELS, labels),
        (SCHEMA, schema),
    ]))
}

/// What a native tree runs, all with the same parameters.
pub(crate) struct Tree {
    /// What makes the partial result of a partition.
    pub chunk: &'static str,
    /// What makes one partial result of several.
    pub combine: &'static str,
    /// What makes the result of several.
    pub aggregate: &'static str,
    /// The parameters.
    pub parameters: Param,
}

impl Tree {
    /// The bodies, in that order.
    pub(crate) fn bodies(&self) -> [Body; 3] {
        [self.chunk, self.combine, self.aggregate]
            .map(|name| Body::Native { name: name.into(), parameters: self.parameters.clone() })
    }
}

/// The tree of a reduction that is native.
///
/// # Errors
/// What the operations' rules return.
pub(crate) fn tree_of(expr: &Expr, context: &Context<'_>) -> Result<Tree> {
    let parameters = native_parameters(expr, context)?;
    Ok(Tree { chunk: CHUNK, combine: COMBINE, aggregate: AGGREGATE, parameters })
}

/// The tree of those bodies, of which the first is run on each partition.
pub(crate) fn tree(operand: Lowered, [chunk, combine, aggregate]: [Body; 3]) -> Result<Layer> {
    tree_over(operand, Some(chunk), [combine, aggregate])
}

/// A tree over the partitions of an operand, or over partial results where there is no `chunk` to make them.
pub(crate) fn tree_over(
    operand: Lowered,
    chunk: Option<Body>,
    [combine, aggregate]: [Body; 2],
) -> Result<Layer> {
    let parts = TreeReduceParts {
        operand: Operand::new(operand.name),
        grid: operand.grid,
        axes: vec![ReducedAxis { axis: 0, split_every: SPLIT_EVERY }],
        kept: ReducedAxes::Kept,
        chunk,
        parameters: Formula::default(),
        combine,
        aggregate,
        neighbours: Neighbours::Spread,
        returns: Returns::One,
    };
    Ok(TreeReduce::new(parts)?.into())
}
