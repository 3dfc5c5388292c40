//! Bodies that are no Python calls as Python callables: what a scheduler that is a Python function, or another
//! library's, runs in place of the engine.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};
use raskt_core::encode::{EncodeOptions, Limits, decode_payload, encode_payload};
use raskt_core::{Fit, Param, Payload, Value};
use raskt_exec::registry::Resolved;
use raskt_exec::resolved::run_alone;
use raskt_exec::{Call, CancelToken, TaskCtx};
use raskt_graph::{Body, TaskTable};
use smallvec::SmallVec;

use crate::cluster::FutureCall;
use crate::node::{Arg, Args, Callee, Func, Node};
use crate::object::PyObj;
use crate::pickle::{Flat, flat, unflat};
use crate::{errors, in_place, object, session};

/// A body with the parameters of one task, called on the values of the task's inputs.
#[pyclass(frozen, module = "raskt._raskt")]
struct NativeCall {
    body: Body,
    own: Param,
    found: Resolved,
}

impl NativeCall {
    fn new(body: Body, own: Param) -> raskt_core::Result<Self> {
        let found = session::registry().resolve(&body)?;
        Ok(Self { body, own, found })
    }
}

#[pymethods]
impl NativeCall {
    #[getter(__name__)]
    fn name(&self) -> String {
        self.body.label().to_string()
    }

    #[pyo3(signature = (*inputs))]
    fn __call__<'py>(&self, py: Python<'py>, inputs: &Bound<'py, PyTuple>) -> PyResult<Bound<'py, PyAny>> {
        let mut inputs = inputs.iter().map(to_value).collect::<PyResult<Vec<Value>>>()?;
        let kept = match self.body {
            Body::Growing { .. } => inputs.clone(),
            _ => Vec::new(),
        };
        let value = py.detach(|| {
            let (cancel, registry) = (CancelToken::default(), session::registry());
            let ctx = TaskCtx { cancel: &cancel, n_threads: 1, worker: 0, float_errors: None };
            let call =
                Call { shared: &Param::Null, own: &self.own, inputs: &mut inputs, exclusive: 0, ctx: &ctx };
            let outcome = run_alone(&self.body, &self.found, call, &registry)?;
            in_place::value_of(outcome, &kept, &registry)
        });
        shown(py, &value.map_err(|error| errors::to_py(py, error))?)
    }

    fn __repr__(&self) -> String {
        format!("<native {}>", self.body.label())
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let (py, this) = (slf.py(), slf.get());
        let encoded = |payload: raskt_core::Result<Payload>| {
            flat(py, &payload.map_err(|error| errors::to_py(py, error))?)
        };
        let options = EncodeOptions::default();
        let parts =
            (encoded(encode_payload(&this.body, &options))?, encoded(encode_payload(&this.own, &options))?);
        let rebuild = py.import("raskt._raskt")?.getattr("rebuild_native_call")?;
        Ok((rebuild, parts).into_pyobject(py)?.into_any())
    }

    /// The same as its encoding: equal calls have equal tokens.
    fn __raskt_tokenize__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        Self::__reduce__(slf)?.get_item(1)
    }
}

/// A value that Python has no object for, or not one that says as much: a partition of a frame, or its pieces.
#[pyclass(frozen, module = "raskt._raskt")]
struct NativeValue {
    value: Value,
}

#[pymethods]
impl NativeValue {
    /// What Python sees of it: of a partition, the object of pandas'.
    fn plain<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        object::to_object(py, &self.value)
    }

    fn __repr__(&self) -> String {
        format!("<native {}>", self.value.kind())
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        let payload = encode_payload(&slf.get().value, &EncodeOptions::default());
        let parts = flat(py, &payload.map_err(|error| errors::to_py(py, error))?)?;
        let rebuild = py.import("raskt._raskt")?.getattr("rebuild_native_value")?;
        Ok((rebuild, (parts,)).into_pyobject(py)?.into_any())
    }
}

/// What [`NativeValue`]'s `__reduce__` took apart.
#[pyfunction]
fn rebuild_native_value(py: Python<'_>, value: Flat<'_>) -> PyResult<NativeValue> {
    let value = decode_payload(unflat(value)?, session::registry().as_ref(), &Limits::default());
    Ok(NativeValue { value: value.map_err(|error| errors::to_py(py, error))? })
}

/// What another scheduler sees of a value: what kernels can take again.
///
/// # Errors
/// As [`object::to_object`].
fn shown<'py>(py: Python<'py>, value: &Value) -> PyResult<Bound<'py, PyAny>> {
    match value {
        Value::List(items) => {
            let items: PyResult<Vec<_>> = items.iter().map(|item| shown(py, item)).collect();
            Ok(PyList::new(py, items?)?.into_any())
        }
        Value::Opaque(opaque) if opaque.as_any().downcast_ref::<PyObj>().is_none() => {
            Ok(Bound::new(py, NativeValue { value: value.clone() })?.into_any())
        }
        value => object::to_object(py, value),
    }
}

/// What kernels take and return: lists, too, may hold arrays.
///
/// # Errors
/// What looking at an object raises.
pub fn to_value(object: Bound<'_, PyAny>) -> PyResult<Value> {
    if let Ok(native) = object.cast_exact::<NativeValue>() {
        return Ok(native.get().value.clone());
    }
    match object.cast_exact::<PyList>() {
        Ok(list) => {
            let items: PyResult<Vec<Value>> = list.iter().map(to_value).collect();
            Ok(Value::List(items?.into()))
        }
        Err(_) => crate::array::to_value(object),
    }
}

/// What [`NativeCall`]'s `__reduce__` took apart.
#[pyfunction]
fn rebuild_native_call(py: Python<'_>, body: Flat<'_>, own: Flat<'_>) -> PyResult<NativeCall> {
    let registry = session::registry();
    let body = decode_payload(unflat(body)?, registry.as_ref(), &Limits::default());
    let own = decode_payload(unflat(own)?, registry.as_ref(), &Limits::default());
    body.and_then(|body| NativeCall::new(body, own?)).map_err(|error| errors::to_py(py, error))
}

/// A node that makes the call of a task of `table` whose body is no node: it has `n_inputs` inputs, in the order of the
/// table. A value that is there already becomes a constant.
///
/// # Errors
/// Where nobody knows the body.
pub fn node(py: Python<'_>, table: &TaskTable, task: u32) -> PyResult<Arc<Node>> {
    let body = table.body(task);
    if let Body::Value(value) = body {
        let args = PyTuple::new(py, [shown(py, value)?])?.unbind();
        let args = Args::Plain { args, kwargs: None };
        return Ok(Arc::new(Node::new(Callee::Identity, args, SmallVec::new(), None)));
    }
    if let Body::Foreign(foreign) = body
        && let Some(known) = foreign.as_any().downcast_ref::<FutureCall>()
    {
        let callee = Callee::Func(Func::named(known.to_object(py)?.as_any(), &body.label()));
        let args = Args::Plain { args: PyTuple::empty(py).unbind(), kwargs: None };
        return Ok(Arc::new(Node::new(callee, args, SmallVec::new(), None)));
    }
    let call = NativeCall::new(body.clone(), table.parameters(task).clone());
    let call = Bound::new(py, call.map_err(|error| errors::to_py(py, error))?)?;
    let n_inputs = table.inputs().row(task).len().fit::<u32>();
    let args = Args::Mixed { args: (0..n_inputs).map(Arg::Input).collect(), kwargs: Box::default() };
    let callee = Callee::Func(Func::named(call.as_any(), &body.label()));
    Ok(Arc::new(Node::new(callee, args, SmallVec::new(), None)))
}

/// Adds the names of this module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<NativeCall>()?;
    module.add_class::<NativeValue>()?;
    module.add_function(wrap_pyfunction!(rebuild_native_value, module)?)?;
    module.add_function(wrap_pyfunction!(rebuild_native_call, module)?)
}
