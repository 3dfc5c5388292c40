//! Blocks that Python functions return, where they enter: as native arrays where kernels know them, and as promised.

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};
use raskt_array::parameters::dtype_named;
use raskt_array::promise::{Broken, Promise};
use raskt_core::{DType, Value};

use super::to_value;

/// What a function returned, as a value; compared with what was promised of it, if anything was.
///
/// # Errors
/// `ValueError` for another shape than promised, `TypeError` for another dtype; what looking at the object raises.
pub fn enter(object: Bound<'_, PyAny>, promise: Option<Promise<'_>>) -> PyResult<Value> {
    let Some(promise) = promise else { return to_value(object) };
    let py = object.py();
    let object = if object.is_instance_of::<PyList>() || object.is_instance_of::<PyTuple>() {
        py.import(intern!(py, "numpy"))?.call_method1(intern!(py, "asarray"), (object,))?
    } else {
        object
    };
    // Given away whole: memory that nobody else refers to becomes the value's own.
    let value = to_value(object)?;
    let kept = match &value {
        Value::Array(array) => promise.check(array.shape(), Some(array.dtype())),
        Value::Opaque(_) => {
            let object = crate::object::to_object(py, &value)?;
            match shape_of(&object)? {
                Some(shape) => promise.check(&shape, dtype_of(&object)?.as_ref()),
                // A shape that is not known yet: what asks for the elements will see.
                None => Ok(()),
            }
        }
        _ => promise.check(&[], None),
    };
    match kept {
        Ok(()) => Ok(value),
        Err(Broken::Shape(text)) => Err(PyValueError::new_err(text)),
        Err(Broken::DType(text)) => Err(PyTypeError::new_err(text)),
    }
}

/// The lengths of an object; that of numbers, and of what is no array at all, has none.
fn shape_of(object: &Bound<'_, PyAny>) -> PyResult<Option<Vec<u64>>> {
    match object.getattr_opt(intern!(object.py(), "shape"))? {
        Some(shape) => Ok(shape.extract().ok()),
        None => Ok(Some(Vec::new())),
    }
}

/// The dtype of an object, if it has one.
fn dtype_of(object: &Bound<'_, PyAny>) -> PyResult<Option<DType>> {
    let py = object.py();
    let Some(dtype) = object.getattr_opt(intern!(py, "dtype"))? else { return Ok(None) };
    let class = py.import(intern!(py, "numpy"))?.getattr(intern!(py, "dtype"))?;
    if !dtype.is_instance(&class)? {
        return Ok(None);
    }
    let helper = py.import(intern!(py, "raskt.array._meta"))?;
    let name: String = helper.call_method1(intern!(py, "dtype_name"), (dtype,))?.extract()?;
    Ok(Some(dtype_named(&name)))
}
