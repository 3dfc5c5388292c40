//! Expressions as plain Python data, for pickling delayed values and collections.

use std::sync::Arc;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyTuple};
use raskt_core::{Fit, Param};
use raskt_expr::{Draft, Expr, Purity};
use raskt_graph::Body;
use smallvec::SmallVec;

use crate::array::{PythonTokens, Shared, notes_from_dict, notes_to_dict, params_from_data};
use crate::cluster::{ClusterFuture, FutureCall};
use crate::names::node_of;
use crate::node::{Callee, Func, Node};
use crate::packed::{args_from_parts, args_to_parts};

/// What a row says that is a value on a cluster.
const FUTURE: i64 = -3;

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
        } else if let Body::Foreign(foreign) = table.body(task)
            && let Some(call) = foreign.as_any().downcast_ref::<FutureCall>()
        {
            rows.append((FUTURE, call.to_object(py)?, operands, py.None(), py.None()))?;
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
    (callee, args_to_parts(py, &node.args)?, operands, node.py_key(py), notes).into_pyobject(py)
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
            Ok(FUTURE) => parts.cast::<ClusterFuture>()?.get().expr(),
            Ok(callee) => {
                let callee = match callee {
                    -1 => Callee::FirstInput,
                    -2 => Callee::Identity,
                    at => Callee::Func(Arc::clone(
                        usize::try_from(at).ok().and_then(|at| funcs.get(at)).ok_or_else(damaged)?,
                    )),
                };
                let (bytes, objects): (Bound<'_, PyBytes>, Bound<'_, PyTuple>) = parts.extract()?;
                let args = args_from_parts(&bytes, &objects)?;
                let node = Node::new(callee, args, operands, notes.map(Arc::new));
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
