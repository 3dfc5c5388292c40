//! Callbacks and profilers written in Python.

use pyo3::prelude::*;
use raskt_core::{Key, Result};
use raskt_exec::{Observer, Outcome};
use raskt_graph::Body;

use crate::node::Node;
use crate::{errors, names, object};

/// A Python object with `begin(key, worker)` and `end(key, result, worker, started, ended)`.
pub struct PyObserver {
    object: Py<PyAny>,
    needs_tasks: bool,
}

impl PyObserver {
    /// Watches with `object`; single tasks only if its `needs_tasks` says so.
    pub fn new(object: Py<PyAny>) -> Self {
        let needs_tasks = Python::attach(|py| {
            object.bind(py).getattr("needs_tasks").and_then(|needs| needs.is_truthy()).unwrap_or(true)
        });
        Self { object, needs_tasks }
    }
}

fn py_key<'py>(py: Python<'py>, key: &Key, body: &Body) -> PyResult<Bound<'py, PyAny>> {
    if let Body::Foreign(foreign) = body
        && let Some(node) = foreign.as_any().downcast_ref::<Node>()
    {
        return Ok(node.py_key(py));
    }
    names::from_key(py, key)
}

/// Whether the value was there from the start: no task is told of.
fn is_constant(body: &Body) -> bool {
    matches!(body, Body::Foreign(foreign) if foreign.as_any().downcast_ref().is_some_and(Node::is_constant))
}

fn now(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    py.import(pyo3::intern!(py, "time"))?.call_method0(pyo3::intern!(py, "perf_counter"))
}

impl Observer for PyObserver {
    fn watch(
        &self,
        key: &Key,
        body: &Body,
        worker: usize,
        run: &mut dyn FnMut() -> Result<Outcome>,
    ) -> Result<Outcome> {
        if !self.needs_tasks || is_constant(body) {
            return run();
        }
        let begin = |py: Python<'_>| {
            let key = py_key(py, key, body)?;
            self.object.bind(py).call_method1(pyo3::intern!(py, "begin"), (key, worker))?;
            Ok(now(py)?.unbind())
        };
        let started = Python::attach(|py| begin(py).map_err(|error| errors::raised(py, error)))?;
        let outcome = run()?;
        let end = |py: Python<'_>| {
            let ended = now(py)?;
            let result = match &outcome {
                Outcome::Value(value) => object::to_object(py, value)?,
                Outcome::Expand(_) => py.None().into_bound(py),
            };
            let key = py_key(py, key, body)?;
            let arguments = (key, result, worker, started.bind(py), ended);
            self.object.bind(py).call_method1(pyo3::intern!(py, "end"), arguments).map(|_| ())
        };
        Python::attach(|py| end(py).map_err(|error| errors::raised(py, error)))?;
        Ok(outcome)
    }
}
