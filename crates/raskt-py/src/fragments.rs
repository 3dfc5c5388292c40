//! Graphs in pieces that run anywhere: planned and fused here, each task by itself, its value as it is written for another
//! process. Engines of other people's carry both.

use std::collections::VecDeque;
use std::sync::Arc;

use pyo3::exceptions::PyTypeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyTuple};
use raskt_core::encode::{EncodeOptions, Limits, decode_payload, encode_payload};
use raskt_core::{Fit, Function, FunctionId, ProcessLock, Value};
use raskt_exec::{CancelToken, TaskCtx};
use raskt_expr::Bounds;
use raskt_graph::fuse::{FuseOptions, fuse};
use raskt_graph::order::order;
use raskt_graph::{Body, Graph, TaskTable};
use raskt_local::process::{pack_alone, run_packed};
use raskt_store::value_bytes;

use crate::delayed::Delayed;
use crate::in_place;
use crate::node::{Args, Node};
use crate::pickle::{Flat, flat, unflat};
use crate::plan::{Planned, exprs_of, plan_within};
use crate::{errors, object, own, session, ship};

/// Functions that this process keeps of those that came with fragments.
const FUNCTIONS_MAX: usize = 1024;

/// What was used last is at the end.
static USED: ProcessLock<VecDeque<FunctionId>> = ProcessLock::new(VecDeque::new());

/// The value of a fragment: what an engine keeps, and pickles with the bulk beside it, without looking inside.
#[pyclass(frozen, module = "raskt._raskt")]
struct FragmentValue(Value);

#[pymethods]
impl FragmentValue {
    /// The value as whoever computes gets it.
    fn result<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        own::to_result(py, &self.0)
    }

    fn __sizeof__(&self) -> u64 {
        64 + value_bytes(&self.0)
    }

    fn __reduce_ex__<'py>(slf: &Bound<'py, Self>, _protocol: u32) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        let value = &slf.get().0;
        let payload = py.detach(|| encode_payload(value, &EncodeOptions::default()));
        let payload = payload.map_err(|error| errors::to_py(py, error))?;
        let rebuild = py.import(intern!(py, "raskt._raskt"))?.getattr(intern!(py, "fragment_value"))?;
        Ok((rebuild, flat(py, &payload)?).into_pyobject(py)?.into_any())
    }
}

/// What [`FragmentValue`]'s `__reduce_ex__` took apart.
#[pyfunction]
fn fragment_value(
    py: Python<'_>,
    header: Bound<'_, PyBytes>,
    buffers: Vec<Bound<'_, PyAny>>,
) -> PyResult<FragmentValue> {
    let (payload, registry) = (unflat((header, buffers))?, session::registry());
    let value = py.detach(|| decode_payload(payload, registry.as_ref(), &Limits::default()));
    value.map(FragmentValue).map_err(|error| errors::to_py(py, error))
}

/// The fragments of a graph, inputs first, in the order in which they are best begun.
#[pyclass(frozen, module = "raskt._raskt")]
struct Fragments {
    table: Arc<TaskTable>,
    sequence: Vec<u32>,
    /// The folders of shuffles live as long as their layers.
    _layers: Graph,
}

#[pymethods]
impl Fragments {
    fn __len__(&self) -> usize {
        self.sequence.len()
    }

    /// The fragments whose values were asked for.
    #[getter]
    fn outputs(&self) -> Vec<u32> {
        self.table.outputs().to_vec()
    }

    /// How many fragments need each value.
    #[getter]
    fn uses(&self) -> Vec<u32> {
        let mut uses = vec![0_u32; self.table.n_tasks()];
        for task in 0..self.table.n_tasks().fit::<u32>() {
            for &input in self.table.inputs().row(task) {
                uses[input as usize] += 1;
            }
        }
        uses
    }

    /// The fragment at `place`: `(number, name, numbers of its inputs, functions by id, call, None)`, or
    /// `(number, name, (), {}, None, value)` where there is nothing to run.
    fn at<'py>(&self, py: Python<'py>, place: usize) -> PyResult<Bound<'py, PyTuple>> {
        let &task = self.sequence.get(place).ok_or_else(|| PyTypeError::new_err("no such fragment"))?;
        let label = self.table.label(task);
        let functions = PyDict::new(py);
        if let Some(value) = constant(py, self.table.body(task))? {
            let value = FragmentValue(value).into_pyobject(py)?.into_any();
            return (task, &*label, PyTuple::empty(py), functions, py.None(), value).into_pyobject(py);
        }
        let (named, call) = pack_alone(&self.table, task).map_err(|error| errors::to_py(py, error))?;
        for function in named {
            let id = PyBytes::new(py, function.id().as_bytes());
            functions.set_item(id, flat(py, function.payload())?)?;
        }
        let inputs = PyTuple::new(py, self.table.inputs().row(task))?;
        (task, &*label, inputs, functions, flat(py, &call)?, py.None()).into_pyobject(py)
    }
}

/// The value of a body that runs nothing.
fn constant(py: Python<'_>, body: &Body) -> PyResult<Option<Value>> {
    match body {
        Body::Value(value) => Ok(Some(value.clone())),
        Body::Foreign(foreign) => {
            let Some(node) = foreign.as_any().downcast_ref::<Node>() else { return Ok(None) };
            match &node.args {
                Args::Plain { args, .. } if node.is_constant() => {
                    args.bind(py).get_item(0).map(|held| Some(object::to_value(held)))
                }
                _ => Ok(None),
            }
        }
        _ => Ok(None),
    }
}

/// What `roots` need, for `n_workers`, in fragments: chains of tasks, and trees of at most `fuse_width` inputs.
#[pyfunction]
fn fragments(
    py: Python<'_>,
    roots: Vec<PyRef<'_, Delayed>>,
    n_workers: usize,
    fuse_width: u32,
) -> PyResult<Fragments> {
    ship::begin_epoch();
    let bounds = Some(Bounds { memory_bytes: None, n_workers });
    let Planned { mut table, plan, .. } = plan_within(py, &exprs_of(&roots), bounds)?;
    if fuse_width > 0 {
        let options = FuseOptions { width_max: fuse_width, ..FuseOptions::default() };
        let fused = fuse(&table, &options, |a, b| is_call(a) && is_call(b));
        table = Arc::new(fused.map_err(|error| errors::to_py(py, error))?);
    }
    let sequence = py.detach(|| {
        let inputs = table.inputs();
        order(inputs, &inputs.transpose(), table.outputs(), None)
    });
    Ok(Fragments { table, sequence, _layers: plan.graph })
}

/// Whether a body can be a step of a fragment: what is there already goes along as it is.
fn is_call(body: &Body) -> bool {
    match body {
        Body::Value(_) | Body::Input(_) => false,
        Body::Foreign(foreign) => !foreign.is_constant(),
        _ => true,
    }
}

/// Runs a fragment, in whatever process: `functions` and `call` as [`Fragments::at`] gave them, and its inputs' values.
#[pyfunction]
fn run_fragment(
    py: Python<'_>,
    functions: Vec<([u8; 32], Flat<'_>)>,
    call: Flat<'_>,
    inputs: &Bound<'_, PyList>,
) -> PyResult<FragmentValue> {
    let mut named = Vec::with_capacity(functions.len());
    for (id, payload) in functions {
        named.push(Function::with_id(FunctionId::from_bytes(id), Arc::new(unflat(payload)?)));
    }
    let used: Vec<FunctionId> = named.iter().map(|function| *function.id()).collect();
    let values = inputs.iter().map(|input| Ok(input.cast::<FragmentValue>()?.get().0.clone()));
    let mut values = values.collect::<PyResult<Vec<Value>>>()?;
    let (call, registry) = (unflat(call)?, session::registry());
    let kept = values.clone();
    let value = py.detach(|| {
        let cancel = CancelToken::default();
        let ctx = TaskCtx { cancel: &cancel, n_threads: 1, worker: 0, float_errors: None };
        let outcome = run_packed(named, call, &mut values, &ctx, &registry)?;
        in_place::value_of(outcome, &kept, &registry)
    });
    keep_functions(used);
    value.map(FragmentValue).map_err(|error| errors::to_py(py, error))
}

/// Functions that were used just now are forgotten last.
fn keep_functions(used: Vec<FunctionId>) {
    let mut kept = USED.lock();
    for id in used {
        if let Some(at) = kept.iter().rposition(|known| *known == id) {
            kept.remove(at);
        }
        kept.push_back(id);
    }
    let n_old = kept.len().saturating_sub(FUNCTIONS_MAX);
    let old: Vec<FunctionId> = kept.drain(..n_old).collect();
    drop(kept);
    ship::forget(&old);
}

/// Adds the names of this module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<FragmentValue>()?;
    module.add_class::<Fragments>()?;
    module.add_function(wrap_pyfunction!(fragment_value, module)?)?;
    module.add_function(wrap_pyfunction!(fragments, module)?)?;
    module.add_function(wrap_pyfunction!(run_fragment, module)?)
}
