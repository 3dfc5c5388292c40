//! Computations that threads are waiting for: what the interpreter's end has to wait for in turn.
//!
//! A daemon thread that comes back to the interpreter while that ends is killed by it, and with Rust's frames on
//! its stack that would be a crash. It is stopped here instead, for good, before it gets there.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use pyo3::exceptions::PyRecursionError;
use pyo3::intern;
use pyo3::prelude::*;
use raskt_exec::{Pool, Run, is_cancelled_here};

use crate::per_process::PerProcess;

/// One computation.
struct Entry {
    thread: u64,
    /// Within a task: it goes on and ends with the computation around it.
    is_inner: bool,
    run: Weak<Run>,
}

static ACTIVE: PerProcess<Vec<Entry>> = PerProcess::new();
/// The interpreter is ending: threads that need not be waited for do not begin anything.
static ENDING: AtomicBool = AtomicBool::new(false);

/// So many computations on one thread, each within a task of the other, leave room on its stack. Python's own limit is
/// met before, unless it was raised.
const NESTED_MAX: usize = 200;

/// A computation from its beginning to its end, on the thread that asked for it.
pub struct Active {
    thread: u64,
}

impl Active {
    /// The calling thread begins to compute.
    ///
    /// # Errors
    /// What asking Python for the thread's number raises; `RecursionError` within too many others.
    pub fn enter(py: Python<'_>) -> PyResult<Self> {
        let threading = py.import(intern!(py, "threading"))?;
        let thread: u64 = threading.call_method0(intern!(py, "get_ident"))?.extract()?;
        stop_if_ending(py, thread);
        let mut active = ACTIVE.lock();
        if active.iter().filter(|entry| entry.thread == thread).count() >= NESTED_MAX {
            drop(active);
            return Err(PyRecursionError::new_err(format!(
                "computations within tasks of computations are nested more than {NESTED_MAX} deep on one thread"
            )));
        }
        active.push(Entry { thread, is_inner: Pool::is_worker(), run: Weak::new() });
        drop(active);
        Ok(Self { thread })
    }

    /// What it computes; is to be stopped with the interpreter.
    pub fn runs(&self, run: &Arc<Run>) {
        let mut active = ACTIVE.lock();
        if let Some(entry) = active.iter_mut().rev().find(|entry| entry.thread == self.thread) {
            entry.run = Arc::downgrade(run);
        }
        drop(active);
        if is_ending() {
            let is_stopped = match Pool::is_worker() {
                true => is_cancelled_here(),
                false => Python::attach(|py| is_daemon(py, self.thread)),
            };
            if is_stopped {
                run.cancel();
            }
        }
    }

    /// The end, in order.
    pub fn leave(self, py: Python<'_>) {
        let thread = self.thread;
        drop(self);
        stop_if_ending(py, thread);
    }
}

impl Drop for Active {
    fn drop(&mut self) {
        let mut active = ACTIVE.lock();
        if let Some(at) = active.iter().rposition(|entry| entry.thread == self.thread) {
            active.remove(at);
        }
    }
}

/// Whether Python would not wait for the thread at its end.
fn is_daemon(py: Python<'_>, thread: u64) -> bool {
    let ask = || -> PyResult<bool> {
        let known = py.import(intern!(py, "threading"))?.getattr(intern!(py, "_active"))?;
        let found = known.call_method1(intern!(py, "get"), (thread,))?;
        if found.is_none() { Ok(true) } else { found.getattr(intern!(py, "daemon"))?.extract() }
    };
    ask().unwrap_or(true)
}

/// A daemon thread goes no further once the interpreter ends. Threads of a pool do: they are waited for, and what they
/// compute ends with the computation around it.
fn stop_if_ending(py: Python<'_>, thread: u64) {
    if is_ending() && !Pool::is_worker() && is_daemon(py, thread) {
        // Nor do the computations around this one, on the same thread.
        ACTIVE.lock().retain(|entry| entry.thread != thread);
        py.detach(|| {
            loop {
                std::thread::sleep(Duration::from_secs(3600));
            }
        });
    }
}

/// Daemon threads stop from here on; what they compute is cancelled.
pub fn end(py: Python<'_>) {
    ENDING.store(true, Ordering::Release);
    // With the GIL held: whoever asks before it enters has entered by now, or sees that this is the end.
    let outer: Vec<_> = {
        let active = ACTIVE.lock();
        let outer = active.iter().filter(|entry| !entry.is_inner);
        outer.map(|entry| (entry.thread, entry.run.clone())).collect()
    };
    let daemons = outer.into_iter().filter(|&(thread, _)| is_daemon(py, thread));
    let runs: Vec<Arc<Run>> = daemons.filter_map(|(_, run)| run.upgrade()).collect();
    py.detach(|| drop(runs.into_iter().inspect(|run| run.cancel()).collect::<Vec<_>>()));
}

/// Whether the interpreter is ending.
pub fn is_ending() -> bool {
    ENDING.load(Ordering::Acquire)
}

/// How many computations are not over.
pub fn count() -> usize {
    ACTIVE.lock().len()
}

/// In a forked child the threads of the parent's computations do not exist.
pub fn after_fork_in_child() {
    ENDING.store(false, Ordering::Release);
    ACTIVE.renew_in_child(|_| {});
}
