//! Tasks that find out sizes, and tasks that become graphs once they are told them.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};
use raskt_array::deferred::{self, FIRST, GIVEN, RECIPE};
use raskt_array::parameters::{CHUNKS, DTYPE, get};
use raskt_array::results::{Planning, blocks};
use raskt_core::{Fit, Param, Result, Value};
use raskt_exec::{Call, Kernel, LaneId, Outcome};
use raskt_graph::Subgraph;

use super::expression::ArrayExpr;
use super::failure;
use super::planning::builder;
use crate::{errors, object, plan};

/// Tells the shape of a block, whatever kind of block it is.
pub struct Shape;

impl Kernel for Shape {
    fn run(&self, call: &mut Call<'_>) -> Result<Outcome> {
        let shape = match &call.inputs[..] {
            [Value::Array(array)] => array.shape().to_vec(),
            blocks => Python::attach(|py| shape_of(py, blocks).map_err(|error| errors::raised(py, error)))?,
        };
        Ok(Value::List(shape.iter().map(|&n| Value::Int(n.clamped::<i64>())).collect()).into())
    }
}

fn shape_of(py: Python<'_>, blocks: &[Value]) -> PyResult<Vec<u64>> {
    let block = object::to_object(py, blocks.first().unwrap_or(&Value::Unit))?;
    py.import("numpy")?.call_method1("shape", (block,))?.extract()
}

/// Plans a deferred operation, of which all sizes are known by now.
pub struct Grow;

impl Kernel for Grow {
    fn run(&self, call: &mut Call<'_>) -> Result<Outcome> {
        let graph = Python::attach(|py| grown(py, call).map_err(|error| errors::raised(py, error)))?;
        Ok(Outcome::Expand(Box::new(graph)))
    }

    fn lane(&self) -> LaneId {
        crate::world::LANE
    }
}

fn grown(py: Python<'_>, call: &Call<'_>) -> PyResult<Subgraph> {
    let to_py = |error| errors::to_py(py, error);
    let builder = builder().annotated(get(call.shared, "annotations"));
    let given = |parameters| {
        let built = builder.make(GIVEN, &[], parameters);
        built.map(ArrayExpr::of).map_err(|error| failure::to_py(py, error))
    };
    let operands = PyList::empty(py);
    let known = deferred::sized(call.shared, call.inputs).map_err(to_py)?;
    let mut first = known.n_shapes.clamped::<i64>();
    for (chunks, dtype) in known.operands {
        let n_blocks = chunks.n_blocks().clamped::<i64>();
        let chunks = raskt_array::parameters::chunks_param(&chunks);
        let first_block = Param::Int(first);
        operands.append(given(Param::map([(CHUNKS, chunks), (DTYPE, dtype), (FIRST, first_block)]))?)?;
        first += n_blocks;
    }
    let promise = given(Param::map([CHUNKS, DTYPE].map(|part| (part, get(call.shared, part)))))?;
    let recipe = match call.shared.get(RECIPE) {
        Some(Param::Bytes(recipe)) => PyBytes::new(py, recipe),
        _ => PyBytes::new(py, b""),
    };
    let helper = py.import("raskt.array._unknown")?;
    let made = helper.call_method1("made", (recipe, operands, promise))?;
    let made = made.cast::<ArrayExpr>()?.get().expr().clone();
    let root = blocks(&builder, &made, Planning::Simplified).map_err(|error| failure::to_py(py, error))?;
    let planned = plan::plan(py, &[root])?;
    deferred::grown(&planned.table).map_err(to_py)
}
