//! The row of merges, and how each is cut into tasks.

use std::sync::Arc;

use raskt_core::{ErrorKind, Fit, Name, Param, Result, Value};
use raskt_exec::Call;
use raskt_expr::{Arity, Context, Expr, Lowered, Meta};
use raskt_graph::Body;
use raskt_graph::layer::{Blockwise, BlockwiseParts, Indexed, Layer};

use super::kernel::join;
use super::parameters::{How, Merge, On};
use super::plan::{Plan, Rows, common};
use crate::arguments::{get, with};
use crate::exchange::{self, By, Shuffled};
use crate::operations::{Job, Row, kernel_name, partitionwise};
use crate::partition::HashPartition;
use crate::rows::whole_body;
use crate::{Divisions, FrameMeta, Key, Label, Schema, Table, library};

/// The operation; its parameters are the keyword arguments of pandas' `merge`, and `npartitions`, the number of partitions of the
/// result where rows of equal keys have to be brought together; the optimizer adds `meets_all`, the [`Side`] of which all rows
/// meet each partition of the other instead.
pub const MERGE: &str = "merge";

const MEETS_ALL: &str = "meets_all";

/// A side of a merge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Left,
    Right,
}

impl Side {
    fn name(self) -> &'static str {
        match self {
            Self::Left => "left",
            Self::Right => "right",
        }
    }

    fn of(parameters: &Param) -> Result<Option<Self>> {
        match get(parameters, MEETS_ALL) {
            Param::Null => Ok(None),
            Param::Str(name) if &**name == Self::Left.name() => Ok(Some(Self::Left)),
            Param::Str(name) if &**name == Self::Right.name() => Ok(Some(Self::Right)),
            other => Err(ErrorKind::InvalidGraph(format!("{other:?} is no side of a merge")).into()),
        }
    }
}

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
    /// All of a side meets each of so many partitions of the other.
    All(Side, u32),
    /// So many partitions, in each of which are the rows of some keys.
    Shuffled(u32),
    /// All rows of both: which keys are equal, only pandas can say.
    Whole,
}

impl Meet {
    fn n_partitions(self) -> u32 {
        match self {
            Self::Partitions(n) | Self::All(_, n) | Self::Shuffled(n) => n,
            Self::Whole => 1,
        }
    }
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

/// Which columns of either side a merge uses, of whose result the columns that `is_needed` names are used: its keys, what
/// appears under its own name, and what both sides have, as suffixes follow from that.
///
/// # Errors
/// As [`Merge::from_param`].
pub(crate) fn columns_used(
    parameters: &Param,
    left: &Schema,
    right: &Schema,
    is_needed: impl Fn(&Label) -> bool,
) -> Result<[Vec<bool>; 2]> {
    let merge = merge_of(parameters, left, right)?;
    let used = |own: &Schema, other: &Schema, on: &On| {
        let is_key = |label: &Label| matches!(on, On::Labels(keys) if keys.contains(label));
        let is_used = |label: &Label| is_key(label) || is_needed(label) || other.labels().any(|o| o == label);
        own.labels().map(is_used).collect()
    };
    Ok([used(left, right, &merge.left), used(right, left, &merge.right)])
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
    let meet = match meet(&merge, n(left), n(right), is_aligned) {
        Some(meet) => meet,
        None if merge.how == How::Cross => Meet::All(Side::Right, n(left)),
        None if plan.is_shuffled(&own_left.schema, &own_right.schema) => match Side::of(parameters)? {
            Some(Side::Left) => Meet::All(Side::Left, n(right)),
            Some(Side::Right) => Meet::All(Side::Right, n(left)),
            None => Meet::Shuffled(n_partitions(parameters)?.unwrap_or(n(left).max(n(right)))),
        },
        None => Meet::Whole,
    };
    let divisions = match is_aligned {
        true => own_left.divisions.clone(),
        false => kept_divisions(&plan, own_left, own_right, n(left), n(right)),
    };
    Ok(Planned { plan, meet, divisions })
}

/// Which partitions meet as they are, if they can: a row that has no match has to be seen by one task only, and rows whose keys
/// must not repeat by one task together.
fn meet(merge: &Merge, n_left: u32, n_right: u32, is_aligned: bool) -> Option<Meet> {
    let (left_goes_alone, right_goes_alone) = (goes_alone(merge, Side::Left), goes_alone(merge, Side::Right));
    match (n_left, n_right) {
        (1, 1) => Some(Meet::Partitions(1)),
        (n, m) if n == m && is_aligned => Some(Meet::Partitions(n)),
        (n, 1) if left_goes_alone => Some(Meet::Partitions(n)),
        (1, n) if right_goes_alone => Some(Meet::Partitions(n)),
        _ => None,
    }
}

/// Whether each partition of a side can meet all of the other on its own.
fn goes_alone(merge: &Merge, side: Side) -> bool {
    match side {
        Side::Left => !merge.how.misses_left() && !merge.unique.left,
        Side::Right => {
            matches!(merge.how, How::Inner | How::Right | How::RightAnti | How::Cross) && !merge.unique.right
        }
    }
}

/// How many partitions the other side of the merge `expr` has, if all of `side` can meet each of these, with as many
/// partitions as the merge has when rows are brought together; `None` if not.
///
/// # Errors
/// Those of the metas of the operands.
pub(crate) fn can_broadcast(expr: &Expr, side: Side, context: &Context<'_>) -> Result<Option<u32>> {
    let operands = context.operand_metas(expr)?;
    let planned = planned(&operands, expr.parameters())?;
    let Meet::Shuffled(n_partitions) = planned.meet else { return Ok(None) };
    let [left, right] = &operands[..] else { return Ok(None) };
    let (other, meta) = match side {
        Side::Left => (Side::Right, right),
        Side::Right => (Side::Left, left),
    };
    let merge = merge_of(expr.parameters(), &FrameMeta::of(left)?.schema, &FrameMeta::of(right)?.schema)?;
    let is_alike = FrameMeta::n_partitions(meta) == u64::from(n_partitions);
    Ok((is_alike && goes_alone(&merge, other)).then_some(n_partitions))
}

/// The merge `expr`, in which all of `side` meets each partition of the other.
///
/// # Errors
/// None in practice.
pub(crate) fn with_broadcast(expr: &Expr, operands: Vec<Expr>, side: Side) -> Result<Expr> {
    let change = (MEETS_ALL, Param::Str(side.name().into()));
    expr.varied(operands, with(expr.parameters(), [change.clone()]), &Param::map([change]))
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
    let own = FrameMeta { schema: planned.plan.schema, divisions: planned.divisions };
    own.into_meta(planned.meet.n_partitions())
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
    let entries = entries.iter().filter(|(name, _)| !["npartitions", MEETS_ALL].contains(&&**name));
    let entries = entries.map(|(name, value)| (&**name, value.clone()));
    Ok(Body::Library {
        path: library::MERGE.into(),
        parameters: Param::map(entries.chain([("schema", schema)])),
    })
}

fn lowered(job: &mut Job<'_, '_>) -> Result<Layer> {
    let planned = planned(&job.context.operand_metas(job.expr)?, job.expr.parameters())?;
    let body = body(job)?;
    let n_partitions = planned.meet.n_partitions();
    let operands = match planned.meet {
        Meet::Partitions(_) => job.all_operands()?,
        Meet::All(Side::Right, _) => vec![job.operand(0)?, gathered(job, 1)?],
        Meet::All(Side::Left, _) => vec![gathered(job, 0)?, job.operand(1)?],
        Meet::Whole => vec![gathered(job, 0)?, gathered(job, 1)?],
        Meet::Shuffled(n) => vec![shuffled(job, &planned.plan, 0, n)?, shuffled(job, &planned.plan, 1, n)?],
    };
    partitionwise(body, &operands, n_partitions)
}

/// All rows of an operand, as one partition.
fn gathered(job: &mut Job<'_, '_>, at: usize) -> Result<Lowered> {
    let lowered = job.operand(at)?;
    if lowered.grid.n_blocks() == 1 {
        return Ok(lowered);
    }
    let parts = BlockwiseParts {
        counts: vec![(0, lowered.grid.n_blocks())],
        operands: vec![Indexed::new(lowered.name.clone(), &[0])],
        ..BlockwiseParts::of(whole_body(job)?)
    };
    let layer = Layer::from(Blockwise::new(parts)?);
    insert(job, Name::new(&format!("gathered-{at}-{}", job.expr.token())), layer)
}

/// The rows of an operand in `n_pieces` partitions, by the keys of the merge.
fn shuffled(job: &mut Job<'_, '_>, plan: &Plan, at: usize, n_pieces: u32) -> Result<Lowered> {
    let operand = job.tables(at)?;
    let schema = FrameMeta::of(job.context.meta(&job.expr.operands()[at])?)?.schema.clone();
    let keys: Arc<[Key]> =
        plan.pairs.iter().map(|pair| if at == 0 { pair.left.clone() } else { pair.right.clone() }).collect();
    let compared = plan.pairs.iter().map(|pair| pair.compared.clone()).collect();
    let keeps_index = match &plan.rows {
        Rows::Numbered => keys.iter().any(|key| matches!(key, Key::Level(_))),
        _ => true,
    };
    let by = HashPartition { keys, compared, n_pieces: n_pieces as usize };
    let shuffled = Shuffled { by: By::Hash(&by), operand: &operand, schema: &schema, keeps_index };
    let layer = exchange::shuffled(job, &shuffled)?;
    insert(job, exchange::name(job, at), layer)
}

fn insert(job: &mut Job<'_, '_>, name: Name, layer: Layer) -> Result<Lowered> {
    let grid = layer.grid().clone();
    job.graph.insert(name.clone(), layer)?;
    Ok(Lowered { name, grid })
}

/// How many partitions the user wants.
fn n_partitions(parameters: &Param) -> Result<Option<u32>> {
    let invalid = |found: &Param| {
        let what = format!("npartitions is a number of partitions from 1 on, not {found:?}");
        ErrorKind::InvalidValue(what).into()
    };
    match get(parameters, "npartitions") {
        Param::Null => Ok(None),
        Param::Int(n) if *n > 0 => u32::try_from(*n).map(Some).map_err(|_| invalid(&Param::Int(*n))),
        other => Err(invalid(other)),
    }
}
