//! Calls on their way to another process, and back.

use std::sync::{Arc, LazyLock};

use parking_lot::Mutex;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use raskt_core::{Payload, Result};
use raskt_graph::Shipment;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use crate::node::{Callee, Func, Node};
use crate::{errors, pickle, template};

/// The number of "no function": what is called comes as an input, or nothing is called.
const NO_FUNCTION: u64 = 0;

/// Functions that other processes sent, by the numbers they have there.
static RECEIVED: LazyLock<Mutex<FxHashMap<u64, Arc<Func>>>> = LazyLock::new(Mutex::default);

/// `node` without its dependencies, encoded.
///
/// # Errors
/// What pickling the function or an argument raises.
pub fn ship(py: Python<'_>, node: &Node) -> Result<Shipment> {
    let (function, function_payload) = match node.func() {
        Some(func) => (func.number, function_payload(py, func)?),
        None => (NO_FUNCTION, Arc::default()),
    };
    let from_input = matches!(node.callee, Callee::FirstInput);
    let data = template::args_to_data(py, &node.args)
        .and_then(|args| (from_input, args).into_pyobject(py))
        .map_err(|error| errors::raised(py, error))?;
    Ok(Shipment { function, function_payload, call: pickle::dumps(py, data.as_any())? })
}

fn function_payload(py: Python<'_>, func: &Func) -> Result<Arc<Payload>> {
    if let Some(payload) = func.shipped.get(py) {
        return Ok(Arc::clone(payload));
    }
    let named =
        (func.object.bind(py), &*func.name).into_pyobject(py).map_err(|error| errors::raised(py, error))?;
    let payload = Arc::new(pickle::dumps(py, named.as_any())?);
    Ok(Arc::clone(func.shipped.get_or_init(py, || payload)))
}

/// A node from what [`ship`] made; its inputs come with each call.
///
/// # Errors
/// What unpickling raises; `RuntimeError` for a function that never came.
pub fn receive(
    py: Python<'_>,
    function: u64,
    payload: Option<Payload>,
    call: &Payload,
) -> PyResult<Arc<Node>> {
    let (from_input, args): (bool, Bound<'_, PyAny>) = pickle::loads(py, call)?.extract()?;
    let callee = match function {
        NO_FUNCTION if from_input => Callee::FirstInput,
        NO_FUNCTION => Callee::Identity,
        number => Callee::Func(received(py, number, payload)?),
    };
    let args = template::args_from_data(&args)?;
    Ok(Arc::new(Node::new(callee, args, SmallVec::new(), None)))
}

fn received(py: Python<'_>, number: u64, payload: Option<Payload>) -> PyResult<Arc<Func>> {
    if let Some(payload) = payload {
        let (object, name): (Bound<'_, PyAny>, String) = pickle::loads(py, &payload)?.extract()?;
        let func = Func::named(&object, &name);
        RECEIVED.lock().insert(number, Arc::clone(&func));
        return Ok(func);
    }
    let known = RECEIVED.lock().get(&number).cloned();
    known.ok_or_else(|| PyRuntimeError::new_err(format!("function {number} was never sent to this process")))
}
