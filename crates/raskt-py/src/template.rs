//! Expressions as plain Python data: for pickling delayed values and collections, and for shipping calls to other processes.
//!
//! An argument becomes a tuple `(tag, payload)`; a call `(callee, args, kwargs)`.

use std::sync::Arc;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString, PyTuple};
use raskt_core::{Fit, Param};
use raskt_expr::{Draft, Expr, Purity};
use smallvec::SmallVec;

use crate::array::{PythonTokens, Shared, notes_from_dict, notes_to_dict, params_from_data};
use crate::names::node_of;
use crate::node::{Arg, Args, Build, Callee, Func, Node};

/// The arguments of a call as data.
///
/// # Errors
/// Where memory runs out.
pub fn args_to_data<'py>(py: Python<'py>, args: &Args) -> PyResult<Bound<'py, PyAny>> {
    match args {
        Args::Plain { args, kwargs } => {
            (pyo3::intern!(py, "plain"), args.bind(py), kwargs.as_ref().map(|kwargs| kwargs.bind(py)))
                .into_pyobject(py)
                .map(Bound::into_any)
        }
        Args::Mixed { args, kwargs } => {
            let named = PyDict::new(py);
            for (name, arg) in kwargs {
                named.set_item(name.bind(py), to_data(py, arg)?)?;
            }
            (pyo3::intern!(py, "mixed"), list(py, args)?, named).into_pyobject(py).map(Bound::into_any)
        }
    }
}

/// The arguments of a call from data.
///
/// # Errors
/// `ValueError` for data that [`args_to_data`] did not make.
pub fn args_from_data(data: &Bound<'_, PyAny>) -> PyResult<Args> {
    let (tag, args, kwargs): (String, Bound<'_, PyAny>, Bound<'_, PyAny>) = data.extract()?;
    if tag == "plain" {
        let kwargs = if kwargs.is_none() { None } else { Some(kwargs.cast_into::<PyDict>()?.unbind()) };
        return Ok(Args::Plain { args: args.cast_into::<PyTuple>()?.unbind(), kwargs });
    }
    let args = args_of(&args)?.into_boxed_slice();
    let mut named = Vec::new();
    for (name, arg) in kwargs.cast_into::<PyDict>()?.iter() {
        named.push((name.cast_into::<PyString>()?.unbind(), from_data(&arg)?));
    }
    Ok(Args::Mixed { args, kwargs: named.into_boxed_slice() })
}

fn list<'py>(py: Python<'py>, args: &[Arg]) -> PyResult<Bound<'py, PyAny>> {
    let items: PyResult<Vec<_>> = args.iter().map(|arg| to_data(py, arg)).collect();
    Ok(PyList::new(py, items?)?.into_any())
}

fn args_of(data: &Bound<'_, PyAny>) -> PyResult<Vec<Arg>> {
    data.try_iter()?.map(|item| from_data(&item?)).collect()
}

fn tagged<'py>(py: Python<'py>, tag: &str, data: Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    Ok((tag, data).into_pyobject(py)?.into_any())
}

fn to_data<'py>(py: Python<'py>, arg: &Arg) -> PyResult<Bound<'py, PyAny>> {
    match arg {
        Arg::Const(object) => tagged(py, "const", object.bind(py).clone()),
        Arg::Input(at) => tagged(py, "input", at.into_pyobject(py)?.into_any()),
        Arg::Inputs => tagged(py, "inputs", py.None().into_bound(py)),
        Arg::Build(build) => match build.as_ref() {
            Build::List(items) => tagged(py, "list", list(py, items)?),
            Build::Tuple(items) => tagged(py, "tuple", list(py, items)?),
            Build::Set(items) => tagged(py, "set", list(py, items)?),
            Build::FrozenSet(items) => tagged(py, "frozenset", list(py, items)?),
            Build::Slice(parts) => tagged(py, "slice", list(py, parts)?),
            Build::Dict(pairs) => {
                let pairs: PyResult<Vec<_>> =
                    pairs.iter().map(|(k, v)| Ok((to_data(py, k)?, to_data(py, v)?))).collect();
                tagged(py, "dict", PyList::new(py, pairs?)?.into_any())
            }
            Build::Copy(container) => tagged(py, "copy", container.bind(py).clone()),
            Build::Call(function, args) => {
                tagged(py, "call", (function.bind(py), list(py, args)?).into_pyobject(py)?.into_any())
            }
            Build::Dataclass(template, fields) => {
                let fields: PyResult<Vec<_>> =
                    fields.iter().map(|(name, arg)| Ok((name.bind(py).clone(), to_data(py, arg)?))).collect();
                let fields = PyList::new(py, fields?)?;
                tagged(py, "dataclass", (template.bind(py), fields).into_pyobject(py)?.into_any())
            }
        },
    }
}

fn from_data(data: &Bound<'_, PyAny>) -> PyResult<Arg> {
    let (tag, data): (String, Bound<'_, PyAny>) = data.extract()?;
    let build = match tag.as_str() {
        "const" => return Ok(Arg::Const(data.unbind())),
        "input" => return Ok(Arg::Input(data.extract()?)),
        "inputs" => return Ok(Arg::Inputs),
        "list" => Build::List(args_of(&data)?),
        "tuple" => Build::Tuple(args_of(&data)?),
        "set" => Build::Set(args_of(&data)?),
        "frozenset" => Build::FrozenSet(args_of(&data)?),
        "slice" => Build::Slice(
            args_of(&data)?.try_into().map_err(|_| PyValueError::new_err("a slice has three parts"))?,
        ),
        "dict" => {
            let pair = |item: PyResult<Bound<'_, PyAny>>| {
                let (key, value): (Bound<'_, PyAny>, Bound<'_, PyAny>) = item?.extract()?;
                Ok((from_data(&key)?, from_data(&value)?))
            };
            Build::Dict(data.try_iter()?.map(pair).collect::<PyResult<_>>()?)
        }
        "copy" => Build::Copy(data.unbind()),
        "call" => {
            let (function, args): (Py<PyAny>, Bound<'_, PyAny>) = data.extract()?;
            Build::Call(function, args_of(&args)?)
        }
        "dataclass" => {
            let (template, fields): (Py<PyAny>, Bound<'_, PyAny>) = data.extract()?;
            let field = |item: PyResult<Bound<'_, PyAny>>| {
                let (name, arg): (Bound<'_, PyString>, Bound<'_, PyAny>) = item?.extract()?;
                Ok((name.unbind(), from_data(&arg)?))
            };
            Build::Dataclass(template, fields.try_iter()?.map(field).collect::<PyResult<_>>()?)
        }
        other => return Err(PyValueError::new_err(format!("unknown part of a pickled call: {other}"))),
    };
    Ok(Arg::Build(Box::new(build)))
}

/// Everything that `root` is made of as one flat list, so that a chain of any length pickles without recursion: for each
/// expression `(what, parts, operands, key, annotations)`, operands first. Of a call, `what` is a position in the list of
/// functions beside it, or negative; of an operation it is a tuple of its collection, its name and whether it is impure.
///
/// # Errors
/// Where memory runs out.
pub fn flatten<'py>(py: Python<'py>, root: &Expr) -> PyResult<(Bound<'py, PyList>, Bound<'py, PyList>)> {
    let gathered = crate::plan::gathered(py, std::slice::from_ref(root))?;
    let table = gathered.table();
    let (rows, functions) = (PyList::empty(py), PyList::empty(py));
    let (mut known, mut shared) = (rustc_hash::FxHashMap::default(), Shared::default());
    for task in 0..table.n_tasks().fit::<u32>() {
        let operands = PyTuple::new(py, table.inputs().row(task))?;
        if let Some(operation) = gathered.operation_at(task) {
            rows.append(operation_row(py, operation, operands, &mut shared)?)?;
        } else if let Some(node) = crate::plan::node_of(table, task) {
            rows.append(call_row(py, node, operands, &functions, &mut known)?)?;
        }
    }
    // Another name for an operation has no row of its own.
    if root.behind_alias().is_some()
        && let Some(node) = node_of(root)
    {
        let operands = PyTuple::new(py, table.outputs())?;
        rows.append(call_row(py, node, operands, &functions, &mut known)?)?;
    }
    Ok((rows, functions))
}

fn operation_row<'py>(
    py: Python<'py>,
    operation: &Expr,
    operands: Bound<'py, PyTuple>,
    shared: &mut Shared<'py>,
) -> PyResult<Bound<'py, PyTuple>> {
    let what = shared.operation(py, operation)?;
    let parts = shared.parameters(py, operation.parameters())?;
    let notes = match operation.annotations() {
        Param::Null => None,
        notes => Some(notes_to_dict(py, notes)?),
    };
    (what, parts, operands, py.None(), notes).into_pyobject(py)
}

fn call_row<'py>(
    py: Python<'py>,
    node: &Node,
    operands: Bound<'py, PyTuple>,
    functions: &Bound<'py, PyList>,
    known: &mut rustc_hash::FxHashMap<u64, usize>,
) -> PyResult<Bound<'py, PyTuple>> {
    let callee = match &node.callee {
        Callee::Func(func) => {
            let at = *known.entry(func.number).or_insert(functions.len());
            if at == functions.len() {
                functions.append((func.object.bind(py), &*func.name))?;
            }
            at.clamped::<i64>()
        }
        Callee::FirstInput => -1,
        Callee::Identity => -2,
    };
    let notes = node.notes.as_ref().map(|notes| notes.bind(py));
    (callee, args_to_data(py, &node.args)?, operands, node.py_key(py), notes).into_pyobject(py)
}

/// What [`flatten`] writes of one expression.
type Row<'py> = (Bound<'py, PyAny>, Bound<'py, PyAny>, Vec<usize>, Py<PyAny>, Option<Py<PyDict>>);

/// The expression that [`flatten`] took apart.
///
/// # Errors
/// `ValueError` for data that it did not make.
pub fn unflatten(py: Python<'_>, rows: &Bound<'_, PyList>, functions: &Bound<'_, PyList>) -> PyResult<Expr> {
    let mut funcs = Vec::with_capacity(functions.len());
    for item in functions.iter() {
        let (object, name): (Bound<'_, PyAny>, String) = item.extract()?;
        funcs.push(Func::named(&object, &name));
    }
    let mut made: Vec<Expr> = Vec::with_capacity(rows.len());
    for row in rows.iter() {
        let (what, parts, operands, key, notes): Row<'_> = row.extract()?;
        let operands: Option<SmallVec<[Expr; 2]>> =
            operands.iter().map(|&at| made.get(at).cloned()).collect();
        let operands = operands.ok_or_else(damaged)?;
        made.push(match what.extract::<i64>() {
            Ok(callee) => {
                let callee = match callee {
                    -1 => Callee::FirstInput,
                    -2 => Callee::Identity,
                    at => Callee::Func(Arc::clone(
                        usize::try_from(at).ok().and_then(|at| funcs.get(at)).ok_or_else(damaged)?,
                    )),
                };
                let node = Node::new(callee, args_from_data(&parts)?, operands, notes.map(Arc::new));
                Expr::of_call(Arc::new(node.with_key(py, key)))
            }
            Err(_) => operation(&what, &parts, operands.into_vec(), notes)?,
        });
    }
    made.pop().ok_or_else(damaged)
}

fn damaged() -> PyErr {
    PyValueError::new_err("a pickled expression is damaged")
}

fn operation(
    what: &Bound<'_, PyAny>,
    parts: &Bound<'_, PyAny>,
    operands: Vec<Expr>,
    notes: Option<Py<PyDict>>,
) -> PyResult<Expr> {
    let py = what.py();
    let (collection, name, is_impure): (String, String, bool) = what.extract()?;
    let notes = notes.map(|notes| notes.into_bound(py));
    let draft = Draft {
        operands,
        parameters: params_from_data(parts)?,
        annotations: notes.map_or(Ok(Param::Null), |notes| notes_from_dict(&notes))?,
        purity: if is_impure { Purity::Impure } else { Purity::Pure },
        ..Draft::new(collection.as_str(), name.as_str())
    };
    let made = draft.finish_with(&PythonTokens).and_then(|expr| {
        crate::planner::planner().context().meta(&expr)?;
        Ok(expr)
    });
    made.map_err(|error| crate::errors::to_py(py, error))
}
