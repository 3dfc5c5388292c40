//! What is wrong with a request for an array, as the exception that NumPy would raise.

use pyo3::exceptions::{PyIndexError, PyOverflowError, PyTypeError, PyValueError};
use pyo3::prelude::*;
use raskt_array::ArrayError;

/// `error` as an exception.
pub fn to_py(py: Python<'_>, error: ArrayError) -> PyErr {
    let text = error.to_string();
    match error {
        ArrayError::Axis { axis, n_axes } => axis_error(py, axis, n_axes).unwrap_or_else(|error| error),
        ArrayError::Index { .. }
        | ArrayError::Mask { .. }
        | ArrayError::TooManyIndices { .. }
        | ArrayError::Ellipses => PyIndexError::new_err(text),
        ArrayError::Broadcast { .. } | ArrayError::Unmatched { .. } => PyValueError::new_err(text),
        ArrayError::Overflow { .. } => PyOverflowError::new_err(text),
        ArrayError::Engine(error) => crate::errors::to_py(py, error),
        _ => PyTypeError::new_err(text),
    }
}

/// NumPy's own class for axes that are not there.
fn axis_error(py: Python<'_>, axis: i64, n_axes: usize) -> PyResult<PyErr> {
    let class = py.import("numpy.exceptions")?.getattr("AxisError")?;
    Ok(PyErr::from_value(class.call1((axis, n_axes))?))
}
