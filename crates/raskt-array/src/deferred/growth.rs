//! How a deferred operation runs: a task that is told the sizes of its operands' blocks, and becomes the graph that makes
//! the result. The blocks themselves are kept for that graph, wherever they are.

use std::sync::Arc;

use raskt_core::chunk::{AxisChunks, Chunks};
use raskt_core::{ErrorKind, Fit, Key, Name, Param, Result, Value};
use raskt_expr::layer_name;
use raskt_graph::layer::{Formula, Layer, Raw, Returns, Source};
use raskt_graph::{Body, Keys, Subgraph, TableBuilder, TaskTable};
use rustc_hash::{FxHashMap, FxHashSet};

use super::later::opened;
use super::table::RECIPE;
use crate::operations::Job;
use crate::parameters::{CHUNKS, DTYPE, chunks_of, chunks_param, dtype_param, get};

/// The path of what tells the shape of a block.
pub const SHAPE: &str = "raskt.array.shape";
/// The path of what plans the graph; its parameters are those of the operation and, as `operands`, what is known of each.
pub const GROW: &str = "raskt.array.grow";
/// The operation that stands for an operand in the graph.
pub const GIVEN: &str = "given";
/// The parameter that says which input of the task its first block is.
pub const FIRST: &str = "first";

/// A block whose shape tells a size that is not known.
struct Teller {
    /// Its number.
    block: u32,
    /// The axis, and which of the sizes along it.
    axis: usize,
    at: usize,
}

/// For each size that is not known, a block that tells it: those at the edge of the other axes.
fn tellers(chunks: &Chunks) -> Vec<Teller> {
    let grid = chunks.grid();
    let mut found = Vec::new();
    for (axis, along) in chunks.axes().iter().enumerate() {
        if along.length().is_none() {
            let step: u32 = grid[axis + 1..].iter().product();
            let one = |at: usize| Teller { block: at.fit::<u32>() * step, axis, at };
            found.extend((0..grid[axis] as usize).map(one));
        }
    }
    found
}

/// One raw layer: the shapes of blocks at edges, the task that grows, and an output of it for each block of the result.
pub(super) fn lower(job: &mut Job<'_, '_>) -> Result<Layer> {
    let (name, grid) = (layer_name(job.expr), job.grid()?);
    let mut table = TableBuilder::default();
    let (mut keys, mut externals) = (Vec::new(), Vec::new());
    let (mut shapes, mut operands) = (Vec::new(), Vec::new());
    for (at, lowered) in job.operands.iter().enumerate() {
        let chunks = job.operand_chunks(at)?;
        let dtype = dtype_param(job.context.meta(&job.expr.operands()[at])?.dtype());
        operands.push(Param::map([(CHUNKS, chunks_param(&chunks)), (DTYPE, dtype)]));
        let first = externals.len().fit::<u32>();
        for block in 0..lowered.grid.n_blocks() {
            let key = Key::block(lowered.name.clone(), &lowered.grid.block(block));
            table.push_own(Body::Input(externals.len().fit::<u32>()), &[])?;
            keys.push(key.clone());
            externals.push(key);
        }
        shapes.extend(tellers(&chunks).iter().map(|teller| first + teller.block));
    }
    let blocks: Vec<u32> = (0..externals.len().fit::<u32>()).collect();
    let shape = table.body(Body::library(SHAPE));
    let mut inputs = Vec::new();
    let mut known = FxHashMap::default();
    for block in shapes {
        inputs.push(match known.get(&block) {
            Some(&row) => row,
            None => {
                keys.push(Key::block(Name::new(&format!("{name}-shape")), &[known.len().fit::<u32>()]));
                let row = table.push(shape, &[block])?;
                known.insert(block, row);
                row
            }
        });
    }
    let n_loaded = inputs.len().fit::<u32>();
    inputs.extend(blocks);
    let promised = [CHUNKS, DTYPE].map(|part| (part, get(job.expr.parameters(), part)));
    let parameters = promised
        .into_iter()
        .chain([(RECIPE, opened(&get(job.expr.parameters(), RECIPE)))])
        .chain([("operands", Param::List(operands.into())), ("annotations", job.expr.annotations().clone())]);
    let body = Body::Library { path: GROW.into(), parameters: Param::map(parameters) };
    let grow = table.push_own(Body::Growing { body: Arc::new(body), n_loaded }, &inputs)?;
    keys.push(Key::named(Name::new(&format!("{name}-grow"))));
    let mut outputs = Vec::new();
    for block in 0..grid.n_blocks() {
        outputs.push(table.push_own(Body::Select(block), &[grow])?);
        keys.push(Key::block(name.clone(), &grid.block(block)));
    }
    let table = table.finish(Keys::Listed(keys.into()), outputs)?;
    Ok(Raw::new(Arc::new(table), externals)?.in_grid(grid)?.into())
}

/// The operands of a task that [`GROW`] names.
pub struct Sized {
    /// How each is cut, and its dtype.
    pub operands: Vec<(Chunks, Param)>,
    /// How many inputs the task has before the blocks of the operands.
    pub n_shapes: usize,
}

/// How the operands of a task that [`GROW`] names are cut, as its parameters and the shapes say that are its first inputs.
///
/// # Errors
/// [`ErrorKind::InvalidGraph`] for parameters or shapes that are none.
pub fn sized(parameters: &Param, inputs: &[Value]) -> Result<Sized> {
    let wrong = || ErrorKind::InvalidGraph("a task that grows is not told what it needs".into());
    let operands = parameters.get("operands").and_then(Param::as_list).ok_or_else(wrong)?;
    let mut shapes = inputs.iter();
    let mut found = Vec::new();
    for operand in operands {
        let chunks = chunks_of(operand.get(CHUNKS))?;
        let mut sizes: Vec<Vec<u64>> = chunks.axes().iter().map(|_| Vec::new()).collect();
        for Teller { axis, at, .. } in tellers(&chunks) {
            let Some(Value::List(shape)) = shapes.next() else { return Err(wrong().into()) };
            let Some(&Value::Int(size)) = shape.get(axis) else { return Err(wrong().into()) };
            debug_assert_eq!(sizes[axis].len(), at, "sizes come in the order of the axis");
            sizes[axis].push(u64::try_from(size).map_err(|_| wrong())?);
        }
        let axis = |(known, sizes): (&AxisChunks, Vec<u64>)| match sizes.is_empty() {
            true => Ok(known.clone()),
            false => AxisChunks::from_runs(sizes.into_iter().map(|size| (Some(size), 1))),
        };
        let axes = chunks.axes().iter().zip(sizes).map(axis).collect::<Result<Vec<_>>>()?;
        found.push((Chunks::new(axes)?, get(operand, DTYPE)));
    }
    Ok(Sized { operands: found, n_shapes: inputs.len() - shapes.len() })
}

/// Blocks of an operand, which the task that grew has as inputs.
pub(super) fn given(job: &mut Job<'_, '_>) -> Result<Layer> {
    let body = Body::Native { name: GIVEN.into(), parameters: job.parameter(FIRST) };
    Ok(Source::new(body, job.grid()?, Formula::Number, Returns::One)?.into())
}

/// The graph that a task becomes: `table`, whose output lists the blocks of the result, with inputs of the task in the place
/// of blocks that are [`GIVEN`]. Each block is a task of its own.
///
/// # Errors
/// [`ErrorKind::InvalidGraph`] for a table of another kind.
pub fn grown(table: &TaskTable) -> Result<Subgraph> {
    let wrong = || ErrorKind::InvalidGraph("a plan of blocks that does not list them".into());
    let &[output] = table.outputs() else { return Err(wrong().into()) };
    let n_tasks = table.n_tasks().fit::<u32>();
    let mut made = TableBuilder::with_capacity(table.n_tasks(), table.inputs().n_edges());
    let mut bodies = FxHashMap::default();
    let mut next = n_tasks;
    let mut aliased = Vec::new();
    let mut taken = FxHashSet::default();
    for task in 0..n_tasks {
        let body = table.body(task);
        if let Some(input) = input_of(body, table.parameters(task)) {
            made.push_own(Body::Input(input), &[])?;
            continue;
        }
        let body = *bodies.entry(table.body_index(task)).or_insert_with(|| made.body(body.clone()));
        let mut inputs = table.inputs().row(task).to_vec();
        if task == output {
            for block in &mut inputs {
                let is_input = input_of(table.body(*block), table.parameters(*block)).is_some();
                if is_input || !taken.insert(*block) {
                    aliased.push(*block);
                    *block = next;
                    next += 1;
                }
            }
        }
        match table.parameters(task) {
            Param::Null => made.push(body, &inputs)?,
            own => made.push_with(body, own.clone(), &inputs)?,
        };
    }
    let alias = made.body(Body::Alias);
    for block in aliased {
        made.push(alias, &[block])?;
    }
    Subgraph::new(made.finish(table.keys().clone(), vec![output])?)
}

/// The input of the task that a row of a plan stands for, if it does.
fn input_of(body: &Body, own: &Param) -> Option<u32> {
    match body {
        Body::Native { name, parameters } if name.as_str() == GIVEN => {
            u32::try_from(parameters.as_int()? + own.as_int()?).ok()
        }
        _ => None,
    }
}
