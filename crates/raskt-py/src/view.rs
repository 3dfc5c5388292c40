//! Graphs as Python looks at them: for pictures, callbacks, `__raskt_graph__`.

use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};
use raskt_graph::TaskTable;

use crate::collect::node_of;
use crate::names;

/// Every task of `table` as `(key, function name, keys of its inputs)`, inputs first.
///
/// # Errors
/// Where memory runs out.
pub fn tasks<'py>(py: Python<'py>, table: &TaskTable) -> PyResult<Bound<'py, PyList>> {
    let keys: PyResult<Vec<_>> = (0..table.n_tasks() as u32).map(|task| key(py, table, task)).collect();
    let keys = keys?;
    let tasks = PyList::empty(py);
    for (task, key) in keys.iter().enumerate() {
        let inputs = table.inputs().row(task as u32).iter().map(|&input| &keys[input as usize]);
        let inputs = PyTuple::new(py, inputs.collect::<Vec<_>>())?;
        tasks.append((key, &*table.body(task as u32).label(), inputs))?;
    }
    Ok(tasks)
}

fn key<'py>(py: Python<'py>, table: &TaskTable, task: u32) -> PyResult<Bound<'py, PyAny>> {
    match node_of(table, task) {
        Some(node) => Ok(node.py_key(py)),
        None => names::from_key(py, &table.key(task)),
    }
}
