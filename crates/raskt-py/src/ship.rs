//! Calls on their way to another process, and back.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use raskt_core::{Buffer, Function, FunctionId, Payload, ProcessLock, Result};
use raskt_graph::Shipment;
use rustc_hash::{FxBuildHasher, FxHashMap};
use smallvec::SmallVec;

use crate::node::{Callee, Func, Node, ShippedFunc};
use crate::packed::Packed;
use crate::{errors, packed, pickle, ship_test};

/// Functions that other processes sent, by what they contain.
static RECEIVED: ProcessLock<FxHashMap<FunctionId, Arc<Func>>> =
    ProcessLock::new(FxHashMap::with_hasher(FxBuildHasher));

/// `node` without its dependencies, encoded.
///
/// # Errors
/// What pickling the function or an argument raises.
pub fn ship(py: Python<'_>, node: &Node) -> Result<Shipment> {
    let function = node.func().map(|func| shipped(py, func)).transpose()?;
    Ok(Shipment { function, call: packed::pack(py, node)? })
}

/// Computations so far. A function is pickled once for each: what it closes over may change between them.
static EPOCH: AtomicU64 = AtomicU64::new(0);

/// A computation begins that sends functions to other processes.
pub fn begin_epoch() {
    EPOCH.fetch_add(1, Ordering::Relaxed);
}

/// `func`, encoded.
///
/// # Errors
/// What pickling it raises.
pub fn shipped(py: Python<'_>, func: &Arc<Func>) -> Result<Function> {
    let function = in_epoch(py, func)?;
    if ship_test::is_on() {
        ship_test::note_sent(&function, func);
    }
    Ok(function)
}

/// `func`, pickled once a computation.
fn in_epoch(py: Python<'_>, func: &Func) -> Result<Function> {
    let epoch = EPOCH.load(Ordering::Relaxed);
    if let Some(last) = func.shipped.lock().as_ref().filter(|last| last.epoch == epoch) {
        return Ok(last.function.clone());
    }
    let named =
        (func.object.bind(py), &*func.name).into_pyobject(py).map_err(|error| errors::raised(py, error))?;
    // Pickling may let other threads in, so that nothing is locked.
    let function = Function::new(pickle::dumps(py, named.as_any())?);
    let before = func.shipped.lock().replace(ShippedFunc { epoch, function: function.clone() });
    drop(before);
    Ok(function)
}

/// A node from what [`ship`] made; its inputs come with each call.
///
/// # Errors
/// What unpickling raises.
pub fn receive(py: Python<'_>, shipment: &Shipment) -> PyResult<Arc<Node>> {
    let func = shipment.function.as_ref().map(|function| received(py, function)).transpose()?;
    unpacked(py, func, shipment.call.clone())
}

/// As [`receive`], where nobody else looks at the call: its arguments can be written like any object of one's own.
///
/// # Errors
/// As [`receive`]; memory runs out.
pub fn receive_own(py: Python<'_>, shipment: Shipment) -> PyResult<Arc<Node>> {
    let Shipment { function, call: Payload { header, buffers } } = shipment;
    let func = function.as_ref().map(|function| received(py, function)).transpose()?;
    let buffers = buffers.into_iter().map(Buffer::private).collect::<Result<_>>();
    let buffers = buffers.map_err(|error| errors::to_py(py, error))?;
    unpacked(py, func, Payload { header, buffers })
}

fn unpacked(py: Python<'_>, func: Option<Arc<Func>>, call: Payload) -> PyResult<Arc<Node>> {
    let Packed { from_input, args, key } = packed::unpack(py, call)?;
    let callee = match func {
        Some(func) => Callee::Func(func),
        None if from_input => Callee::FirstInput,
        None => Callee::Identity,
    };
    let node = Node::new(callee, args, SmallVec::new(), None);
    Ok(Arc::new(match key {
        Some(key) => node.with_key(py, key),
        None => node,
    }))
}

/// The function that came; unpickled once, however often it comes.
///
/// # Errors
/// What unpickling raises.
pub fn received(py: Python<'_>, function: &Function) -> PyResult<Arc<Func>> {
    let known = RECEIVED.lock().get(function.id()).cloned();
    if let Some(func) = known {
        return Ok(func);
    }
    let (object, name): (Bound<'_, PyAny>, String) =
        pickle::loads(py, Payload::clone(function.payload()))?.extract()?;
    let func = Func::named(&object, &name);
    let before = RECEIVED.lock().insert(*function.id(), Arc::clone(&func));
    drop(before);
    Ok(func)
}

/// As [`receive`], where the function comes with the first of its calls only.
///
/// # Errors
/// What unpickling raises; `RuntimeError` for a function that never came.
pub fn receive_known(
    py: Python<'_>,
    id: Option<FunctionId>,
    function: Option<Payload>,
    call: Payload,
) -> PyResult<Arc<Node>> {
    let func = match (id, function) {
        (None, _) => None,
        (Some(id), Some(payload)) => Some(received(py, &Function::with_id(id, Arc::new(payload)))?),
        (Some(id), None) => {
            let known = RECEIVED.lock().get(&id).cloned();
            let never = || PyRuntimeError::new_err(format!("function {id} was never sent to this process"));
            Some(known.ok_or_else(never)?)
        }
    };
    unpacked(py, func, call)
}

/// A function of this process that comes back is the one that went.
pub fn know(function: &Function, func: &Arc<Func>) {
    let before = RECEIVED.lock().insert(*function.id(), Arc::clone(func));
    drop(before);
}

/// Functions that will not be called again.
pub fn forget(ids: &[FunctionId]) {
    let mut received = RECEIVED.lock();
    let gone: Vec<_> = ids.iter().filter_map(|id| received.remove(id)).collect();
    drop(received);
    drop(gone);
}
