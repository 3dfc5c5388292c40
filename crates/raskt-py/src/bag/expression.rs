//! Bags as expressions: what Python says of their layers.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use raskt_bag::operations::{Bag, Remains, Tree};
use raskt_core::{Param, Result};
use raskt_expr::Expr;

use crate::array::notes_from_dict;
use crate::delayed::{Delayed, hand_out};
use crate::{errors, object};

/// A bag, or what one is reduced to.
#[pyclass(frozen, module = "raskt._raskt")]
pub struct BagExpr {
    expr: Expr,
}

/// Has `make` make an expression of the bag `name`, whose tasks are annotated with `notes`.
fn made(
    py: Python<'_>,
    name: &str,
    notes: &Bound<'_, PyDict>,
    make: impl FnOnce(&Bag<'_>) -> Result<Expr>,
) -> PyResult<BagExpr> {
    let annotations = if notes.is_empty() { Param::Null } else { notes_from_dict(notes)? };
    let expr = make(&Bag { name, annotations: &annotations });
    expr.map(|expr| BagExpr { expr }).map_err(|error| errors::to_py(py, error))
}

/// The bag whose partitions `step` makes of `inputs`: a tuple of its arguments for each of them.
#[pyfunction]
fn bag_source(
    name: &str,
    step: Bound<'_, PyAny>,
    inputs: Bound<'_, PyList>,
    notes: &Bound<'_, PyDict>,
) -> PyResult<BagExpr> {
    let n = u32::try_from(inputs.len())?;
    let (py, step, inputs) = (step.py(), object::carry(step), object::carry(inputs.into_any()));
    made(py, name, notes, |bag| bag.source(step, inputs, n))
}

/// The bag of what `step` makes of each partition of `before`.
#[pyfunction]
fn bag_steps(
    before: PyRef<'_, BagExpr>,
    name: &str,
    step: Bound<'_, PyAny>,
    notes: &Bound<'_, PyDict>,
) -> PyResult<BagExpr> {
    made(step.py(), name, notes, |bag| bag.steps(&before.expr, object::carry(step.clone())))
}

/// What a tree makes of the partitions of `parts`: `combine` of up to `split_every` partial results, and `last` of the last
/// of them; a bag of one partition, or a value.
#[pyfunction]
fn bag_reduced(
    parts: PyRef<'_, BagExpr>,
    name: &str,
    functions: (Bound<'_, PyAny>, Bound<'_, PyAny>),
    split_every: u32,
    as_bag: bool,
    notes: &Bound<'_, PyDict>,
) -> PyResult<BagExpr> {
    let (combine, last) = functions;
    let py = last.py();
    let remains = if as_bag { Remains::Bag } else { Remains::Value };
    let tree = Tree { combine: object::carry(combine), last: object::carry(last), split_every, remains };
    made(py, name, notes, |bag| bag.reduced(&parts.expr, tree))
}

/// The first `n` partitions as delayed values; of a value, itself.
#[pyfunction]
fn bag_delayed<'py>(py: Python<'py>, bag: PyRef<'_, BagExpr>, n: u32) -> PyResult<Bound<'py, PyList>> {
    let found = PyList::empty(py);
    for number in 0..n {
        let partition = Bag::partition(&bag.expr, number).map_err(|error| errors::to_py(py, error))?;
        found.append(hand_out(py, Delayed::of_expr(partition))?)?;
    }
    Ok(found)
}

/// Adds the names of this module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<BagExpr>()?;
    module.add_function(wrap_pyfunction!(bag_source, module)?)?;
    module.add_function(wrap_pyfunction!(bag_steps, module)?)?;
    module.add_function(wrap_pyfunction!(bag_reduced, module)?)?;
    module.add_function(wrap_pyfunction!(bag_delayed, module)?)
}
