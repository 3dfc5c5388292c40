//! Expressions as plain Python data, for pickling.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyTuple};
use raskt_array::{COLLECTION, Held};
use raskt_core::{Param, Token, Value};
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
    let steps = PyList::empty(py);
    for expr in sorted {
        let operands: Vec<usize> = expr.operands().iter().map(|operand| numbers[&operand.token()]).collect();
        let parameters = to_data(py, expr.parameters())?;
        let impure = expr.purity() == Purity::Impure;
        let notes = super::notes::to_dict(py, expr.annotations())?;
        steps.append((expr.operation().as_str(), operands, parameters, impure, notes))?;
    }
    let rebuild = py.import("raskt._raskt")?.getattr("array_rebuilt")?;
    Ok((rebuild, (steps,)).into_pyobject(py)?.into_any())
}

/// An operation, its operands' numbers, its parameters, whether it is a call of its own, and its annotations.
type Step<'py> = (String, Vec<usize>, Bound<'py, PyAny>, bool, Bound<'py, PyDict>);

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
        let annotations = if notes.is_empty() { Param::Null } else { super::notes::from_dict(&notes)? };
        let draft =
            Draft { operands, parameters, annotations, purity, ..Draft::new(COLLECTION, operation.as_str()) };
        let expr = draft.finish_with(&PythonTokens).map_err(|error| crate::errors::to_py(py, error))?;
        builder().meta(&expr).map_err(|error| crate::errors::to_py(py, error))?;
        made.push(expr);
    }
    let root = made.pop().ok_or_else(|| PyValueError::new_err("a pickled array of nothing"))?;
    Ok(ArrayExpr::of(root))
}

/// A parameter as a tagged tuple.
fn to_data<'py>(py: Python<'py>, param: &Param) -> PyResult<Bound<'py, PyAny>> {
    let tagged = |tag: &str, payload: Bound<'py, PyAny>| Ok((tag, payload).into_pyobject(py)?.into_any());
    match param {
        Param::List(items) => {
            let items: PyResult<Vec<_>> = items.iter().map(|item| to_data(py, item)).collect();
            tagged("list", PyList::new(py, items?)?.into_any())
        }
        Param::Map(entries) => {
            let dict = PyDict::new(py);
            for (name, value) in entries.iter() {
                dict.set_item(&**name, to_data(py, value)?)?;
            }
            tagged("map", dict.into_any())
        }
        Param::Bytes(bytes) => tagged("plain", PyBytes::new(py, bytes).into_any()),
        Param::Value(_) if Held::token_of(param).is_some() => {
            let token = Held::token_of(param).unwrap_or(Token(0)).to_string();
            let value = Held::value_of(param).cloned().unwrap_or_default();
            let value = match part_of(&value) {
                Some(node) => hand_out(py, Delayed::of(std::sync::Arc::clone(node)))?.into_any(),
                None => object::to_object(py, &value)?,
            };
            Ok(("held", token, value).into_pyobject(py)?.into_any())
        }
        Param::Value(value) => tagged("value", object::to_object(py, value)?),
        plain => tagged("plain", crate::param::to_object(py, plain)?),
    }
}

fn from_data(data: &Bound<'_, PyAny>) -> PyResult<Param> {
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
        "plain" => super::parameters::to_param(&payload),
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
