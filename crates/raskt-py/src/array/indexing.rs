//! What stands between brackets, as far as it is plain: integers, slices, None, Ellipsis.

use pyo3::exceptions::{PyIndexError, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyEllipsis, PyInt, PySlice, PyTuple};
use raskt_array::slicing::Index;

/// `key` as an index; `None` where an item is anything else (a list, an array, a mask).
///
/// # Errors
/// What `__index__` raises.
pub fn plain(key: &Bound<'_, PyAny>) -> PyResult<Option<Vec<Index>>> {
    let Ok(items) = key.cast_exact::<PyTuple>() else {
        return Ok(item(key)?.map(|item| vec![item]));
    };
    let mut index = Vec::with_capacity(items.len());
    for part in items.iter() {
        match item(&part)? {
            Some(found) => index.push(found),
            None => return Ok(None),
        }
    }
    Ok(Some(index))
}

fn item(object: &Bound<'_, PyAny>) -> PyResult<Option<Index>> {
    if object.is_none() {
        return Ok(Some(Index::New));
    }
    if object.cast_exact::<PyBool>().is_ok() {
        return Ok(None);
    }
    if object.cast_exact::<PyInt>().is_ok() {
        let beyond = |_| PyIndexError::new_err(format!("index {object} is out of bounds of any axis"));
        return Ok(Some(Index::Point(object.extract().map_err(beyond)?)));
    }
    if object.cast::<PyEllipsis>().is_ok() {
        return Ok(Some(Index::Ellipsis));
    }
    if let Ok(slice) = object.cast::<PySlice>() {
        let part = |name: &str| -> PyResult<Option<i64>> {
            let value = slice.getattr(name)?;
            if value.is_none() {
                return Ok(None);
            }
            if !value.hasattr("__index__")? {
                let what = "slice indices must be integers or None or have an __index__ method";
                return Err(PyTypeError::new_err(what));
            }
            Ok(Some(saturated(&value.call_method0("__index__")?)?))
        };
        return Ok(Some(Index::Range { start: part("start")?, stop: part("stop")?, step: part("step")? }));
    }
    // NumPy's integers, but not its arrays.
    let is_number = object.hasattr("__index__")? && !object.hasattr("__len__")?;
    if is_number && let Ok(number) = object.call_method0("__index__") {
        let is_truth = object.get_type().name()?.to_cow()?.starts_with("bool");
        return Ok(if is_truth { None } else { Some(Index::Point(saturated(&number)?)) });
    }
    Ok(None)
}

/// An integer of any size: what lies beyond all arrays may lie anywhere there.
fn saturated(number: &Bound<'_, PyAny>) -> PyResult<i64> {
    match number.extract() {
        Ok(value) => Ok(value),
        Err(_) => Ok(if number.lt(0)? { i64::MIN / 4 } else { i64::MAX / 4 }),
    }
}
