//! What runs the steps of bags: Python's functions.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};
use raskt_bag::operations::Functions;
use raskt_core::{ErrorKind, Param, Result};
use raskt_expr::Held;
use raskt_graph::{Body, Foreign};

use crate::array::notes_to_dict;
use crate::node::{Arg, Args, Callee, Func, Node, Notes};
use crate::{errors, object};

/// Python's functions: steps are joined as `raskt.bag` joins them.
pub struct PythonFunctions;

impl Functions for PythonFunctions {
    fn chain(&self, steps: &[Param], annotations: &Param) -> Result<Body> {
        in_python(|py| {
            let func = chain(py, steps, 0)?;
            let args = Args::Mixed { args: Box::new([Arg::Input(0)]), kwargs: Box::default() };
            Ok(body(func, args, notes(py, annotations)?))
        })
    }

    fn sources(&self, steps: &[Param], inputs: &Param, annotations: &Param) -> Result<Vec<Body>> {
        in_python(|py| {
            let inputs = python(py, inputs)?.cast_into::<PyList>()?;
            let n_inputs = inputs.get_item(0)?.len()?;
            let func = chain(py, steps, n_inputs)?;
            let notes = notes(py, annotations)?;
            let source = |args: Bound<'_, PyAny>| {
                let args = args.cast_into::<PyTuple>()?.unbind();
                Ok(body(Arc::clone(&func), Args::Plain { args, kwargs: None }, notes.clone()))
            };
            inputs.iter().map(source).collect()
        })
    }

    fn of_list(&self, function: &Param, annotations: &Param) -> Result<Body> {
        in_python(|py| {
            let func = Func::new(&python(py, function)?);
            let args = Args::Mixed { args: Box::new([Arg::Inputs]), kwargs: Box::default() };
            Ok(body(func, args, notes(py, annotations)?))
        })
    }
}

fn in_python<T>(make: impl for<'py> FnOnce(Python<'py>) -> PyResult<T>) -> Result<T> {
    Python::attach(|py| make(py).map_err(|error| errors::raised(py, error)))
}

/// The function that runs `steps` one after the other, the first of them on `n_inputs` values beside a partition.
fn chain(py: Python<'_>, steps: &[Param], n_inputs: usize) -> PyResult<Arc<Func>> {
    let counts = (0..steps.len()).map(|at| if at == 0 { n_inputs } else { 0 });
    let counts = PyTuple::new(py, counts)?;
    let steps = steps.iter().map(|step| python(py, step)).collect::<PyResult<Vec<_>>>()?;
    let chain = py.import("raskt.bag._chain")?.getattr("Chain")?.call1((PyTuple::new(py, steps)?, counts))?;
    Ok(Func::new(&chain))
}

fn python<'py>(py: Python<'py>, held: &Param) -> PyResult<Bound<'py, PyAny>> {
    match Held::value_of(held) {
        Some(value) => object::to_object(py, value),
        None => Err(errors::to_py(py, ErrorKind::InvalidGraph("a bag of no functions".into()).into())),
    }
}

fn notes(py: Python<'_>, annotations: &Param) -> PyResult<Option<Notes>> {
    match annotations {
        Param::Null => Ok(None),
        annotations => Ok(Some(Arc::new(notes_to_dict(py, annotations)?.unbind()))),
    }
}

fn body(func: Arc<Func>, args: Args, notes: Option<Notes>) -> Body {
    Body::Foreign(Arc::new(Node::of_layer(Callee::Func(func), args, notes)) as Arc<dyn Foreign>)
}
