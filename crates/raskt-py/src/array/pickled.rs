//! Operations as plain Python data, for pickling.
//!
//! Parameters without objects are bytes of the canonical encoding: a pickle holds one Python object a step instead of
//! one for every number and name, and steps with equal parameters share theirs.

use std::collections::hash_map::Entry;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyTuple};
use raskt_array::Held;
use raskt_core::encode::{Limits, decode_canonical, encode_canonical};
use raskt_core::{Name, Param, Token, Value};
use raskt_expr::{Expr, Purity};
use raskt_frame::source::Partitions;
use rustc_hash::FxHashMap;

use crate::object;

/// What several steps have in common is one object, which a pickle holds once.
#[derive(Default)]
pub struct Shared<'py> {
    operations: FxHashMap<(Name, Name, bool), Bound<'py, PyTuple>>,
    parameters: FxHashMap<Vec<u8>, Bound<'py, PyBytes>>,
}

impl<'py> Shared<'py> {
    /// What `expr` does: its collection, the name of its operation, and whether it is a call of its own.
    ///
    /// # Errors
    /// Where memory runs out.
    pub fn operation(&mut self, py: Python<'py>, expr: &Expr) -> PyResult<Bound<'py, PyTuple>> {
        let (collection, name, is_impure) =
            (expr.collection(), expr.operation(), expr.purity() == Purity::Impure);
        let known = match self.operations.entry((collection.clone(), name.clone(), is_impure)) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(free) => {
                free.insert((collection.as_str(), name.as_str(), is_impure).into_pyobject(py)?)
            }
        };
        Ok(known.clone())
    }

    /// A parameter: bytes where it holds no object, or else a tagged tuple.
    ///
    /// # Errors
    /// Where memory runs out.
    pub fn parameters(&mut self, py: Python<'py>, param: &Param) -> PyResult<Bound<'py, PyAny>> {
        let tagged = |tag: &str, payload: Bound<'py, PyAny>| Ok((tag, payload).into_pyobject(py)?.into_any());
        match param {
            Param::List(items) if !is_plain(param) => {
                let items: PyResult<Vec<_>> = items.iter().map(|item| self.parameters(py, item)).collect();
                tagged("list", PyList::new(py, items?)?.into_any())
            }
            Param::Map(entries) if !is_plain(param) => {
                let dict = PyDict::new(py);
                for (name, value) in entries.iter() {
                    dict.set_item(&**name, self.parameters(py, value)?)?;
                }
                tagged("map", dict.into_any())
            }
            Param::Value(_) if let Some(held) = Partitions::of(Some(param)) => {
                Ok(crate::frame::partitions_to_data(py, held)?.into_any())
            }
            Param::Value(value) => match Held::token_of(param) {
                Some(token) => {
                    let held = held_to_object(py, param)?;
                    Ok(("held", token.to_string(), held).into_pyobject(py)?.into_any())
                }
                None => tagged("value", object::to_object(py, value)?),
            },
            plain => {
                let bytes = encode_canonical(plain).map_err(|error| crate::errors::to_py(py, error))?;
                let known = self.parameters.entry(bytes);
                Ok(known.or_insert_with_key(|bytes| PyBytes::new(py, bytes)).clone().into_any())
            }
        }
    }
}

/// Whether a parameter holds no object, which only pickle could write.
fn is_plain(param: &Param) -> bool {
    match param {
        Param::List(items) => items.iter().all(is_plain),
        Param::Map(entries) => entries.iter().all(|(_, value)| is_plain(value)),
        Param::Value(_) => false,
        Param::Null | Param::Bool(_) | Param::Int(_) | Param::Float(_) | Param::Str(_) | Param::Bytes(_) => {
            true
        }
    }
}

fn held_to_object<'py>(py: Python<'py>, param: &Param) -> PyResult<Bound<'py, PyAny>> {
    let value = Held::value_of(param).cloned().unwrap_or_default();
    object::to_object(py, &value)
}

/// What [`Shared::parameters`] wrote.
///
/// # Errors
/// `ValueError` for data that it did not make.
pub fn from_data(data: &Bound<'_, PyAny>) -> PyResult<Param> {
    if let Ok(bytes) = data.cast::<PyBytes>() {
        let decoded = decode_canonical(bytes.as_bytes(), &Limits::default());
        return decoded.map_err(|error| crate::errors::to_py(data.py(), error));
    }
    let data = data.cast::<PyTuple>()?;
    let tag: String = data.get_item(0)?.extract()?;
    let payload = data.get_item(1)?;
    match tag.as_str() {
        "list" => payload.try_iter()?.map(|item| from_data(&item?)).collect::<PyResult<_>>().map(Param::List),
        "map" => {
            let mut entries = Vec::new();
            for (name, value) in payload.cast::<PyDict>()?.iter() {
                entries.push((name.extract::<String>()?, from_data(&value)?));
            }
            Ok(Param::map(entries.iter().map(|(name, value)| (name.as_str(), value.clone()))))
        }
        "held" => {
            let token: String = payload.extract()?;
            let token: Token = token.parse().map_err(|error| crate::errors::to_py(data.py(), error))?;
            Ok(Held::param(token, held(data.get_item(2)?)?))
        }
        "partitions" => crate::frame::partitions_from_data(data),
        "value" => Ok(Param::Value(super::to_value(payload)?)),
        _ => Err(PyValueError::new_err("a pickled array of another release")),
    }
}

fn held(object: Bound<'_, PyAny>) -> PyResult<Value> {
    match object.cast_exact::<PyList>() {
        Ok(list) => {
            let values: PyResult<Vec<Value>> = list.iter().map(super::to_value).collect();
            Ok(Value::List(values?.into()))
        }
        Err(_) => super::to_value(object),
    }
}
