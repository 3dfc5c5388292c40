//! An operation of a collection as a function of the calls that it is made of: what a dictionary of tasks has in its place.
//!
//! Whoever reads the dictionary as a graph of Raskt's gets the operation back, and it is planned with all others. Whoever
//! calls it gets the value.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple};
use raskt_core::Fit;
use raskt_expr::{Expr, Gathered, calls_below, replaced};
use raskt_frame::results::Planning;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use crate::array::{ArrayExpr, notes_to_dict, results};
use crate::cluster::ClusterFuture;
use crate::delayed::{Delayed, hand_out};
use crate::frame::FrameExpr;
use crate::names::key_of;
use crate::node::{Arg, Args, Callee, Func, Node, Notes};
use crate::plan::{exprs_of, gathered};
use crate::task::Task;
use crate::{errors, view};

/// An operation that somebody takes the value of.
#[pyclass(frozen, module = "raskt._raskt")]
pub struct PlannedCall {
    expr: Expr,
}

impl PlannedCall {
    /// The operation with `calls` in the places of those that it is made of, in the order of [`calls_below`]; `None` where
    /// there are fewer.
    ///
    /// # Errors
    /// As making the operations above them anew.
    pub fn with_calls(&self, calls: &[Expr]) -> raskt_core::Result<Option<Expr>> {
        let roots = std::slice::from_ref(&self.expr);
        let below = calls_below(roots);
        if below.len() > calls.len() {
            return Ok(None);
        }
        let changed = below.into_iter().zip(calls).filter(|(before, after)| before != after);
        let places: FxHashMap<Expr, Expr> = changed.map(|(a, b)| (a.clone(), b.clone())).collect();
        Ok(replaced(roots, &places)?.pop())
    }
}

#[pymethods]
impl PlannedCall {
    /// Computes the value, for values of the calls.
    #[pyo3(signature = (*values))]
    fn __call__<'py>(&self, py: Python<'py>, values: &Bound<'py, PyTuple>) -> PyResult<Bound<'py, PyAny>> {
        let mut calls = Vec::with_capacity(values.len());
        for value in values.iter() {
            let args = Args::Plain { args: PyTuple::new(py, [value])?.unbind(), kwargs: None };
            calls.push(Expr::of_call(Arc::new(Node::new(Callee::Identity, args, SmallVec::new(), None))));
        }
        let expr = self.with_calls(&calls).map_err(|error| errors::to_py(py, error))?;
        let expr = expr.ok_or_else(|| pyo3::exceptions::PyTypeError::new_err("too few values"))?;
        hand_out(py, Delayed::of_expr(expr))?.call_method0("compute")
    }

    #[getter]
    fn __name__(&self) -> String {
        self.expr.operation().to_string()
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        let (rows, functions) = crate::template::flatten(py, &slf.get().expr)?;
        let rebuild = py.import("raskt._raskt")?.getattr("rebuild_planned_call")?;
        Ok((rebuild, (rows, functions)).into_pyobject(py)?.into_any())
    }

    fn __raskt_tokenize__(&self) -> String {
        self.expr.token().to_string()
    }
}

/// What [`PlannedCall`]'s `__reduce__` took apart.
#[pyfunction]
fn rebuild_planned_call(
    py: Python<'_>,
    rows: &Bound<'_, PyList>,
    functions: &Bound<'_, PyList>,
) -> PyResult<PlannedCall> {
    let expr = errors::guarded(|| crate::template::unflatten(py, rows, functions))?;
    Ok(PlannedCall { expr })
}

/// The task `key` that stands for the operation `expr` in a dictionary.
///
/// # Errors
/// Where memory runs out.
fn task_of<'py>(
    py: Python<'py>,
    key: Bound<'py, PyAny>,
    expr: &Expr,
    notes: Option<Notes>,
) -> PyResult<Task> {
    let below = calls_below(std::slice::from_ref(expr));
    let keys = below.iter().map(|call| key_of(py, call).unbind()).collect();
    let call = Bound::new(py, PlannedCall { expr: expr.clone() })?;
    let callee = Callee::Func(Func::named(call.as_any(), expr.operation().as_str()));
    let args = match below.len().fit::<u32>() {
        0 => Args::Plain { args: PyTuple::empty(py).unbind(), kwargs: None },
        n => Args::Mixed { args: (0..n).map(Arg::Input).collect(), kwargs: Box::default() },
    };
    Ok(Task::of(key.unbind(), Arc::new(Node::new(callee, args, SmallVec::new(), notes)), keys))
}

/// The operation, or the future, that `callee` stands for, where it is one, with `calls` in the places of those that it is made of.
///
/// # Errors
/// As [`PlannedCall::with_calls`].
pub fn operation_of(py: Python<'_>, callee: &Callee, calls: &[Expr]) -> PyResult<Option<Expr>> {
    let Callee::Func(func) = callee else { return Ok(None) };
    if let Ok(future) = func.object.bind(py).cast_exact::<ClusterFuture>() {
        return Ok(Some(future.get().expr()));
    }
    let Ok(planned) = func.object.bind(py).cast_exact::<PlannedCall>() else { return Ok(None) };
    planned.get().with_calls(calls).map_err(|error| errors::to_py(py, error))
}

/// Block number `number` of `array` as the task `key`.
#[pyfunction]
fn array_block_task<'py>(
    py: Python<'py>,
    key: Bound<'py, PyAny>,
    array: PyRef<'_, ArrayExpr>,
    number: i64,
) -> PyResult<Task> {
    let notes = notes_to_dict(py, array.expr().annotations())?;
    let notes = Some(notes).filter(|notes| !notes.is_empty()).map(|notes| Arc::new(notes.unbind()));
    task_of(py, key, &results::taken(py, array.expr(), number, true)?, notes)
}

/// Partition number `number` of `frame` as the task `key`.
#[pyfunction]
fn frame_partition_task<'py>(
    py: Python<'py>,
    key: Bound<'py, PyAny>,
    frame: PyRef<'_, FrameExpr>,
    number: u32,
) -> PyResult<Task> {
    let notes = notes_to_dict(py, frame.expr().annotations())?;
    let notes = Some(notes).filter(|notes| !notes.is_empty()).map(|notes| Arc::new(notes.unbind()));
    let taken = raskt_frame::results::partition(frame.expr(), number, Planning::Simplified);
    task_of(py, key, &taken.map_err(|error| errors::to_py(py, error))?, notes)
}

/// Every task that `roots` need as a `Task`, by key, inputs first; an operation whose value somebody takes is a task of its
/// own.
#[pyfunction]
fn tasks_of<'py>(py: Python<'py>, roots: Vec<PyRef<'_, Delayed>>) -> PyResult<Bound<'py, PyDict>> {
    let roots = exprs_of(&roots);
    let gathered = gathered(py, &roots)?;
    let table = gathered.table();
    let key_at = |row: u32| match gathered.operation_at(row) {
        Some(operation) => Ok(key_of(py, operation)),
        None => view::key(py, table, row),
    };
    let graph = PyDict::new(py);
    for row in shown(&gathered, &roots) {
        let key = key_at(row)?;
        let task = match gathered.operation_at(row) {
            Some(operation) => task_of(py, key.clone(), operation, None)?,
            None => {
                let inputs = table.inputs().row(row).iter().map(|&input| Ok(key_at(input)?.unbind()));
                let inputs = inputs.collect::<PyResult<Vec<_>>>()?;
                view::task(py, table, row, key.clone(), inputs)?
            }
        };
        graph.set_item(key, task)?;
    }
    for root in &roots {
        if let Some(operation) = root.behind_alias() {
            let key = key_of(py, root);
            graph.set_item(key.clone(), task_of(py, key, operation, None)?)?;
        }
    }
    Ok(graph)
}

/// The rows of calls, and of the operations whose values they take or that are roots by their own names.
fn shown(gathered: &Gathered, roots: &[Expr]) -> Vec<u32> {
    let table = gathered.table();
    let mut is_shown: Vec<bool> = vec![false; table.n_tasks()];
    for row in (0..table.n_tasks().fit::<u32>()).filter(|&row| gathered.operation_at(row).is_none()) {
        is_shown[row as usize] = true;
        table.inputs().row(row).iter().for_each(|&input| is_shown[input as usize] = true);
    }
    for (root, &row) in roots.iter().zip(table.outputs()) {
        is_shown[row as usize] |= root.behind_alias().is_none();
    }
    (0..table.n_tasks().fit::<u32>()).filter(|&row| is_shown[row as usize]).collect()
}

/// Adds the names of this module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PlannedCall>()?;
    module.add_function(wrap_pyfunction!(rebuild_planned_call, module)?)?;
    module.add_function(wrap_pyfunction!(array_block_task, module)?)?;
    module.add_function(wrap_pyfunction!(frame_partition_task, module)?)?;
    module.add_function(wrap_pyfunction!(tasks_of, module)?)
}
