//! Pools of threads, each lent to one computation at a time.
//!
//! A computation that is not over, whatever its tasks wait for, thus never keeps another one waiting; and a pool whose
//! threads are held by functions that nobody waits for any more (Python cannot stop them) is lent to nobody again: the
//! next computation gets a pool with all its threads, and the old threads end when those functions return.
//!
//! A pool is stopped by whoever has it and nobody else: the computation that it was lent to, or [`end`] where it was idle.
//! So no run is started on a pool that somebody stopped meanwhile, and once the interpreter is ending no pool outlives its
//! computation: `lifecycle::shut_down` need not look for those that were made late.

use std::sync::Arc;

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use raskt_exec::{Pool, Run};

use crate::active;
use crate::per_process::PerProcess;
use crate::session::registry;

/// The most pools that are kept while nobody uses them; the one that was used longest ago goes.
const N_IDLE_MAX: usize = 8;

/// The pools of the process that no computation uses.
#[derive(Default)]
struct Pools {
    /// Those for the computations to come, the one that was used last at the end.
    idle: Vec<Arc<Pool>>,
    /// Those whose threads were told to end, and have not all.
    left: Vec<Arc<Pool>>,
    /// The interpreter is ending.
    is_ending: bool,
}

impl Pools {
    /// Tells that the threads of `pools` are going to end. Returns the pools of which all have, to be dropped when the lock
    /// is free: a value that they still hold may run any Python.
    #[must_use]
    fn leave(&mut self, pools: impl IntoIterator<Item = Arc<Pool>>) -> Vec<Arc<Pool>> {
        let ended = self.left.extract_if(.., |pool| pool.n_alive() == 0).collect();
        self.left.extend(pools);
        ended
    }
}

static POOLS: PerProcess<Pools> = PerProcess::new();

/// A pool for one computation; goes back when this is dropped.
pub struct Lent {
    pool: Arc<Pool>,
}

impl Lent {
    /// A pool of `n_threads` threads that nobody uses.
    ///
    /// # Errors
    /// `RuntimeError` where the operating system gives no such number of threads.
    pub fn take(py: Python<'_>, n_threads: usize) -> PyResult<Self> {
        let found = {
            let mut pools = POOLS.lock();
            let at = pools.idle.iter().rposition(|pool| pool.n_threads() == n_threads);
            at.map(|at| pools.idle.remove(at))
        };
        if let Some(pool) = found {
            return Ok(Self { pool });
        }
        let registry = registry();
        // Threads that were started and are to end again need the GIL for it.
        let pool = py.detach(|| Pool::new(n_threads, &registry).map(Arc::new)).map_err(|error| {
            PyRuntimeError::new_err(format!(
                "{error}; use a smaller num_workers than {n_threads}, or raise the limit on threads or memory"
            ))
        })?;
        Ok(Self { pool })
    }

    /// Starts `run` on the pool.
    pub fn start(&self, run: &Arc<Run>) {
        self.pool.start(run);
    }

    /// Notes that functions of a run that nobody waits for any more hold threads of the pool.
    pub fn note_held(&self) {
        self.pool.note_held();
    }

    /// Gives the pool back, once it is not needed; returns it where its threads are to be waited for, because the
    /// interpreter is ending and they must be out of it before it is gone.
    pub fn give_back(self) -> Option<Arc<Pool>> {
        let pool = Arc::clone(&self.pool);
        drop(self);
        active::is_ending().then_some(pool)
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let pool = Arc::clone(&self.pool);
        let is_held = pool.is_held();
        let mut pools = POOLS.lock();
        let gone = if is_held || pools.is_ending {
            Some(pool)
        } else {
            pools.idle.push(pool);
            (pools.idle.len() > N_IDLE_MAX).then(|| pools.idle.remove(0))
        };
        let ended = pools.leave(gone.clone());
        drop(pools);
        if let Some(gone) = gone {
            // Cancels what its tasks are computing in turn, whose values may need the GIL to go.
            Python::attach(|py| py.detach(|| gone.leave()));
        }
        drop(ended);
    }
}

/// The interpreter is ending: the threads of pools that nobody uses end now, and those of others with the computation that
/// uses them.
pub fn end() {
    let (idle, ended) = {
        let mut pools = POOLS.lock();
        pools.is_ending = true;
        let idle = std::mem::take(&mut pools.idle);
        let ended = pools.leave(idle.iter().cloned());
        (idle, ended)
    };
    idle.iter().for_each(|pool| pool.leave());
    drop(ended);
}

/// Threads that were told to end and have not.
pub fn n_leaving() -> usize {
    let (n_leaving, ended) = {
        let mut pools = POOLS.lock();
        let ended = pools.leave([]);
        (pools.left.iter().map(|pool| pool.n_alive()).sum(), ended)
    };
    drop(ended);
    n_leaving
}

/// In a forked child the threads do not exist, not even as something to join.
pub fn after_fork_in_child() {
    POOLS.renew_in_child(|_| {});
    raskt_exec::Nest::forget_here();
}
