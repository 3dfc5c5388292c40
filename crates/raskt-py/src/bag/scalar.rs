//! Scalars, from Python and back.

use pyo3::exceptions::PyValueError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyFloat, PyInt, PyString};
use raskt_bag::{Constant, Scalar};

use crate::object;

/// The Python object of a scalar.
///
/// # Errors
/// Where memory runs out.
pub fn object<'py>(py: Python<'py>, value: Scalar<'_>) -> PyResult<Bound<'py, PyAny>> {
    Ok(match value {
        Scalar::Null => py.None().into_bound(py),
        Scalar::Bool(truth) => PyBool::new(py, truth).to_owned().into_any(),
        Scalar::Int(value) => value.into_pyobject(py)?.into_any(),
        Scalar::Big(digits) => py.get_type::<PyInt>().call1((object::text(py, digits)?,))?,
        // The object that `json` gives for each: sets and dictionaries find a NaN by what it is, not by its value.
        Scalar::Float(value) if value.is_nan() => {
            py.import(intern!(py, "json.decoder"))?.getattr(intern!(py, "NaN"))?
        }
        Scalar::Float(value) => PyFloat::new(py, value).into_any(),
        Scalar::Str(text) => object::text(py, text)?.into_any(),
        Scalar::Wtf8(bytes) => {
            object::bytes(py, bytes)?.call_method1(intern!(py, "decode"), ("utf-8", "surrogatepass"))?
        }
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
