//! What is known of sizes that are not: how large they can be, and which are equal.

use pyo3::prelude::*;
use raskt_array::deferred::{length_max, origin};

use super::expression::ArrayExpr;
use super::planning::builder;
use crate::planner::planner;

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
    module.add_function(wrap_pyfunction!(array_origins, module)?)?;
    module.add_function(wrap_pyfunction!(array_bounds, module)?)
}
