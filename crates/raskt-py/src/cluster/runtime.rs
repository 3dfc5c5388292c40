//! The threads that speak to other processes: one set for all schedulers, workers and clients of this process.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use pyo3::exceptions::{PyRuntimeError, PyTimeoutError};
use pyo3::prelude::*;
use raskt_net::client::Reply;
use tokio::runtime::{Builder, Handle, Runtime};

use crate::errors;
use crate::per_process::PerProcess;

/// How often a waiting thread looks for Ctrl-C.
pub const SIGNAL_CHECK: Duration = Duration::from_millis(50);
/// Reading and writing take little time: what takes more has threads of its own.
const N_THREADS: usize = 2;

static RUNTIME: PerProcess<Option<Runtime>> = PerProcess::new();

/// The threads, started when they are first needed.
///
/// # Errors
/// `RuntimeError` where the system gives none.
pub fn runtime() -> PyResult<Handle> {
    let mut runtime = RUNTIME.lock();
    if let Some(runtime) = &*runtime {
        return Ok(runtime.handle().clone());
    }
    let build = || {
        Builder::new_multi_thread().worker_threads(N_THREADS).thread_name("raskt-net").enable_all().build()
    };
    let fresh = try_threads(N_THREADS).and_then(|()| build()).map_err(|error| {
        PyRuntimeError::new_err(format!(
            "threads for the network could not be started: {error}; raise the limit on threads or memory"
        ))
    })?;
    Ok(runtime.insert(fresh).handle().clone())
}

/// Fails where so many threads cannot be started at once: the runtime panics then, and may wait for ever.
fn try_threads(n: usize) -> io::Result<()> {
    let gate = Arc::new(Mutex::new(()));
    let closed = gate.lock();
    let wait = || {
        let gate = Arc::clone(&gate);
        std::thread::Builder::new().spawn(move || drop(gate.lock()))
    };
    let mut outcome = Ok(());
    let mut waiting = Vec::with_capacity(n);
    for _ in 0..n {
        match wait() {
            Ok(thread) => waiting.push(thread),
            Err(error) => outcome = Err(error),
        }
    }
    drop(closed);
    // What they leave counts as theirs until they have ended.
    waiting.into_iter().for_each(|thread| drop(thread.join()));
    outcome
}

/// In a forked child the threads do not exist.
pub fn after_fork_in_child() {
    RUNTIME.renew_in_child(|_| {});
}

/// Waits for `reply`, with an eye on Ctrl-C.
///
/// # Errors
/// What came instead, or `KeyboardInterrupt`.
pub fn wait_for<T: Send + 'static>(py: Python<'_>, reply: &Reply<T>) -> PyResult<T> {
    loop {
        match py.detach(|| reply.wait(SIGNAL_CHECK)) {
            Some(found) => return found.map_err(|error| errors::to_py(py, error)),
            None => py.check_signals()?,
        }
    }
}

/// The same, until a time.
///
/// # Errors
/// `TimeoutError` then, and those of [`wait_for`].
pub fn wait_until<T: Send + 'static>(
    py: Python<'_>,
    reply: &Reply<T>,
    until: Option<Instant>,
) -> PyResult<T> {
    let Some(until) = until else { return wait_for(py, reply) };
    loop {
        let left = until.saturating_duration_since(Instant::now());
        match py.detach(|| reply.wait(left.min(SIGNAL_CHECK))) {
            Some(found) => return found.map_err(|error| errors::to_py(py, error)),
            None if left.is_zero() => return Err(PyTimeoutError::new_err("a worker did not answer in time")),
            None => py.check_signals()?,
        }
    }
}

/// Seconds of Python's.
pub fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
}
