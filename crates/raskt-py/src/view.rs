//! Graphs as Python looks at them: for callbacks, `__raskt_graph__`.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple};
use raskt_core::Fit;
use raskt_graph::TaskTable;

use crate::node::Node;
use crate::plan::{node_of, shared_node_of};
use crate::task::Task;
use crate::{names, native_call};

/// Every task of `table` as `(key, function name, keys of its inputs)`, inputs first.
///
/// # Errors
/// Where memory runs out.
pub fn tasks<'py>(py: Python<'py>, table: &TaskTable) -> PyResult<Bound<'py, PyList>> {
    let keys: PyResult<Vec<_>> = (0..table.n_tasks().fit::<u32>()).map(|task| key(py, table, task)).collect();
    let keys = keys?;
    let tasks = PyList::empty(py);
    for (task, key) in keys.iter().enumerate() {
        let inputs = table.inputs().row(task.fit::<u32>()).iter().map(|&input| &keys[input as usize]);
        let inputs = PyTuple::new(py, inputs.collect::<Vec<_>>())?;
        tasks.append((key, &*table.label(task.fit::<u32>()), inputs))?;
    }
    Ok(tasks)
}

/// The key of a task.
///
/// # Errors
/// Where memory runs out.
pub fn key<'py>(py: Python<'py>, table: &TaskTable, task: u32) -> PyResult<Bound<'py, PyAny>> {
    match node_of(table, task).and_then(|node| node.own_key(py)) {
        Some(key) => Ok(key),
        None => names::from_key(py, &table.key(task)),
    }
}

/// Every task of `table` as a `Task`, by key, inputs first.
///
/// # Errors
/// Where memory runs out.
pub fn graph<'py>(py: Python<'py>, table: &TaskTable) -> PyResult<Bound<'py, PyDict>> {
    let keys: PyResult<Vec<_>> = (0..table.n_tasks().fit::<u32>()).map(|task| key(py, table, task)).collect();
    let keys = keys?;
    let graph = PyDict::new(py);
    for (task, key) in keys.iter().enumerate() {
        let inputs =
            table.inputs().row(task.fit::<u32>()).iter().map(|&input| keys[input as usize].clone().unbind());
        graph.set_item(key, self::task(py, table, task.fit::<u32>(), key.clone(), inputs.collect())?)?;
    }
    Ok(graph)
}

/// A task of `table` as a `Task`, whose inputs have the keys `inputs`.
///
/// # Errors
/// Where memory runs out.
pub fn task<'py>(
    py: Python<'py>,
    table: &TaskTable,
    task: u32,
    key: Bound<'py, PyAny>,
    inputs: Vec<Py<PyAny>>,
) -> PyResult<Task> {
    let node = match shared_node_of(table, task) {
        Some(node) => node,
        None => native_call::node(py, table, task)?,
    };
    Ok(Task::of(key.unbind(), node, inputs.into_boxed_slice()))
}

/// The keys of those of `tasks` that run something: constants are there from the start.
///
/// # Errors
/// Where memory runs out.
pub fn keys_to_run<'py>(py: Python<'py>, table: &TaskTable) -> PyResult<Bound<'py, PyList>> {
    let keys = PyList::empty(py);
    for task in 0..table.n_tasks().fit::<u32>() {
        if !node_of(table, task).is_some_and(Node::is_constant) {
            keys.append(key(py, table, task)?)?;
        }
    }
    Ok(keys)
}

/// How many tasks are constants.
pub fn n_constants(table: &TaskTable) -> usize {
    (0..table.n_tasks().fit::<u32>())
        .filter(|&task| node_of(table, task).is_some_and(Node::is_constant))
        .count()
}

/// The keys that were asked for, each once.
///
/// # Errors
/// Where memory runs out.
pub fn outputs<'py>(py: Python<'py>, table: &TaskTable) -> PyResult<Bound<'py, PyList>> {
    let mut tasks = table.outputs().to_vec();
    tasks.sort_unstable();
    tasks.dedup();
    let keys: PyResult<Vec<_>> = tasks.into_iter().map(|task| key(py, table, task)).collect();
    PyList::new(py, keys?)
}

/// The name of every task's function, by key.
///
/// # Errors
/// Where memory runs out.
pub fn functions<'py>(py: Python<'py>, table: &TaskTable) -> PyResult<Bound<'py, PyDict>> {
    let names = PyDict::new(py);
    for task in 0..table.n_tasks().fit::<u32>() {
        names.set_item(key(py, table, task)?, &*table.label(task))?;
    }
    Ok(names)
}
