//! Makes a call: builds its arguments from constants and inputs, and calls.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyFrozenSet, PyList, PySet, PyTuple};

use crate::copy::fresh;
use crate::node::{Arg, Args, Build, Callee, Node};

/// Calls what `node` stands for; `inputs` are the values of its dependencies.
///
/// # Errors
/// Whatever the function raises.
pub fn call<'py>(py: Python<'py>, node: &Node, inputs: &[Bound<'py, PyAny>]) -> PyResult<Bound<'py, PyAny>> {
    let function = match &node.callee {
        Callee::Func(func) => func.object.bind(py),
        Callee::FirstInput => inputs.first().ok_or_else(lost_input)?,
        Callee::Identity => return identity(py, node, inputs),
    };
    match &node.args {
        Args::Plain { args, kwargs } => {
            function.call(args.bind(py), kwargs.as_ref().map(|kwargs| kwargs.bind(py)))
        }
        Args::Mixed { args, kwargs } => {
            let positional = tuple(py, args, inputs)?;
            if kwargs.is_empty() {
                return function.call1(positional);
            }
            let named = PyDict::new(py);
            for (name, arg) in kwargs {
                named.set_item(name.bind(py), value(py, arg, inputs)?)?;
            }
            function.call(positional, Some(&named))
        }
    }
}

fn identity<'py>(py: Python<'py>, node: &Node, inputs: &[Bound<'py, PyAny>]) -> PyResult<Bound<'py, PyAny>> {
    match &node.args {
        // Who gets it is given what may be changed without changing it.
        Args::Plain { args, .. } => args.bind(py).get_item(0),
        Args::Mixed { args, .. } => value(py, args.first().ok_or_else(lost_input)?, inputs),
    }
}

fn tuple<'py>(py: Python<'py>, args: &[Arg], inputs: &[Bound<'py, PyAny>]) -> PyResult<Bound<'py, PyTuple>> {
    PyTuple::new(py, values(py, args, inputs)?)
}

fn values<'py>(
    py: Python<'py>,
    args: &[Arg],
    inputs: &[Bound<'py, PyAny>],
) -> PyResult<Vec<Bound<'py, PyAny>>> {
    args.iter().map(|arg| value(py, arg, inputs)).collect()
}

/// The object that `arg` stands for.
///
/// # Errors
/// What building it raises.
pub fn value<'py>(py: Python<'py>, arg: &Arg, inputs: &[Bound<'py, PyAny>]) -> PyResult<Bound<'py, PyAny>> {
    match arg {
        Arg::Const(object) => Ok(object.bind(py).clone()),
        Arg::Input(at) => inputs.get(*at as usize).cloned().ok_or_else(lost_input),
        Arg::Inputs => Ok(PyList::new(py, inputs)?.into_any()),
        Arg::Build(build) => built(py, build, inputs),
    }
}

fn built<'py>(py: Python<'py>, build: &Build, inputs: &[Bound<'py, PyAny>]) -> PyResult<Bound<'py, PyAny>> {
    Ok(match build {
        Build::List(items) => PyList::new(py, values(py, items, inputs)?)?.into_any(),
        Build::Tuple(items) => tuple(py, items, inputs)?.into_any(),
        Build::Set(items) => PySet::new(py, values(py, items, inputs)?)?.into_any(),
        Build::FrozenSet(items) => PyFrozenSet::new(py, values(py, items, inputs)?)?.into_any(),
        Build::Dict(pairs) => {
            let dict = PyDict::new(py);
            for (key, item) in pairs {
                dict.set_item(value(py, key, inputs)?, value(py, item, inputs)?)?;
            }
            dict.into_any()
        }
        Build::Slice(parts) => {
            let slice = py.import("builtins")?.getattr("slice")?;
            slice.call1(tuple(py, parts, inputs)?)?
        }
        Build::Copy(container) => fresh(container.bind(py))?,
        Build::Call(function, args) => function.bind(py).call1(tuple(py, args, inputs)?)?,
        Build::Fields(template, fields) => {
            let copy = py.import("copy")?.call_method1("copy", (template.bind(py),))?;
            // `object.__setattr__`: frozen dataclasses refuse the ordinary way.
            let set = py.import("builtins")?.getattr("object")?.getattr("__setattr__")?;
            for (name, field) in fields {
                set.call1((&copy, name.bind(py), value(py, field, inputs)?))?;
            }
            copy
        }
    })
}

fn lost_input() -> PyErr {
    pyo3::exceptions::PyRuntimeError::new_err(
        "a task was run with fewer inputs than it names; please report this",
    )
}
