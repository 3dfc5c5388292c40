//! Callbacks and profilers written in Python.

use pyo3::prelude::*;
use raskt_core::{Key, Result};
use raskt_exec::{Observer, Outcome, Span};
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
        && let Some(key) = foreign.as_any().downcast_ref::<Node>().and_then(|node| node.own_key(py))
    {
        return Ok(key);
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
        let started = Python::attach(|py| {
            let begin = || -> PyResult<f64> {
                self.tell_begin(py, key, body, worker)?;
                now(py)?.extract()
            };
            begin().map_err(|error| errors::raised(py, error))
        })?;
        let outcome = run()?;
        Python::attach(|py| {
            let end = || -> PyResult<()> {
                let span = Span { started, ended: now(py)?.extract()? };
                self.tell_end(py, key, body, worker, &outcome, span)
            };
            end().map_err(|error| errors::raised(py, error))
        })?;
        Ok(outcome)
    }

    fn begin(&self, key: &Key, body: &Body, worker: usize) -> Result<()> {
        if !self.needs_tasks {
            return Ok(());
        }
        Python::attach(|py| self.tell_begin(py, key, body, worker).map_err(|error| errors::raised(py, error)))
    }

    fn end(&self, key: &Key, body: &Body, worker: usize, outcome: &Outcome, span: Span) -> Result<()> {
        if !self.needs_tasks {
            return Ok(());
        }
        Python::attach(|py| {
            let told = self.tell_end(py, key, body, worker, outcome, span);
            told.map_err(|error| errors::raised(py, error))
        })
    }

    fn follows_tasks(&self) -> bool {
        self.needs_tasks
    }
}

impl PyObserver {
    fn tell_begin(&self, py: Python<'_>, key: &Key, body: &Body, worker: usize) -> PyResult<()> {
        let key = py_key(py, key, body)?;
        self.object.bind(py).call_method1(pyo3::intern!(py, "begin"), (key, worker)).map(|_| ())
    }

    fn tell_end(
        &self,
        py: Python<'_>,
        key: &Key,
        body: &Body,
        worker: usize,
        outcome: &Outcome,
        span: Span,
    ) -> PyResult<()> {
        let result = match outcome {
            Outcome::Value(value) => object::to_object(py, value)?,
            Outcome::Expand(_) => py.None().into_bound(py),
        };
        let key = py_key(py, key, body)?;
        let arguments = (key, result, worker, span.started, span.ended);
        self.object.bind(py).call_method1(pyo3::intern!(py, "end"), arguments).map(|_| ())
    }
}
