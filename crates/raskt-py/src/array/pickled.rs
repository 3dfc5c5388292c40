//! Expressions as plain Python data, for pickling.
//!
//! Parameters without objects are bytes of the canonical encoding: a pickle holds one Python object a step instead of
//! one for every number and name, and steps with equal parameters share theirs.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyString, PyTuple};
use raskt_array::{COLLECTION, Held};
use raskt_core::encode::{Limits, decode_canonical, encode_canonical};
use raskt_core::{Name, Param, Token, Value};
use raskt_expr::{Draft, Expr, Purity, post_order};
use rustc_hash::FxHashMap;

use super::expression::ArrayExpr;
use super::planning::{PythonTokens, builder};
use super::root::part_of;
use crate::delayed::{Delayed, hand_out};
use crate::object;

/// `(rebuild, (steps,))`: each step an operation, its operands' numbers, its parameters and annotations.
///
/// # Errors
/// Where memory runs out.
pub fn reduce<'py>(array: &Bound<'py, ArrayExpr>) -> PyResult<Bound<'py, PyAny>> {
    let py = array.py();
    let root = array.get().expr().clone();
    let sorted = post_order(std::slice::from_ref(&root));
    let numbers: FxHashMap<Token, usize> =
        sorted.iter().enumerate().map(|(at, expr)| (expr.token(), at)).collect();
    let mut shared = Shared::default();
    let steps = PyList::empty(py);
    for expr in sorted {
        let operands = PyTuple::new(py, expr.operands().iter().map(|operand| numbers[&operand.token()]))?;
        let operation = shared.operation(py, expr.operation());
        let parameters = shared.parameters(py, expr.parameters())?;
        let impure = expr.purity() == Purity::Impure;
        let notes = match expr.annotations() {
            Param::Null => None,
            notes => Some(super::notes::to_dict(py, notes)?),
        };
        steps.append((operation, operands, parameters, impure, notes))?;
    }
    let rebuild = py.import("raskt._raskt")?.getattr("array_rebuilt")?;
    Ok((rebuild, (steps,)).into_pyobject(py)?.into_any())
}

/// What several steps have in common is one object, which a pickle holds once.
#[derive(Default)]
struct Shared<'py> {
    operations: FxHashMap<Name, Bound<'py, PyString>>,
    parameters: FxHashMap<Vec<u8>, Bound<'py, PyBytes>>,
}

impl<'py> Shared<'py> {
    fn operation(&mut self, py: Python<'py>, operation: &Name) -> Bound<'py, PyString> {
        let known = self.operations.entry(operation.clone());
        known.or_insert_with(|| PyString::new(py, operation.as_str())).clone()
    }

    /// A parameter: bytes where it holds no object, or else a tagged tuple.
    fn parameters(&mut self, py: Python<'py>, param: &Param) -> PyResult<Bound<'py, PyAny>> {
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
    match part_of(&value) {
        Some(node) => Ok(hand_out(py, Delayed::of(std::sync::Arc::clone(node)))?.into_any()),
        None => object::to_object(py, &value),
    }
}

/// An operation, its operands' numbers, its parameters, whether it is a call of its own, and its annotations.
type Step<'py> = (String, Vec<usize>, Bound<'py, PyAny>, bool, Option<Bound<'py, PyDict>>);

/// The array that [`reduce`] took apart.
#[pyfunction]
pub fn array_rebuilt(py: Python<'_>, steps: &Bound<'_, PyList>) -> PyResult<ArrayExpr> {
    crate::errors::guarded(|| rebuild(py, steps))
}

fn rebuild(py: Python<'_>, steps: &Bound<'_, PyList>) -> PyResult<ArrayExpr> {
    let mut made: Vec<Expr> = Vec::with_capacity(steps.len());
    for step in steps.iter() {
        let (operation, operands, parameters, impure, notes): Step<'_> = step.extract()?;
        let operands = operands.iter().map(|&at| made.get(at).cloned()).collect::<Option<Vec<_>>>();
        let operands =
            operands.ok_or_else(|| PyValueError::new_err("a pickled array names what is not there"))?;
        let purity = if impure { Purity::Impure } else { Purity::Pure };
        let parameters = from_data(&parameters)?;
        let annotations = notes.map_or(Ok(Param::Null), |notes| super::notes::from_dict(&notes))?;
        let draft =
            Draft { operands, parameters, annotations, purity, ..Draft::new(COLLECTION, operation.as_str()) };
        let expr = draft.finish_with(&PythonTokens).map_err(|error| crate::errors::to_py(py, error))?;
        builder().meta(&expr).map_err(|error| crate::errors::to_py(py, error))?;
        made.push(expr);
    }
    let root = made.pop().ok_or_else(|| PyValueError::new_err("a pickled array of nothing"))?;
    Ok(ArrayExpr::of(root))
}

fn from_data(data: &Bound<'_, PyAny>) -> PyResult<Param> {
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
        "value" => Ok(Param::Value(super::to_value(payload)?)),
        _ => Err(PyValueError::new_err("a pickled array of another release")),
    }
}

fn held(object: Bound<'_, PyAny>) -> PyResult<Value> {
    if let Ok(delayed) = object.cast::<Delayed>() {
        let node = std::sync::Arc::clone(delayed.get().node());
        return Ok(Value::Opaque(std::sync::Arc::new(super::root::DelayedPart { node })));
    }
    match object.cast_exact::<PyList>() {
        Ok(list) => {
            let values: PyResult<Vec<Value>> = list.iter().map(super::to_value).collect();
            Ok(Value::List(values?.into()))
        }
        Err(_) => super::to_value(object),
    }
}
