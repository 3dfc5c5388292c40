//! Parameters of bodies as Python sees them.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use raskt_core::Param;

/// A parameter as a Python object.
///
/// # Errors
/// Where memory runs out.
pub fn to_object<'py>(py: Python<'py>, param: &Param) -> PyResult<Bound<'py, PyAny>> {
    Ok(match param {
        Param::Null => py.None().into_bound(py),
        Param::Bool(value) => value.into_pyobject(py)?.to_owned().into_any(),
        Param::Int(value) => value.into_pyobject(py)?.into_any(),
        Param::Float(value) => value.into_pyobject(py)?.into_any(),
        Param::Str(text) => crate::object::text(py, text)?.into_any(),
        Param::Bytes(bytes) => crate::object::bytes(py, bytes)?.into_any(),
        Param::List(items) => {
            let items: PyResult<Vec<_>> = items.iter().map(|item| to_object(py, item)).collect();
            PyList::new(py, items?)?.into_any()
        }
        Param::Map(_) => kwargs(py, param)?.into_any(),
        Param::Value(value) => crate::object::to_object(py, value)?,
    })
}

/// A map of parameters as keyword arguments.
///
/// # Errors
/// `TypeError` for parameters without names.
pub fn kwargs<'py>(py: Python<'py>, param: &Param) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    match param {
        Param::Null => {}
        Param::Map(entries) => {
            for (name, value) in entries.iter() {
                dict.set_item(&**name, to_object(py, value)?)?;
            }
        }
        other => {
            return Err(PyTypeError::new_err(format!(
                "parameters of a library call need names, found {other:?}"
            )));
        }
    }
    Ok(dict)
}
