//! Pools of threads, each lent to one computation at a time.
//!
//! A computation that is not over, whatever its tasks wait for, thus never keeps another one waiting; and a pool whose
//! threads are held by functions that nobody waits for any more (Python cannot stop them) is lent to nobody again: the
//! next computation gets a pool with all its threads, and the old threads end when those functions return.

use std::sync::Arc;

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use raskt_exec::{Pool, Run};

use crate::per_process::PerProcess;
use crate::session::registry;

/// The most pools that are kept while nobody uses them; the one that was used longest ago goes.
const N_IDLE_MAX: usize = 8;

/// The pools of the process.
#[derive(Default)]
struct Pools {
    /// Those that nobody uses, the one that was used last at the end.
    idle: Vec<Arc<Pool>>,
    /// Those that a computation uses.
    lent: Vec<Arc<Pool>>,
    /// Those whose threads are to end, and have not all.
    left: Vec<Arc<Pool>>,
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
            let found = at.map(|at| pools.idle.remove(at));
            pools.lent.extend(found.clone());
            found
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
        POOLS.lock().lent.push(Arc::clone(&pool));
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
}

impl Drop for Lent {
    fn drop(&mut self) {
        let is_held = self.pool.is_held();
        let mut pools = POOLS.lock();
        let Some(at) = pools.lent.iter().position(|pool| Arc::ptr_eq(pool, &self.pool)) else {
            // The interpreter is ending: all pools were taken away and told to stop.
            return;
        };
        let pool = pools.lent.remove(at);
        let gone = if is_held {
            Some(pool)
        } else {
            pools.idle.push(pool);
            (pools.idle.len() > N_IDLE_MAX).then(|| pools.idle.remove(0))
        };
        pools.left.retain(|pool| pool.n_alive() > 0);
        pools.left.extend(gone.clone());
        drop(pools);
        if let Some(gone) = gone {
            // Cancels what its tasks are computing in turn, whose values may need the GIL to go.
            Python::attach(|py| py.detach(|| gone.leave()));
        }
    }
}

/// All pools, told to stop: for the end of the interpreter.
pub struct Stopped(Vec<Arc<Pool>>);

impl Stopped {
    /// Takes all pools away and tells their threads to end.
    pub fn all() -> Self {
        let Pools { idle, lent, left } = std::mem::take(&mut *POOLS.lock());
        let pools: Vec<_> = idle.into_iter().chain(lent).chain(left).collect();
        pools.iter().for_each(|pool| pool.leave());
        Self(pools)
    }

    /// Takes away and stops the pools too that computations were given meanwhile: they had begun before the end.
    pub fn take_late(&mut self) {
        self.0.append(&mut Self::all().0);
    }

    /// Threads that have not ended.
    pub fn n_alive(&self) -> usize {
        self.0.iter().map(|pool| pool.n_alive()).sum()
    }
}

/// In a forked child the threads do not exist, not even as something to join.
pub fn after_fork_in_child() {
    POOLS.renew_in_child(|_| {});
    raskt_exec::Nest::forget_here();
}
