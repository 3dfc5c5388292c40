//! Arguments of functions that run later, of blocks or of elements: the lazy values among them, wherever they stand in
//! containers, become one value that is computed before the function runs.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple};

use crate::array::{ArrayExpr, results};
use crate::delayed::{Delayed, hand_out};
use crate::names::node_of;
use crate::node::{Callee, Node};
use crate::scan::Scan;

/// `object` with all collections in it computed, as a delayed value; None where there are none. It is known by its
/// content: equal arguments are one task.
#[pyfunction]
fn delayed_within<'py>(py: Python<'py>, object: Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, Delayed>>> {
    let mut scan = Scan::new(true);
    let args = scan.args(&PyTuple::new(py, [&object])?, None)?;
    if scan.deps.is_empty() {
        return Ok(None);
    }
    let tokenize = py.import(intern!(py, "raskt.tokenize"))?.getattr(intern!(py, "tokenize"))?;
    let key = format!("arguments-{}", tokenize.call1((object,))?.extract::<String>()?);
    let key = PyString::new(py, &key).into_any().unbind();
    let notes = crate::annotations::current(py)?;
    let node = Node::new(Callee::Identity, args, scan.deps, notes).with_key(py, key);
    hand_out(py, Delayed::of(node)).map(Some)
}

/// What computing `value`, made by [`delayed_within`], would give if its arrays were what `example` makes of their
/// expressions; None where it makes None of one, or there are other lazy values than arrays.
#[pyfunction]
fn example_of<'py>(
    py: Python<'py>,
    value: PyRef<'_, Delayed>,
    example: &Bound<'py, PyAny>,
) -> PyResult<Option<Bound<'py, PyAny>>> {
    let node = node_of(value.expr());
    let Some(node) = node else { return Ok(None) };
    let mut inputs = Vec::with_capacity(node.deps.len());
    for dep in &node.deps {
        let Some(array) = results::assembled(dep) else { return Ok(None) };
        let input = example.call1((ArrayExpr::of(array.clone()),))?;
        if input.is_none() {
            return Ok(None);
        }
        inputs.push(input);
    }
    crate::eval::call(py, node, &inputs).map(Some)
}

/// Adds the names of this module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(delayed_within, module)?)?;
    module.add_function(wrap_pyfunction!(example_of, module)?)
}
