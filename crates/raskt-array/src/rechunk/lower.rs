//! Rechunks as layers: one for each step of the plan.

use raskt_core::chunk::{AxisChunks, Chunks};
use raskt_core::{ErrorKind, Fit, Param, Result};
use raskt_expr::{Context, Expr, Way, layer_name, operations};
use raskt_graph::Body;
use raskt_graph::layer::{
    AxisRechunk, Blockwise, BlockwiseParts, Formula, Indexed, Layer, Operand, Rechunk, Transport,
};

use super::cost::Travel;
use super::plan::{BLOCK_BYTES, Rules, Step, plan};
use crate::bodies::CHECKED;
use crate::builder::chunks;
use crate::creation::ranges;
use crate::operations::COLLECTION;
use crate::operations::{Job, are_native};
use crate::parameters::{integers, text};

/// What puts regions of blocks together.
pub(super) const JOIN: &str = "raskt.array._chunk.join";
/// Bytes of an element whose dtype says nothing: a pointer.
const ITEM_BYTES: u64 = 8;

/// The parameter with the largest block of steps between, in bytes.
pub const LIMIT: &str = "limit";
/// The parameter with the pairs for each block from which on there may be steps between.
pub const THRESHOLD: &str = "threshold";
/// The parameter with the way to travel: `"tasks"` or `"p2p"`.
pub const METHOD: &str = "method";

/// The body that joins regions of blocks of such an array; `parameters` name the axes that are not cut, whatever the
/// regions say (`whole`).
///
/// # Errors
/// As [`Job::body`].
pub fn join_body(job: &Job<'_, '_>, parameters: Param) -> Result<Body> {
    if parameters == Param::Null
        && are_native(std::slice::from_ref(job.context.meta(job.expr)?))
        && job.is_native_way()
    {
        return Ok(Body::native("array.join"));
    }
    Ok(Body::Library { path: JOIN.into(), parameters })
}

pub(super) fn rechunk(job: &mut Job<'_, '_>) -> Result<Layer> {
    let from = job.operand_chunks(0)?;
    let to = filled(&from, &job.chunks()?)?;
    if from.axes().iter().any(|axis| axis.length().is_none()) {
        return partly_known(job, &from, &to);
    }
    let steps = plan(&from, &to, &rules(job.expr, job.context)?)?;
    let mut operand = job.operands[0].name.clone();
    let mut before = from;
    let last = steps.len() - 1;
    for (at, step) in steps.into_iter().enumerate() {
        let layer = layer_of(job, Operand::new(operand), &before, &step)?;
        if at == last {
            return Ok(layer);
        }
        let name = raskt_core::Name::new(&format!("{}-step-{}", layer_name(job.expr), at + 1));
        job.graph.insert(name.clone(), layer)?;
        (operand, before) = (name, step.chunks);
    }
    Err(ErrorKind::InvalidGraph("a rechunk in no steps".into()).into())
}

/// Blocks as they are; those that are said to be of sizes that were not known before are looked at.
pub(super) fn known(job: &mut Job<'_, '_>) -> Result<Layer> {
    let (from, to) = (job.operand_chunks(0)?, job.chunks()?);
    let is_new = |(from, to): (&AxisChunks, &AxisChunks)| from.length().is_none() && to.length().is_some();
    let looks = from.axes().iter().zip(to.axes()).any(is_new);
    let letters: Vec<u16> = (0..to.n_axes().fit::<u16>()).collect();
    let parts = BlockwiseParts {
        counts: (0..).zip(to.grid()).collect(),
        output: letters.clone(),
        operands: vec![Indexed::new(job.operands[0].name.clone(), &letters)],
        ..BlockwiseParts::of(if looks { Body::native(CHECKED) } else { Body::Alias })
    };
    let parameters = if looks { ranges(&to) } else { Formula::Constant(Param::Null) };
    Ok(Blockwise::new(BlockwiseParts { parameters, ..parts })?.into())
}

/// `to`, where sizes that it does not know are those of `from`: there are as many.
fn filled(from: &Chunks, to: &Chunks) -> Result<Chunks> {
    let axes = from.axes().iter().zip(to.axes());
    Chunks::new(axes.map(|(from, to)| if to.length().is_none() { from.clone() } else { to.clone() }))
}

fn layer_of(job: &Job<'_, '_>, operand: Operand, before: &Chunks, step: &Step) -> Result<Layer> {
    let axes = before.axes().iter().zip(step.chunks.axes());
    let axes =
        axes.map(|(from, to)| AxisRechunk::new(from.clone(), to.clone())).collect::<Result<Vec<_>>>()?;
    let transport = match step.travel {
        Travel::Whole => Transport::Whole,
        Travel::Pieces => Transport::Pieces(Body::native("array.cut")),
    };
    Ok(Rechunk::new(operand, axes, join_body(job, Param::Null)?, transport)?.into())
}

/// Axes of unknown sizes stay as they are; the others are cut in one step.
fn partly_known(job: &Job<'_, '_>, from: &Chunks, to: &Chunks) -> Result<Layer> {
    let axes = from.axes().iter().zip(to.axes()).map(|(from, to)| match from.length() {
        Some(_) => AxisRechunk::new(from.clone(), to.clone()),
        // Blocks that stay as they are, whatever their size: any size will do.
        None => {
            let stands = AxisChunks::uniform(u64::from(from.n_blocks()), 1)?;
            AxisRechunk::new(stands.clone(), stands)
        }
    });
    let axes = axes.collect::<Result<Vec<_>>>()?;
    let unknown = (0..).zip(from.axes()).filter(|(_, axis)| axis.length().is_none()).map(|(at, _)| at);
    let join = join_body(job, Param::map([("whole", integers(unknown.collect::<Vec<i64>>()))]))?;
    Ok(Rechunk::new(Operand::new(job.operands[0].name.clone()), axes, join, Transport::Whole)?.into())
}

/// What the plan of a rechunk has to keep to.
fn rules(expr: &Expr, context: &Context<'_>) -> Result<Rules> {
    let meta = context.meta(expr)?;
    let item_bytes = meta.dtype().item_bytes().map_or(ITEM_BYTES, |bytes| bytes as u64);
    let is_native = are_native(std::slice::from_ref(meta)) && context.way_of(COLLECTION) != Way::Library;
    let number = |name: &str| expr.parameters().get(name).and_then(Param::as_float);
    let limit = expr
        .parameters()
        .get(LIMIT)
        .and_then(Param::as_int)
        .map_or(BLOCK_BYTES, |n| n.max(1).clamped::<u64>());
    Ok(Rules {
        item_bytes,
        bounds: context.bounds,
        block_bytes: limit,
        threshold: number(THRESHOLD),
        travel: match text(expr.parameters(), METHOD) {
            // Pieces are several values of one task: only kernels return such.
            _ if !is_native => Some(Travel::Whole),
            "tasks" => Some(Travel::Whole),
            "p2p" => Some(Travel::Pieces),
            _ => None,
        },
    })
}

/// What a computation of `roots` within the bounds of `context` cannot keep to: a sentence for each rechunk one of
/// whose tasks holds more than that.
///
/// # Errors
/// As planning.
pub fn excesses(context: &Context<'_>, roots: &[Expr]) -> Result<Vec<String>> {
    let Some(memory) = context.bounds.memory_bytes else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    let is_rechunk =
        |expr: &&Expr| expr.operation().as_str() == "rechunk" && expr.collection().as_str() == COLLECTION;
    for expr in operations(roots).into_iter().filter(is_rechunk) {
        let from = chunks(context.meta(&expr.operands()[0])?)?;
        let to = filled(&from, &chunks(context.meta(expr)?)?)?;
        if from.shape().contains(&None) {
            continue;
        }
        let steps = plan(&from, &to, &rules(expr, context)?)?;
        let most = steps.iter().map(|step| step.task_bytes).max().unwrap_or(0);
        if most > memory {
            found.push(format!(
                "a rechunk from {from} to {to} holds {} at once for one of its blocks, which is more than the memory \
                 limit of {}: smaller chunks would keep to it",
                gibibytes(most),
                gibibytes(memory)
            ));
        }
    }
    Ok(found)
}

fn gibibytes(bytes: u64) -> String {
    format!("{:.2} GiB", bytes as f64 / (1_u64 << 30) as f64)
}
