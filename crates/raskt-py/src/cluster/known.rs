//! Values on a cluster in graphs that are computed here: each is fetched when its turn comes.

use std::sync::Arc;
use std::time::Duration;

use pyo3::prelude::*;
use raskt_core::encode::{Limits, decode_value};
use raskt_core::{Error, ErrorKind, ForeignDecode, Opaque, Result, Sealed, Value};
use raskt_exec::{Call, CancelToken, ForeignRuntime, Kernel, Lane, Outcome, Surroundings};
use raskt_graph::{Foreign, KNOWN_RUNTIME, Shipment};
use raskt_net::client::Fetched;

use super::failure;
use super::future::FutureCall;
use crate::{errors, session};

/// How often a computation that was cancelled is noticed.
const LOOK: Duration = Duration::from_millis(50);

/// The runtime of values that a cluster has.
pub struct KnownRuntime;

impl ForeignDecode for KnownRuntime {
    fn decode(&self, sealed: Sealed) -> Result<Value> {
        Err(ErrorKind::UnknownBody(format!("decoder of {} objects", sealed.runtime())).into())
    }
}

impl Lane for KnownRuntime {
    fn thread(&self, main: &mut dyn FnMut()) {
        main();
    }

    fn enter(&self, _: Option<&Surroundings>, work: &mut dyn FnMut()) {
        work();
    }

    fn pause(&self) {}
}

impl ForeignRuntime for KnownRuntime {
    fn name(&self) -> &'static str {
        KNOWN_RUNTIME
    }

    fn is_free(&self) -> bool {
        true
    }

    fn run(&self, body: &dyn Foreign, call: &mut Call<'_>) -> Result<Outcome> {
        match body.as_any().downcast_ref::<FutureCall>() {
            Some(known) => fetch(known, call.ctx.cancel).map(Outcome::Value),
            None => Err(lost(&body.label())),
        }
    }

    fn receive(&self, _: &Shipment) -> Result<Arc<dyn Foreign>> {
        Err(lost("a future of another process"))
    }

    fn library(&self, path: &str) -> Result<Arc<dyn Kernel>> {
        Err(ErrorKind::UnknownBody(path.to_owned()).into())
    }
}

fn lost(what: &str) -> Error {
    ErrorKind::InvalidGraph(format!("{what} stands for a value on a cluster, and its client is not here"))
        .into()
}

/// The value, from the workers that hold it.
///
/// # Errors
/// What its task raised; `CancelledError` where nobody computes it any more.
pub fn fetch(known: &FutureCall, cancel: &CancelToken) -> Result<Value> {
    let reply = known.client.gather(&[&known.future]);
    let wait = || loop {
        if let Some(fetched) = reply.wait(LOOK) {
            return fetched;
        }
        cancel.check()?;
    };
    // The call whose value it is may wait for the interpreter to be sent.
    let fetched = Python::attach(|py| py.detach(wait))?;
    match fetched.into_iter().next() {
        Some(Fetched::Value(payload)) => {
            decode_value(payload, session::registry().as_ref(), &Limits::default())
        }
        Some(Fetched::Failed(why)) => Err(raised(|py| failure::to_exception(py, &why))),
        Some(Fetched::Cancelled) | None => Err(raised(|py| {
            let class = py.import("raskt.distributed.exceptions")?.getattr("CancelledError")?;
            class.call1((format!("the future {} was cancelled", known.future.key()),))
        })),
    }
}

fn raised(exception: impl FnOnce(Python<'_>) -> PyResult<Bound<'_, PyAny>>) -> Error {
    Python::attach(|py| {
        let error = exception(py).map_or_else(|error| error, PyErr::from_value);
        errors::raised(py, error)
    })
}
