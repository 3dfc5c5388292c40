//! What `raskt.annotate` says of arrays: parameters of their expressions, and what comes of it for tasks.

use parking_lot::Mutex;
use pyo3::exceptions::PyValueError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple};
use raskt_array::{Builder, Held};
use raskt_core::{Fit, Name, Param};
use raskt_graph::TaskTable;
use rustc_hash::FxHashMap;

use super::parameters::to_param;
use super::planning::builder;
use crate::object;

/// What was said of the tasks of some layers.
pub type Notes = Vec<(Name, Param)>;

/// The annotations that were last asked for, and their parameter: one `annotate` block asks for its own many times.
static LAST: Mutex<Option<(Py<PyDict>, Param)>> = Mutex::new(None);

/// What makes the expressions that a user asks for: they carry the annotations in force.
///
/// # Errors
/// What naming the annotations raises.
pub fn builder_here(py: Python<'_>) -> PyResult<Builder<'static>> {
    Ok(builder().annotated(current(py)?))
}

/// The annotations in force as a parameter; null for none.
///
/// # Errors
/// What naming them raises.
pub fn current(py: Python<'_>) -> PyResult<Param> {
    let Some(notes) = crate::annotations::current(py)? else { return Ok(Param::Null) };
    let last = LAST.lock();
    if let Some((known, param)) = &*last
        && known.is(&*notes)
    {
        return Ok(param.clone());
    }
    // Naming an object may run any Python, which may want the lock.
    drop(last);
    let param = from_dict(notes.bind(py))?;
    // So may the end of those that were known before.
    let before = LAST.lock().replace((notes.clone_ref(py), param.clone()));
    drop(before);
    Ok(param)
}

/// Annotations as a parameter: plain values as they are, others held under tokens of their own.
///
/// # Errors
/// What naming an object raises.
pub fn from_dict(notes: &Bound<'_, PyDict>) -> PyResult<Param> {
    let mut entries = Vec::with_capacity(notes.len());
    for (name, value) in notes.iter() {
        let value = if is_plain(&value) { to_param(&value)? } else { held(value)? };
        entries.push((name.str()?.to_cow()?.into_owned(), value));
    }
    Ok(Param::map(entries.iter().map(|(name, value)| (name.as_str(), value.clone()))))
}

fn held(value: Bound<'_, PyAny>) -> PyResult<Param> {
    let args = PyTuple::new(value.py(), [&value])?;
    let token = crate::tokenize::token_of(value.py(), &args, None, None)?;
    Ok(Held::param(token, object::carry(value)))
}

/// Whether a value comes back as it was once it has been a parameter.
fn is_plain(value: &Bound<'_, PyAny>) -> bool {
    if let Ok(list) = value.cast_exact::<PyList>() {
        return list.iter().all(|item| is_plain(&item));
    }
    if let Ok(dict) = value.cast_exact::<PyDict>() {
        return dict.iter().all(|(name, item)| name.is_exact_instance_of::<PyString>() && is_plain(&item));
    }
    value.is_none()
        || value.is_exact_instance_of::<PyBool>()
        || (value.is_exact_instance_of::<PyInt>() && value.extract::<i64>().is_ok())
        || value.is_exact_instance_of::<PyFloat>()
        || value.is_exact_instance_of::<PyString>()
        || value.is_exact_instance_of::<PyBytes>()
}

/// The annotations of a parameter made by [`from_dict`], for another process: values without the tokens that they are held
/// under, which name expressions only.
#[must_use]
pub fn to_travel(notes: &Param) -> Param {
    let Param::Map(entries) = notes else { return notes.clone() };
    let bare = |value: &Param| match (Held::token_of(value), Held::value_of(value)) {
        (Some(_), Some(held)) => Param::Value(held.clone()),
        _ => value.clone(),
    };
    Param::map(entries.iter().map(|(name, value)| (&**name, bare(value))))
}

/// The annotations that a parameter made by [`from_dict`] or [`to_travel`] holds.
///
/// # Errors
/// Where memory runs out.
pub fn to_dict<'py>(py: Python<'py>, notes: &Param) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    if let Param::Map(entries) = notes {
        for (name, value) in entries.iter() {
            let value = match (Held::token_of(value), Held::value_of(value)) {
                (Some(_), Some(held)) => object::to_object(py, held)?,
                _ => crate::param::to_object(py, value)?,
            };
            dict.set_item(&**name, value)?;
        }
    }
    Ok(dict)
}

/// How often tasks are tried again of which notes say so, by their places in `table`.
///
/// # Errors
/// What a callable raises; `ValueError` for what is no number of times.
pub fn retries(py: Python<'_>, table: &TaskTable, notes: &Notes) -> PyResult<FxHashMap<u32, u32>> {
    let mut asked: FxHashMap<&str, Bound<'_, PyAny>> = FxHashMap::default();
    for (name, notes) in notes {
        if let Some(retries) = to_dict(py, notes)?.get_item(intern!(py, "retries"))? {
            asked.insert(name.as_str(), retries);
        }
    }
    let mut found = FxHashMap::default();
    if asked.is_empty() {
        return Ok(found);
    }
    for task in 0..table.n_tasks().fit::<u32>() {
        let key = table.key(task);
        if let Some(retries) = asked.get(key.name.as_str()) {
            let key = crate::names::from_key(py, &key)?;
            found.insert(task, number(retries, &key)?);
        }
    }
    Ok(found)
}

/// How often the annotation `retries` says that the task `key` is tried again.
///
/// # Errors
/// As [`retries`].
pub fn number(retries: &Bound<'_, PyAny>, key: &Bound<'_, PyAny>) -> PyResult<u32> {
    let asked = if retries.is_callable() { retries.call1((key,))? } else { retries.clone() };
    asked.extract().map_err(|_| {
        PyValueError::new_err(format!(
            "the annotation retries must be a whole number of 0 or more, found {}",
            crate::brief::brief(&asked)
        ))
    })
}
