//! Fused work as layers.

use raskt_core::chunk::{AxisChunks, Chunks};
use raskt_core::{ErrorKind, Fit, Param, Result};
use raskt_graph::Body;
use raskt_graph::layer::{
    Blockwise, BlockwiseParts, Contraction, Formula, Grid, Indexed, Layer, Neighbours, Operand, ReducedAxes,
    ReducedAxis, Returns, TreeReduce, TreeReduceParts,
};

use crate::broadcast::{along, common_chunks};
use crate::operations::Job;
use crate::parameters::{DTYPE, PARTIAL_LABEL, flag, integers, text, with};
use crate::reductions::{axes_of, split_every};

pub(super) fn fused(job: &mut Job<'_, '_>) -> Result<Layer> {
    let body = Body::Native { name: "array.elementwise".into(), parameters: job.parameter("program") };
    crate::ufuncs::blocks(job, body, Formula::default())
}

/// A reduction: every block reduced as it is computed, then the tree of partial results.
pub(super) fn folded(job: &mut Job<'_, '_>) -> Result<Layer> {
    let all = (0..job.operands.len()).map(|at| job.operand_chunks(at)).collect::<Result<Vec<_>>>()?;
    let chunks = common_chunks(&all)?;
    let axes = axes_of(job.expr.parameters());
    let grid = Grid::new(&chunks.grid())?;
    if axes.iter().any(|&axis| axis >= grid.counts().len()) {
        return Err(ErrorKind::InvalidGraph(format!("axes {axes:?} of {} axes", grid.counts().len())).into());
    }
    if axes.iter().all(|&axis| grid.counts()[axis] == 1) {
        return whole(job, &all, &chunks, &axes);
    }
    let partial =
        blocks(job, &all, &chunks, job.parameter("program"), &(0..chunks.n_axes()).collect::<Vec<_>>())?;
    let name = format!("{}-{}-partial", text(job.expr.parameters(), PARTIAL_LABEL), job.expr.token());
    job.graph.insert(name.as_str(), partial)?;
    let spec = spec(job);
    let body = |name: &str, parameters: Param| Body::Native { name: name.into(), parameters };
    let split = |&axis: &usize| ReducedAxis {
        axis: axis.fit::<u8>(),
        split_every: split_every(job.expr.parameters(), &axes, axis),
    };
    let parts = TreeReduceParts {
        operand: Operand::new(name.as_str()),
        grid,
        axes: axes.iter().map(split).collect(),
        kept: if flag(job.expr.parameters(), "keepdims") { ReducedAxes::Kept } else { ReducedAxes::Dropped },
        chunk: None,
        parameters: Formula::default(),
        combine: body("array.combine", with(&spec, [("partial", Param::Bool(true))])),
        aggregate: body("array.aggregate", spec),
        neighbours: Neighbours::Spread,
        returns: Returns::One,
    };
    Ok(TreeReduce::new(parts)?.into())
}

/// The reduction to the end, as kernels read it.
fn spec(job: &Job<'_, '_>) -> Param {
    let fold = job.parameter("program").get("fold").cloned().unwrap_or_default();
    let dtype =
        if job.parameter(DTYPE) == job.parameter("from") { Param::Null } else { job.parameter(DTYPE) };
    with(
        &fold,
        [
            ("partial", Param::Bool(false)),
            ("keepdims", Param::Bool(flag(job.expr.parameters(), "keepdims"))),
            (DTYPE, dtype),
            ("from", job.parameter("from")),
        ],
    )
}

/// One block along every axis that is reduced: one task does all.
fn whole(job: &Job<'_, '_>, all: &[Chunks], chunks: &Chunks, axes: &[usize]) -> Result<Layer> {
    let program = with(&job.parameter("program"), [("fold", spec(job))]);
    let keeps = flag(job.expr.parameters(), "keepdims");
    let left: Vec<usize> = (0..chunks.n_axes()).filter(|axis| keeps || !axes.contains(axis)).collect();
    blocks(job, all, chunks, program, &left)
}

fn blocks(
    job: &Job<'_, '_>,
    all: &[Chunks],
    chunks: &Chunks,
    program: Param,
    left: &[usize],
) -> Result<Layer> {
    let operands = job.operands.iter().zip(all).map(|(lowered, own)| Indexed {
        operand: Operand::new(lowered.name.clone()),
        axes: along(own, chunks),
        contraction: Contraction::Spread,
    });
    let is_arg = text(job.expr.parameters(), "kind").contains("arg");
    let parameters = if is_arg { places(chunks, left) } else { Formula::default() };
    let body = Body::Native { name: "array.elementwise".into(), parameters: program };
    let parts = BlockwiseParts {
        counts: (0..).zip(chunks.grid()).collect(),
        output: left.iter().map(|&axis| axis.fit::<u16>()).collect(),
        operands: operands.collect(),
        parameters,
        ..BlockwiseParts::of(body)
    };
    Ok(Blockwise::new(parts)?.into())
}

/// Where a block of the axes `left` lies in the whole, and the whole's shape.
fn places(chunks: &Chunks, left: &[usize]) -> Formula {
    let start = |(axis, chunks): (usize, &AxisChunks)| match left.iter().position(|&found| found == axis) {
        Some(place) => starts(place.fit::<u8>(), chunks),
        None => Formula::Constant(Param::Int(0)),
    };
    let offsets = chunks.axes().iter().enumerate().map(start).collect();
    let shape = integers(chunks.shape().iter().map(|n| n.map_or(0, |n| n.clamped::<i64>())));
    Formula::map([("offsets", Formula::List(offsets)), ("shape", Formula::Constant(shape))])
}

/// The place of each block's first element along an axis.
fn starts(axis: u8, chunks: &AxisChunks) -> Formula {
    let mut runs = chunks.runs();
    match (runs.next(), runs.next(), runs.next()) {
        (Some((Some(size), _)), None, _) => Formula::Line { axis, start: 0, step: size.clamped::<i64>() },
        (Some((Some(size), _)), Some((_, 1)), None) => {
            Formula::Line { axis, start: 0, step: size.clamped::<i64>() }
        }
        _ => {
            let start = |chunk: raskt_core::chunk::Chunk| {
                Param::Int(chunk.offset.map_or(0, |at| at.clamped::<i64>()))
            };
            Formula::Along { axis, items: chunks.chunks().map(start).collect() }
        }
    }
}
