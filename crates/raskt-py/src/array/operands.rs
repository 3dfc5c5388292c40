//! Python's objects as operands.

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyComplex, PyFloat, PyInt};
use raskt_array::{Held, ufuncs};
use raskt_core::{DType, Param, Token, Value};
use raskt_expr::Expr;

use super::expression::ArrayExpr;
use super::planning::{PythonTokens, builder};
use super::{failure, from_numpy};
use crate::object;
use crate::own::{array_kept, own_array};

/// `object` as an operand: an expression, a Python number, or a NumPy scalar or array without axes.
///
/// # Errors
/// `TypeError` for anything else.
pub fn to_operand(object: &Bound<'_, PyAny>) -> PyResult<Expr> {
    let py = object.py();
    if let Ok(array) = object.cast::<ArrayExpr>() {
        return Ok(array.get().expr().clone());
    }
    let made = |value: Param, dtype: DType, weak: bool| {
        ufuncs::scalar(&builder(), value, &dtype, weak).map_err(|error| failure::to_py(py, error))
    };
    if let Ok(truth) = object.cast_exact::<PyBool>() {
        return made(Param::Bool(truth.is_true()), DType::Bool, false);
    }
    if let Ok(int) = object.cast_exact::<PyInt>() {
        let value = int.extract().map_or_else(|_| Param::Value(object::carry(object.clone())), Param::Int);
        return made(value, DType::Int64, true);
    }
    if let Ok(float) = object.cast_exact::<PyFloat>() {
        return made(Param::Float(float.value()), DType::Float64, true);
    }
    if object.cast_exact::<PyComplex>().is_ok() {
        let value = from_numpy(&as_array(object)?)?.map(Value::from);
        let value = value.unwrap_or_else(|| object::carry(object.clone()));
        return made(Param::Value(value), DType::Complex128, true);
    }
    let scalar = object.is_instance(generic_type(py)?)?;
    match from_numpy(&if scalar { as_array(object)? } else { object.clone() })? {
        Some(array) if array.shape().is_empty() => {
            let array = own_array(py, &array, 1)?;
            let dtype = array.dtype().clone();
            made(Param::Value(Value::from(array)), dtype, false)
        }
        _ => foreign(object),
    }
}

/// NumPy's class of all scalars.
fn generic_type(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
    static GENERIC: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let class =
        GENERIC.get_or_try_init(py, || Ok::<_, PyErr>(py.import("numpy")?.getattr("generic")?.unbind()));
    class.map(|class| class.bind(py))
}

/// A number as an array without axes.
fn as_array<'py>(object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    object.py().import("numpy")?.call_method1("asarray", (object,))
}

/// A scalar of a dtype that only NumPy knows.
fn foreign(object: &Bound<'_, PyAny>) -> PyResult<Expr> {
    let py = object.py();
    let name = object.getattr("dtype").and_then(|dtype| dtype.getattr("str")?.extract::<String>());
    let shape = object.getattr("shape").and_then(|shape| shape.len());
    let (Ok(name), Ok(0)) = (name, shape) else {
        return Err(PyTypeError::new_err(format!("{} is no operand", crate::brief::brief(object))));
    };
    let value = object::carry(array_kept(object)?);
    let token = match &value {
        Value::Opaque(opaque) => raskt_core::encode::ForeignTokenizer::token(&PythonTokens, opaque.as_ref()),
        _ => Token::of(&value),
    };
    let token = token.map_err(|error| crate::errors::to_py(py, error))?;
    let dtype = DType::Foreign(name.into());
    ufuncs::scalar(&builder(), Held::param(token, value), &dtype, false)
        .map_err(|error| failure::to_py(py, error))
}
