//! Reductions as layers.

use raskt_core::{Fit, Param, Result};
use raskt_expr::layer_name;
use raskt_graph::Body;
use raskt_graph::layer::{
    Blockwise, BlockwiseParts, Formula, Indexed, Layer, Neighbours, Operand, ReducedAxes, ReducedAxis,
    Returns, TreeReduce, TreeReduceParts,
};

use super::axes_of;
use crate::block_functions::{BlockFunction, TreeBodies};
use crate::creation::ranges;
use crate::library::{CHUNK, body_of, chunk_body, is_call};
use crate::operations::Job;
use crate::parameters::{DTYPE, dtype_of, flag, get, integers, with, without};
use crate::promise::promised;

/// How many partial results are combined at once, along all axes together.
const SPLIT_EVERY: f64 = 16.0;

/// What a reduction runs.
struct Bodies {
    neighbours: Neighbours,
    chunk: Body,
    combine: Body,
    aggregate: Body,
    parameters: Formula,
}

/// The body that calls a helper of reductions.
fn helper(name: &str, parameters: Param) -> Body {
    Body::Library { path: (&*format!("{CHUNK}_reduce.{name}")).into(), parameters }
}

/// A reduction by NumPy's name, on the chunk by the helpers of the package.
pub(super) fn named(job: &mut Job<'_, '_>) -> Result<Layer> {
    let told = without(job.expr.parameters(), &["split_every"]);
    let told = with(&told, [("kind", Param::Str(job.expr.operation().as_str().into()))]);
    let chunks = job.operand_chunks(0)?;
    let is_arg = job.expr.operation().as_str().contains("arg");
    let shape = integers(chunks.shape().iter().map(|n| n.map_or(-1, |n| n.clamped::<i64>())));
    let told = if is_arg { with(&told, [("shape", shape)]) } else { told };
    let bodies = Bodies {
        neighbours: Neighbours::Gathered,
        chunk: helper("reduce_chunk", told.clone()),
        combine: helper("reduce_combine", told.clone()),
        aggregate: helper("reduce_aggregate", told),
        parameters: if is_arg { ranges(&chunks) } else { Formula::default() },
    };
    tree(job, bodies)
}

/// A reduction by functions of the user's.
pub(super) fn custom(job: &mut Job<'_, '_>) -> Result<Layer> {
    let parameters = job.expr.parameters();
    let kwargs = get(parameters, "kwargs");
    let own = if flag(parameters, "info") { ranges(&job.operand_chunks(0)?) } else { Formula::default() };
    let function = get(parameters, "aggregate");
    let (operands, dtype) = (job.context.operand_metas(job.expr)?, dtype_of(parameters));
    let known = BlockFunction { function: &function, kwargs: &kwargs, operands: &operands, dtype: &dtype };
    if let Some(TreeBodies { chunk, combine, aggregate }) =
        known.native_tree().filter(|_| job.is_native_way())
    {
        return tree(
            job,
            Bodies { neighbours: Neighbours::Spread, chunk, combine, aggregate, parameters: own },
        );
    }
    let body = |name: &str| -> Result<Body> {
        match get(parameters, name) {
            Param::Null => Ok(Body::Alias),
            function => body_of(&function, &kwargs),
        }
    };
    let chunk = match get(parameters, "chunk") {
        Param::Null => body("aggregate")?,
        function => body_of(&function, &kwargs)?,
    };
    let bodies = Bodies {
        neighbours: Neighbours::Counted,
        chunk,
        combine: body("combine")?,
        aggregate: body("aggregate")?,
        parameters: own,
    };
    let is_call = matches!(&bodies.aggregate, Body::Library { path, .. } if is_call(path.as_str()));
    let layer = tree(job, bodies)?;
    if is_call { as_promised(job, layer) } else { Ok(layer) }
}

/// What a user's function made of the last partial results, compared with what it was said to make.
fn as_promised(job: &mut Job<'_, '_>, layer: Layer) -> Result<Layer> {
    let name = format!("{}-reduced", layer_name(job.expr));
    let letters: Vec<u16> = (0..layer.grid().n_axes().fit::<u16>()).collect();
    let counts = (0..).zip(layer.grid().counts().iter().copied()).collect();
    job.graph.insert(name.as_str(), layer)?;
    let body = chunk_body("as_array", Param::map([(DTYPE, Param::Str("unknown".into()))]));
    let (body, own) = promised(job, body, Formula::default())?;
    let parts = BlockwiseParts {
        counts,
        output: letters.clone(),
        operands: vec![Indexed::new(name.as_str(), &letters)],
        parameters: own,
        ..BlockwiseParts::of(body)
    };
    Ok(Blockwise::new(parts)?.into())
}

fn tree(job: &Job<'_, '_>, bodies: Bodies) -> Result<Layer> {
    let axes = axes_of(job.expr.parameters());
    let split = |axis: usize| split_every(job.expr.parameters(), &axes, axis);
    let reduced =
        axes.iter().map(|&axis| ReducedAxis { axis: axis.fit::<u8>(), split_every: split(axis) }).collect();
    let parts = TreeReduceParts {
        operand: Operand::new(job.operands[0].name.clone()),
        grid: job.operands[0].grid.clone(),
        axes: reduced,
        kept: if flag(job.expr.parameters(), "keepdims") { ReducedAxes::Kept } else { ReducedAxes::Dropped },
        chunk: Some(bodies.chunk),
        parameters: bodies.parameters,
        combine: bodies.combine,
        aggregate: bodies.aggregate,
        neighbours: bodies.neighbours,
        returns: Returns::One,
    };
    Ok(TreeReduce::new(parts)?.into())
}

/// How many neighbours are combined along `axis`: a number for all axes together, one for each, or our own choice.
pub(crate) fn split_every(parameters: &Param, axes: &[usize], axis: usize) -> u32 {
    let root = |n: f64| n.powf(1.0 / axes.len().max(1) as f64).round();
    let wanted = match parameters.get("split_every") {
        Some(Param::Int(n)) => root(*n as f64),
        Some(Param::Bool(false)) => f64::from(u32::MAX),
        Some(map @ Param::Map(_)) => {
            map.get(&axis.to_string()).and_then(Param::as_int).map_or(f64::from(u32::MAX), |n| n as f64)
        }
        _ => root(SPLIT_EVERY),
    };
    wanted.clamp(2.0, f64::from(u32::MAX)).clamped::<u32>()
}
