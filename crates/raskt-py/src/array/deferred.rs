//! Deferred operations, as Python sees them: what is to be done once sizes are known, and what takes its place.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};
use raskt_array::deferred::{RECIPE, innermost, length_max, origin, replaced};
use raskt_core::Param;
use raskt_expr::{Bounds, Expr};

use super::expression::ArrayExpr;
use super::planning::{builder, planner};

/// Puts what their recipes make in the place of all deferred operations in `exprs`, sizes found out on the way, in
/// computations within `bounds`.
///
/// # Errors
/// What these computations and the operations raise.
pub fn settle(py: Python<'_>, mut exprs: Vec<&mut Expr>, bounds: Bounds) -> PyResult<()> {
    let all: Vec<Expr> = exprs.iter().map(|expr| (**expr).clone()).collect();
    if innermost(&all).is_empty() {
        return Ok(());
    }
    let arrays = PyList::new(py, all.into_iter().map(ArrayExpr::of))?;
    let helper = py.import("raskt.array._unknown")?;
    let settled = helper.call_method1("settled", (arrays, bounds.memory_bytes, bounds.n_workers))?;
    for (expr, settled) in exprs.iter_mut().zip(settled.try_iter()?) {
        **expr = settled?.cast::<ArrayExpr>()?.get().expr().clone();
    }
    Ok(())
}

/// A deferred operation, its recipe, and its operands.
type Recipe<'py> = (ArrayExpr, Bound<'py, PyBytes>, Vec<ArrayExpr>);

/// The deferred operations in arrays whose operands have none: each with its recipe and its operands.
#[pyfunction]
fn array_deferred<'py>(py: Python<'py>, arrays: Vec<PyRef<'_, ArrayExpr>>) -> PyResult<Vec<Recipe<'py>>> {
    let roots: Vec<Expr> = arrays.iter().map(|array| array.expr().clone()).collect();
    let found = innermost(&roots).into_iter().map(|expr| {
        let Some(Param::Bytes(recipe)) = expr.parameters().get(RECIPE).cloned() else {
            return Err(PyValueError::new_err("a deferred operation without a recipe"));
        };
        let operands = expr.operands().iter().cloned().map(ArrayExpr::of).collect();
        Ok((ArrayExpr::of(expr), PyBytes::new(py, &recipe), operands))
    });
    found.collect()
}

/// Arrays with others in the place of some: `places` are pairs of before and after.
#[pyfunction]
fn array_replaced(
    py: Python<'_>,
    arrays: Vec<PyRef<'_, ArrayExpr>>,
    places: Vec<(PyRef<'_, ArrayExpr>, PyRef<'_, ArrayExpr>)>,
) -> PyResult<Vec<ArrayExpr>> {
    let roots: Vec<Expr> = arrays.iter().map(|array| array.expr().clone()).collect();
    let places: Vec<(Expr, Expr)> =
        places.iter().map(|(before, after)| (before.expr().clone(), after.expr().clone())).collect();
    let made = replaced(&roots, &places).map_err(|error| crate::errors::to_py(py, error))?;
    Ok(made.into_iter().map(ArrayExpr::of).collect())
}

/// The most elements that each axis of an array can have; None where that cannot be told.
#[pyfunction]
fn array_bounds(py: Python<'_>, array: PyRef<'_, ArrayExpr>) -> PyResult<Vec<Option<u64>>> {
    let n_axes = builder().n_axes(array.expr()).map_err(|error| crate::errors::to_py(py, error))?;
    let found = (0..n_axes).map(|axis| length_max(&planner().context(), array.expr(), axis));
    found.collect::<raskt_core::Result<_>>().map_err(|error| crate::errors::to_py(py, error))
}

/// Where the sizes of each axis come from: axes of one origin are cut alike, whatever their sizes.
#[pyfunction]
fn array_origins(py: Python<'_>, array: PyRef<'_, ArrayExpr>) -> PyResult<Vec<String>> {
    let n_axes = builder().n_axes(array.expr()).map_err(|error| crate::errors::to_py(py, error))?;
    let found = (0..n_axes).map(|axis| Ok(origin(&planner().context(), array.expr(), axis)?.to_string()));
    found.collect::<raskt_core::Result<_>>().map_err(|error| crate::errors::to_py(py, error))
}

/// Adds the names of this module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(array_deferred, module)?)?;
    module.add_function(wrap_pyfunction!(array_replaced, module)?)?;
    module.add_function(wrap_pyfunction!(array_origins, module)?)?;
    module.add_function(wrap_pyfunction!(array_bounds, module)?)
}
