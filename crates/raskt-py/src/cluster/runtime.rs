//! The threads that speak to other processes: one set for all schedulers, workers and clients of this process.

use std::time::Duration;

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use tokio::runtime::{Builder, Handle, Runtime};

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
    let fresh =
        Builder::new_multi_thread().worker_threads(N_THREADS).thread_name("raskt-net").enable_all().build();
    let fresh = fresh.map_err(|error| {
        PyRuntimeError::new_err(format!("threads for the network could not be started: {error}"))
    })?;
    Ok(runtime.insert(fresh).handle().clone())
}

/// In a forked child the threads do not exist.
pub fn after_fork_in_child() {
    RUNTIME.renew_in_child(|_| {});
}

/// Seconds of Python's.
pub fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
}
