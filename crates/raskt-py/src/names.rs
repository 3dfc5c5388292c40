//! Names of functions and keys of tasks, between Python and Rust.

use pyo3::prelude::*;
use pyo3::types::{PyInt, PyString, PyTuple};
use raskt_core::{Block, Key, Name};
use raskt_expr::{Expr, layer_name};

use crate::cluster::FutureCall;
use crate::node::Node;

/// What to call `object` in keys, pictures and errors: `__name__` of a function, that of what a partial or a
/// method wraps, the type's name otherwise.
pub fn function_name(object: &Bound<'_, PyAny>) -> String {
    let mut object = object.clone();
    // A partial of a partial is one of few; a cycle would be a bug of the user's, not ours to hang on.
    for _ in 0..16 {
        match object.getattr("func") {
            Ok(inner) if object.getattr("__name__").is_err() && inner.is_callable() => object = inner,
            _ => break,
        }
    }
    let name = object.getattr("__name__").and_then(|name| name.extract::<String>());
    let name = name.or_else(|_| object.get_type().name().map(|name| name.to_string()));
    match name.as_deref() {
        Ok("<lambda>") => "lambda".to_owned(),
        Ok(name) => name.chars().take(50).collect(),
        Err(_) => "function".to_owned(),
    }
}

/// The key that Python's `key` is: a string is a name, a tuple of a string and numbers a block, anything else
/// goes by its `repr`.
pub fn to_key(key: &Bound<'_, PyAny>) -> Key {
    if let Ok(text) = key.cast::<PyString>() {
        return Key::named(&*text.to_string_lossy());
    }
    if let Some(block) = key.cast_exact::<PyTuple>().ok().and_then(block_key) {
        return block;
    }
    Key::named(repr(key).as_str())
}

/// A key as text.
pub fn repr(key: &Bound<'_, PyAny>) -> String {
    key.repr().map_or_else(|_| "<key>".to_owned(), |repr| repr.to_string_lossy().into_owned())
}

/// The node that `expr` is, where it is a call.
pub fn node_of(expr: &Expr) -> Option<&Node> {
    expr.as_call().and_then(|call| call.as_any().downcast_ref())
}

/// The key of the value of `expr`: a call's own, or what the layer of an operation is called.
pub fn key_of<'py>(py: Python<'py>, expr: &Expr) -> Bound<'py, PyAny> {
    if let Some(node) = node_of(expr) {
        return node.py_key(py);
    }
    let name = match FutureCall::of(expr) {
        Some(call) => return call.py_key(py).unwrap_or_else(|_| py.None().into_bound(py)),
        None => layer_name(expr),
    };
    PyString::new(py, name.as_str()).into_any()
}

/// Whether [`from_key`] makes of [`to_key`] what was there before.
pub fn is_plain(key: &Bound<'_, PyAny>) -> bool {
    if key.is_exact_instance_of::<PyString>() {
        return key.extract::<&str>().is_ok();
    }
    let tuple = key.cast_exact::<PyTuple>();
    tuple.is_ok_and(|tuple| block_key(tuple).is_some() && tuple.get_item(0).is_ok_and(|name| is_plain(&name)))
}

fn block_key(key: &Bound<'_, PyTuple>) -> Option<Key> {
    let first = key.get_item(0).ok()?;
    let name = first.cast::<PyString>().ok()?;
    if key.len() < 2 {
        return None;
    }
    let mut block = Block::new();
    for item in key.iter().skip(1) {
        block.push(item.cast_exact::<PyInt>().ok()?.extract().ok()?);
    }
    Some(Key { name: Name::new(&name.to_string_lossy()), block, output: 0 })
}

/// The Python key of a task that has no Python body: a string, or a tuple of a name and numbers.
///
/// # Errors
/// Where memory runs out.
pub fn from_key<'py>(py: Python<'py>, key: &Key) -> PyResult<Bound<'py, PyAny>> {
    let name = PyString::new(py, key.name.as_str()).into_any();
    if key.block.is_empty() && key.output == 0 {
        return Ok(name);
    }
    let mut parts = vec![name];
    for &index in &key.block {
        parts.push(index.into_pyobject(py)?.into_any());
    }
    if key.output > 0 {
        parts.push(PyString::new(py, &format!("#{}", key.output)).into_any());
    }
    Ok(PyTuple::new(py, parts)?.into_any())
}
