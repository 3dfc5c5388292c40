//! Arguments of nodes as what a user could have written: `TaskRef`s where inputs go.

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyFrozenSet, PyList, PySet, PySlice, PyTuple};

use crate::copy::fresh;
use crate::node::{Arg, Args, Build, Callee, Node};
use crate::task::{Task, TaskRef};

/// A function with its arguments.
pub struct Written<'py> {
    pub func: Bound<'py, PyAny>,
    pub args: Bound<'py, PyTuple>,
    pub kwargs: Bound<'py, PyDict>,
}

/// What `node` calls; `keys` are those of its inputs.
///
/// # Errors
/// What building a container raises: a set around a reference, a copy of a dataclass.
pub fn write<'py>(py: Python<'py>, node: &Node, keys: &[Py<PyAny>]) -> PyResult<Written<'py>> {
    let protocol = || py.import(pyo3::intern!(py, "raskt._protocol"));
    let (args, kwargs) = match &node.args {
        Args::Plain { args, kwargs } => {
            let kwargs =
                kwargs.as_ref().map_or_else(|| Ok(PyDict::new(py)), |kwargs| kwargs.bind(py).copy())?;
            (args.bind(py).clone(), kwargs)
        }
        Args::Mixed { args, kwargs } => {
            let named = PyDict::new(py);
            for (name, arg) in kwargs {
                named.set_item(name.bind(py), object(py, arg, keys)?)?;
            }
            (tuple(py, args, keys)?, named)
        }
    };
    Ok(match &node.callee {
        Callee::Func(func) => Written { func: func.object.bind(py).clone(), args, kwargs },
        Callee::Identity => {
            let args = args.get_slice(0, 1);
            Written { func: protocol()?.getattr("identity")?, args, kwargs: PyDict::new(py) }
        }
        Callee::FirstInput => {
            let function = object(py, &Arg::Input(0), keys)?;
            let args = PyTuple::new(py, [function].into_iter().chain(args.iter()).collect::<Vec<_>>())?;
            Written { func: protocol()?.getattr("call")?, args, kwargs }
        }
    })
}

fn tuple<'py>(py: Python<'py>, args: &[Arg], keys: &[Py<PyAny>]) -> PyResult<Bound<'py, PyTuple>> {
    PyTuple::new(py, objects(py, args, keys)?)
}

fn objects<'py>(py: Python<'py>, args: &[Arg], keys: &[Py<PyAny>]) -> PyResult<Vec<Bound<'py, PyAny>>> {
    args.iter().map(|arg| object(py, arg, keys)).collect()
}

fn object<'py>(py: Python<'py>, arg: &Arg, keys: &[Py<PyAny>]) -> PyResult<Bound<'py, PyAny>> {
    let build = match arg {
        Arg::Const(object) => return Ok(object.bind(py).clone()),
        Arg::Input(at) => {
            let key = keys.get(*at as usize).map_or_else(|| py.None(), |key| key.clone_ref(py));
            return Ok(Bound::new(py, TaskRef::new(key))?.into_any());
        }
        Arg::Inputs => {
            let references = keys.iter().map(|key| Bound::new(py, TaskRef::new(key.clone_ref(py))));
            return Ok(PyList::new(py, references.collect::<PyResult<Vec<_>>>()?)?.into_any());
        }
        Arg::Build(build) => build.as_ref(),
    };
    Ok(match build {
        Build::List(items) => PyList::new(py, objects(py, items, keys)?)?.into_any(),
        Build::Tuple(items) => tuple(py, items, keys)?.into_any(),
        Build::Set(items) => PySet::new(py, objects(py, items, keys)?)?.into_any(),
        Build::FrozenSet(items) => PyFrozenSet::new(py, objects(py, items, keys)?)?.into_any(),
        Build::Dict(pairs) => {
            let dict = PyDict::new(py);
            for (key, item) in pairs {
                dict.set_item(object(py, key, keys)?, object(py, item, keys)?)?;
            }
            dict.into_any()
        }
        Build::Slice(parts) => py.get_type::<PySlice>().call1(tuple(py, parts, keys)?)?,
        Build::Copy(container) => fresh(container.bind(py))?,
        Build::Call(function, args) => {
            let args = tuple(py, args, keys)?;
            Bound::new(py, Task::make(py, py.None(), function.bind(py), &args, None)?)?.into_any()
        }
        Build::Fields(template, fields) => {
            let copy = py.import("copy")?.call_method1("copy", (template.bind(py),))?;
            // `object.__setattr__`: frozen dataclasses refuse the ordinary way.
            let set = py.import("builtins")?.getattr("object")?.getattr("__setattr__")?;
            for (name, field) in fields {
                set.call1((&copy, name.bind(py), object(py, field, keys)?))?;
            }
            copy
        }
    })
}
