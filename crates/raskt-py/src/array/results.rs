//! What delayed values take of arrays.

use pyo3::prelude::*;
use raskt_array::results::{Planning, assemble, block, blocks};
use raskt_expr::Expr;

use super::expression::ArrayExpr;
use super::failure;
use super::planning::builder;
use crate::delayed::{Delayed, hand_out};

/// One NumPy array of all of `array` (`form` -1), the list of its blocks (-2), or one of them (its number). Without
/// `optimize` it is computed as it was written.
///
/// # Errors
/// `ValueError` for a block that is not there.
pub fn taken(py: Python<'_>, array: &Expr, form: i64, optimize: bool) -> PyResult<Expr> {
    let planning = if optimize { Planning::Simplified } else { Planning::AsWritten };
    let builder = builder();
    let found = match form {
        -1 => assemble(&builder, array, planning),
        -2 => blocks(&builder, array, planning),
        number => block(&builder, array, u32::try_from(number).unwrap_or(u32::MAX), planning),
    };
    found.map_err(|error| failure::to_py(py, error))
}

/// What [`taken`] takes of `array`, as a delayed value.
#[pyfunction]
#[pyo3(signature = (array, form, optimize=true))]
fn array_delayed<'py>(
    py: Python<'py>,
    array: PyRef<'_, ArrayExpr>,
    form: i64,
    optimize: bool,
) -> PyResult<Bound<'py, Delayed>> {
    hand_out(py, Delayed::of_expr(taken(py, array.expr(), form, optimize)?))
}

/// The array whose elements `expr` puts together, if it does.
pub fn assembled(expr: &Expr) -> Option<&Expr> {
    let is_assembly =
        expr.operation().as_str() == "assemble" && expr.collection().as_str() == raskt_array::COLLECTION;
    expr.operands().first().filter(|_| is_assembly)
}

/// Adds the names of this module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(array_delayed, module)?)
}
