//! Deferred operations, as Python sees them: what is to be done once sizes are known, and what takes its place.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};
use raskt_array::deferred::{RECIPE, innermost, is_deferred, length_max, origin};
use raskt_core::Param;
use raskt_expr::{Bounds, Expr, Gathered, replaced};
use rustc_hash::FxHashMap;

use super::expression::ArrayExpr;
use super::planning::builder;
use crate::planner::planner;

/// What takes the places of the operations in `gathered` in which something is deferred: what the recipes make, with sizes
/// found out on the way, in computations within `bounds`. `None` where nothing is deferred.
///
/// # Errors
/// What these computations and the operations raise.
pub fn settled(py: Python<'_>, gathered: &Gathered, bounds: Bounds) -> PyResult<Option<Vec<(Expr, Expr)>>> {
    if !gathered.operations().iter().any(is_deferred) {
        return Ok(None);
    }
    let rows = gathered.wanted();
    let wanted: Vec<Expr> = rows.iter().filter_map(|&row| gathered.operation_at(row)).cloned().collect();
    let arrays = PyList::new(py, wanted.iter().cloned().map(ArrayExpr::of))?;
    let helper = py.import("raskt.array._unknown")?;
    let settled = helper.call_method1("settled", (arrays, bounds.memory_bytes, bounds.n_workers))?;
    let mut found = Vec::with_capacity(wanted.len());
    for (before, settled) in wanted.into_iter().zip(settled.try_iter()?) {
        let after = settled?.cast::<ArrayExpr>()?.get().expr().clone();
        if after != before {
            found.push((before, after));
        }
    }
    Ok(Some(found).filter(|found| !found.is_empty()))
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
    let places: FxHashMap<Expr, Expr> =
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
