//! Scalars, from Python and back.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyFloat, PyInt, PyString};
use raskt_bag::{Constant, Scalar};

/// The Python object of a scalar.
///
/// # Errors
/// Where memory runs out.
pub fn constant<'py>(py: Python<'py>, value: &Constant) -> PyResult<Bound<'py, PyAny>> {
    Ok(match value.borrow() {
        Scalar::Null => py.None().into_bound(py),
        Scalar::Bool(truth) => PyBool::new(py, truth).to_owned().into_any(),
        Scalar::Int(value) => value.into_pyobject(py)?.into_any(),
        Scalar::Float(value) => PyFloat::new(py, value).into_any(),
        Scalar::Str(text) => PyString::new(py, text).into_any(),
    })
}

/// The scalar of a Python object of just that type.
///
/// # Errors
/// `ValueError` for everything else.
pub fn of_object(value: &Bound<'_, PyAny>) -> PyResult<Constant> {
    if value.is_none() {
        return Ok(Constant::Null);
    }
    if let Ok(truth) = value.cast_exact::<PyBool>() {
        return Ok(Constant::Bool(truth.is_true()));
    }
    if let Ok(value) = value.cast_exact::<PyInt>() {
        return value.extract().map(Constant::Int);
    }
    if let Ok(value) = value.cast_exact::<PyFloat>() {
        return Ok(Constant::Float(value.extract()?));
    }
    if let Ok(text) = value.cast_exact::<PyString>() {
        return Ok(Constant::Str(text.extract::<&str>()?.into()));
    }
    Err(PyValueError::new_err("not a scalar of JSON"))
}
