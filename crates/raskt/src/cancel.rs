//! Stopping computations from outside, and closures that stop when told.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use raskt_core::{ErrorKind, Result};
use raskt_exec::Run;

/// Stops the computations that were started with it, from any thread. Once cancelled, it stays so.
///
/// Tasks that have not started never will; a closure that takes long polls a clone of the handle.
///
/// ```
/// use raskt::{CancelHandle, ErrorKind, Executor, Graph, Options, Result};
///
/// let cancel = CancelHandle::new();
/// let executor = Executor::new(Options { cancel: Some(cancel.clone()), ..Options::default() })?;
/// let mut graph = Graph::new();
/// let of_task = cancel.clone();
/// let endless = graph.task("endless", (), move || -> Result<i64> {
///     loop {
///         of_task.check()?;
///         std::thread::yield_now();
///     }
/// });
/// let error = std::thread::scope(|scope| {
///     let computing = scope.spawn(|| executor.compute(&graph, endless));
///     cancel.cancel();
///     computing.join().unwrap().unwrap_err()
/// });
/// assert_eq!(error.kind(), &ErrorKind::Cancelled);
/// # Ok::<(), raskt::Error>(())
/// ```
#[derive(Clone, Default)]
pub struct CancelHandle(Arc<Shared>);

#[derive(Default)]
struct Shared {
    is_cancelled: AtomicBool,
    runs: Mutex<Vec<Weak<Run>>>,
}

impl fmt::Debug for CancelHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CancelHandle(cancelled: {})", self.is_cancelled())
    }
}

impl CancelHandle {
    /// A handle that is not cancelled.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Stops what was started with the handle, and what will be.
    pub fn cancel(&self) {
        // Under the lock: a run is either in the list, or sees the flag.
        let runs = {
            let mut runs = self.0.runs.lock().unwrap_or_else(PoisonError::into_inner);
            self.0.is_cancelled.store(true, Ordering::Release);
            std::mem::take(&mut *runs)
        };
        runs.iter().filter_map(Weak::upgrade).for_each(|run| run.cancel());
    }

    /// Whether somebody cancelled.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.is_cancelled.load(Ordering::Acquire)
    }

    /// For the `?` in a closure's loop.
    ///
    /// # Errors
    /// [`ErrorKind::Cancelled`] once somebody cancelled.
    pub fn check(&self) -> Result<()> {
        if self.is_cancelled() { Err(ErrorKind::Cancelled.into()) } else { Ok(()) }
    }

    /// Has `run` stopped with the others.
    pub(crate) fn follow(&self, run: &Arc<Run>) {
        let mut runs = self.0.runs.lock().unwrap_or_else(PoisonError::into_inner);
        if self.is_cancelled() {
            drop(runs);
            run.cancel();
            return;
        }
        runs.retain(|other| other.strong_count() > 0);
        runs.push(Arc::downgrade(run));
    }
}
