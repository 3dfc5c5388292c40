//! Calls on their way to another process, and back.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};

use parking_lot::Mutex;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use raskt_core::{Payload, Result};
use raskt_graph::Shipment;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use crate::node::{Callee, Func, Node, ShippedFunc, next_number};
use crate::{errors, packed, pickle};

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
        Some(func) => shipped(py, func)?,
        None => (NO_FUNCTION, Arc::default()),
    };
    let from_input = matches!(node.callee, Callee::FirstInput);
    Ok(Shipment { function, function_payload, call: packed::pack(py, from_input, &node.args)? })
}

/// Computations so far. A function is pickled once for each: what it closes over may change between them.
static EPOCH: AtomicU64 = AtomicU64::new(0);

/// A computation begins that sends functions to other processes.
pub fn begin_epoch() {
    EPOCH.fetch_add(1, Ordering::Relaxed);
}

/// The number under which other processes have `func`, and its pickle.
fn shipped(py: Python<'_>, func: &Func) -> Result<(u64, Arc<Payload>)> {
    let epoch = EPOCH.load(Ordering::Relaxed);
    let parts = |last: &ShippedFunc| (last.number, Arc::clone(&last.payload));
    if let Some(last) = func.shipped.lock().as_ref().filter(|last| last.epoch == epoch) {
        return Ok(parts(last));
    }
    let named =
        (func.object.bind(py), &*func.name).into_pyobject(py).map_err(|error| errors::raised(py, error))?;
    // Pickling may let other threads in, so that nothing is locked.
    let payload = pickle::dumps(py, named.as_any())?;
    let mut last = func.shipped.lock();
    let same = last.take().filter(|last| {
        last.payload.header == payload.header && last.payload.buffers.is_empty() && payload.buffers.is_empty()
    });
    let fresh = || ShippedFunc { epoch, number: next_number(), payload: Arc::new(payload) };
    Ok(parts(last.insert(same.map_or_else(fresh, |same| ShippedFunc { epoch, ..same }))))
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
    let (from_input, args) = packed::unpack(py, call)?;
    let callee = match function {
        NO_FUNCTION if from_input => Callee::FirstInput,
        NO_FUNCTION => Callee::Identity,
        number => Callee::Func(received(py, number, payload)?),
    };
    Ok(Arc::new(Node::new(callee, args, SmallVec::new(), None)))
}

fn received(py: Python<'_>, number: u64, payload: Option<Payload>) -> PyResult<Arc<Func>> {
    if let Some(payload) = payload {
        let (object, name): (Bound<'_, PyAny>, String) = pickle::loads(py, payload)?.extract()?;
        let func = Func::named(&object, &name);
        let before = RECEIVED.lock().insert(number, Arc::clone(&func));
        drop(before);
        return Ok(func);
    }
    let known = RECEIVED.lock().get(&number).cloned();
    known.ok_or_else(|| PyRuntimeError::new_err(format!("function {number} was never sent to this process")))
}

/// Functions that will not be called again.
pub fn forget(numbers: &[u64]) {
    let mut received = RECEIVED.lock();
    let gone: Vec<_> = numbers.iter().filter_map(|number| received.remove(number)).collect();
    drop(received);
    drop(gone);
}
