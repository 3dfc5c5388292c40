//! Names of columns and levels as Python's objects, and back.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyFloat, PyInt, PyString, PyTuple};
use raskt_frame::Label;

/// `object` as a name.
///
/// # Errors
/// `TypeError` for objects that are no name without Python: anything but None, truth values, numbers, text and tuples of them.
pub fn to_label(object: &Bound<'_, PyAny>) -> PyResult<Label> {
    if object.is_none() {
        return Ok(Label::None);
    }
    if let Ok(truth) = object.cast_exact::<PyBool>() {
        return Ok(Label::Bool(truth.is_true()));
    }
    if let Ok(int) = object.cast_exact::<PyInt>() {
        return int.extract().map(Label::Int).map_err(|_| refused(object));
    }
    if let Ok(float) = object.cast_exact::<PyFloat>() {
        return Ok(Label::Float(float.value().to_bits()));
    }
    if let Ok(text) = object.cast_exact::<PyString>() {
        return Ok(Label::Str(text.to_cow()?.into()));
    }
    match object.cast::<PyTuple>() {
        Ok(items) => items.iter().map(|item| to_label(&item)).collect::<PyResult<_>>().map(Label::Tuple),
        Err(_) => Err(refused(object)),
    }
}

fn refused(object: &Bound<'_, PyAny>) -> PyErr {
    let what = crate::brief::brief(object);
    PyTypeError::new_err(format!(
        "{what} cannot be the name of a column or of an index: use text, numbers or tuples of them, as \
         df.columns = df.columns.astype(str) makes them"
    ))
}

/// `label` as Python has it.
///
/// # Errors
/// Where memory runs out.
pub fn from_label<'py>(py: Python<'py>, label: &Label) -> PyResult<Bound<'py, PyAny>> {
    Ok(match label {
        Label::None => py.None().into_bound(py),
        Label::Bool(value) => PyBool::new(py, *value).to_owned().into_any(),
        Label::Int(value) => value.into_pyobject(py)?.into_any(),
        Label::Float(bits) => PyFloat::new(py, f64::from_bits(*bits)).into_any(),
        Label::Str(text) => crate::object::text(py, text)?.into_any(),
        Label::Tuple(items) => {
            let items: PyResult<Vec<_>> = items.iter().map(|item| from_label(py, item)).collect();
            PyTuple::new(py, items?)?.into_any()
        }
    })
}
