//! Sources as layers.

use raskt_core::chunk::{AxisChunks, Chunk, Chunks};
use raskt_core::{DType, ErrorKind, Fit, Param, Result, Value};
use raskt_expr::{Held, layer_name};
use raskt_graph::Body;
use raskt_graph::layer::{
    Along, AxisRechunk, Blockwise, BlockwiseParts, Contraction, Formula, Grid, Indexed, Layer, Operand,
    Rechunk, Returns, Source, Transport,
};

use crate::library::chunk_body;
use crate::operations::Job;
use crate::parameters::{DTYPE, KWARGS, WINDOW, integers, integers_of, with};
use crate::promise::promised;

/// What each block's task is told: where its elements lie along each axis.
pub(crate) fn ranges(chunks: &Chunks) -> Formula {
    let interval = |(axis, chunks): (usize, &AxisChunks)| Formula::Interval {
        axis: axis.fit::<u8>(),
        chunks: chunks.clone(),
    };
    let axes = chunks.axes().iter().enumerate().map(interval);
    Formula::map([("ranges", Formula::List(axes.collect()))])
}

/// As [`ranges`], of a source of which there is only a window; its parameters say where that starts.
pub(crate) fn places(job: &Job<'_, '_>, chunks: &Chunks) -> Formula {
    let Some(offsets) = integers_of(job.expr.parameters(), WINDOW) else { return ranges(chunks) };
    let axis = |(axis, (chunks, offset)): (usize, (&AxisChunks, i64))| {
        let range = |chunk: Chunk| {
            let range = chunk.range().unwrap_or_default();
            integers([range.start, range.end].map(|at| at.clamped::<i64>() + offset))
        };
        match offset {
            0 => Formula::Interval { axis: axis.fit::<u8>(), chunks: chunks.clone() },
            _ => Formula::Along { axis: axis.fit::<u8>(), items: chunks.chunks().map(range).collect() },
        }
    };
    let axes = chunks.axes().iter().zip(offsets).enumerate().map(axis);
    Formula::map([("ranges", Formula::List(axes.collect()))])
}

/// Blocks made by the operation's own body.
pub(super) fn source(job: &mut Job<'_, '_>) -> Result<Layer> {
    let body = match native(job) {
        Some(body) => body,
        None => job.body(job.parameter(KWARGS))?,
    };
    Ok(Source::new(body, job.grid()?, places(job, &job.chunks()?), Returns::One)?.into())
}

/// The native kernel, where the dtype and the numbers are such that there is one.
fn native(job: &Job<'_, '_>) -> Option<Body> {
    let dtype = crate::parameters::dtype_of(job.expr.parameters());
    let (kwargs, name) = (job.parameter(KWARGS), job.expr.operation().as_str());
    let is_time = matches!(dtype, DType::Datetime(_) | DType::Timedelta(_));
    if dtype.item_bytes().is_none() || (is_time && name != "full") || !job.is_native_way() {
        return None;
    }
    let plain = |name: &str| matches!(kwargs.get(name), Some(Param::Int(_) | Param::Float(_)));
    let parameters = match name {
        "full" => {
            let fill = super::fill_of(job.expr.parameters())?;
            Param::map([("fill", fill.to_param()), ("view", Param::Bool(true))])
        }
        "arange" if plain("start") && plain("step") => kwargs,
        "linspace" if plain("start") && plain("stop") => kwargs,
        "eye" => kwargs,
        _ => return None,
    };
    Some(Body::Native { name: (&*format!("array.{name}")).into(), parameters })
}

/// Blocks made by the function that the parameters name.
pub(super) fn generate(job: &mut Job<'_, '_>) -> Result<Layer> {
    let (body, own) = promised(job, job.function_body()?, places(job, &job.chunks()?))?;
    Ok(Source::new(body, job.grid()?, own, Returns::One)?.into())
}

/// One value, cut into blocks.
pub(super) fn from_array(job: &mut Job<'_, '_>) -> Result<Layer> {
    let (chunks, value) = (job.chunks()?, held(job, "value")?);
    let whole = lone_block(job, value, chunks.n_axes())?;
    let axis = |to: &AxisChunks| AxisRechunk::new(AxisChunks::from_runs([(to.length(), 1)])?, to.clone());
    let axes = chunks.axes().iter().map(axis).collect::<Result<Vec<_>>>()?;
    let join = match crate::rechunk::join_body(job, Param::Null)? {
        Body::Native { .. } => Body::native(crate::bodies::REGION),
        join => join,
    };
    Ok(Rechunk::new(whole, axes, join, Transport::Whole)?.into())
}

/// An inner layer of one block, which is `value`.
fn lone_block(job: &mut Job<'_, '_>, value: Value, n_axes: usize) -> Result<Operand> {
    let name = format!("{}-whole", layer_name(job.expr));
    let layer =
        Source::new(Body::Value(value), Grid::new(&vec![1; n_axes])?, Formula::default(), Returns::One)?;
    job.graph.insert(name.as_str(), layer.into())?;
    Ok(Operand::new(name.as_str()))
}

fn held(job: &Job<'_, '_>, name: &str) -> Result<Value> {
    let parameter = job.parameter(name);
    let value = Held::value_of(&parameter).cloned();
    value.ok_or_else(|| ErrorKind::InvalidValue(format!("{:?} holds no value", job.expr)).into())
}

/// An object that is asked for each region when it is needed.
pub(super) fn getter(job: &mut Job<'_, '_>) -> Result<Layer> {
    let array = Param::Value(held(job, "value")?);
    let body = chunk_body("getter", with(&job.parameter(KWARGS), [("array", array)]));
    let (body, own) = promised(job, body, places(job, &job.chunks()?))?;
    Ok(Source::new(body, job.grid()?, own, Returns::One)?.into())
}

/// Blocks that have been computed.
pub(super) fn persisted(job: &mut Job<'_, '_>) -> Result<Layer> {
    let Value::List(values) = held(job, "values")? else {
        return Err(ErrorKind::InvalidValue("persisted blocks are a list".into()).into());
    };
    let values = Param::List(values.iter().cloned().map(Param::Value).collect());
    let body = Body::Native { name: crate::bodies::PICK.into(), parameters: values };
    Ok(Source::new(body, job.grid()?, Formula::Number, Returns::One)?.into())
}

/// The value of the operand, taken for the only block.
pub(super) fn from_delayed(job: &mut Job<'_, '_>) -> Result<Layer> {
    let chunks = job.chunks()?;
    let body = chunk_body("as_array", Param::map([(DTYPE, job.parameter(DTYPE))]));
    let (body, own) = promised(job, body, Formula::default())?;
    let parts = BlockwiseParts {
        counts: (0..).zip(chunks.grid()).collect(),
        output: (0..chunks.n_axes().fit::<u16>()).collect(),
        operands: vec![single(job)],
        parameters: own,
        ..BlockwiseParts::of(body)
    };
    Ok(Blockwise::new(parts)?.into())
}

/// The value of the operand, which functions of blocks get as an argument: it may be anything.
pub(super) fn argument(job: &mut Job<'_, '_>) -> Result<Layer> {
    let parts = BlockwiseParts { operands: vec![single(job)], ..BlockwiseParts::of(Body::Alias) };
    Ok(Blockwise::new(parts)?.into())
}

/// The only block of the only operand.
fn single(job: &Job<'_, '_>) -> Indexed {
    let lowered = &job.operands[0];
    let axes = vec![Along::Single; lowered.grid.n_axes()];
    Indexed { operand: Operand::new(lowered.name.clone()), axes, contraction: Contraction::Spread }
}

/// Random numbers, each from its place in the whole.
pub(super) fn random(job: &mut Job<'_, '_>) -> Result<Layer> {
    let body = Body::Native { name: "array.random".into(), parameters: job.parameter(KWARGS) };
    if job.operands.is_empty() {
        return Ok(Source::new(body, job.grid()?, places(job, &job.chunks()?), Returns::One)?.into());
    }
    let result = job.chunks()?;
    let letters: Vec<u16> = (0..result.n_axes().fit::<u16>()).collect();
    let parts = BlockwiseParts {
        counts: (0..).zip(result.grid()).collect(),
        output: letters.clone(),
        operands: job.operands.iter().map(|lowered| Indexed::new(lowered.name.clone(), &letters)).collect(),
        parameters: places(job, &result),
        ..BlockwiseParts::of(body)
    };
    Ok(Blockwise::new(parts)?.into())
}
