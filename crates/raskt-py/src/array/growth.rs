//! Tasks that find out sizes, and tasks that become graphs once they are told them.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};
use raskt_array::Builder;
use raskt_array::deferred::{self, RECIPE, given};
use raskt_array::parameters::{CHUNKS, chunks_of, get};
use raskt_array::results::{Planning, blocks};
use raskt_core::{Fit, Param, Result, Value};
use raskt_exec::{Call, Kernel, LaneId, Outcome};
use raskt_expr::Expr;
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
        crate::runtime::LANE
    }
}

fn grown(py: Python<'_>, call: &Call<'_>) -> PyResult<Subgraph> {
    let to_py = |error| errors::to_py(py, error);
    let builder = builder().annotated(get(call.shared, "annotations"));
    let known = deferred::sized(call.shared, call.inputs).map_err(to_py)?;
    let mut first = known.n_shapes;
    let mut operands = Vec::with_capacity(known.operands.len());
    for (chunks, dtype) in known.operands {
        operands.push(given(&builder, &chunks, dtype, first).map_err(|error| failure::to_py(py, error))?);
        first += chunks.n_blocks().fit::<usize>();
    }
    let promise = chunks_of(call.shared.get(CHUNKS)).map_err(to_py)?;
    let made = match get(call.shared, RECIPE) {
        Param::Bytes(recipe) => {
            let made = by_python(py, &builder, &recipe, operands)?;
            deferred::fitted(&builder, &made, &promise)
        }
        recipe => deferred::planned(&builder, &recipe, operands, &promise),
    };
    let root = made.and_then(|made| blocks(&builder, &made, Planning::Simplified));
    let planned = plan::plan(py, &[root.map_err(|error| failure::to_py(py, error))?])?;
    deferred::grown(&planned.table).map_err(to_py)
}

/// What a function of Python's makes of operands whose sizes are known.
fn by_python(py: Python<'_>, builder: &Builder<'_>, recipe: &[u8], operands: Vec<Expr>) -> PyResult<Expr> {
    let operands = PyList::new(py, operands.into_iter().map(ArrayExpr::of))?;
    let annotations = super::notes::to_dict(py, &builder.annotations)?;
    let helper = py.import("raskt.array._deferred")?;
    let made = helper.call_method1("made", (PyBytes::new(py, recipe), operands, annotations))?;
    Ok(made.cast::<ArrayExpr>()?.get().expr().clone())
}
