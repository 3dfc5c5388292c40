//! The share of the thread budget that BLAS gets while tasks run side by side: `raskt/_blas.py` keeps it.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};

use pyo3::exceptions::PyKeyboardInterrupt;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use raskt_exec::{Pool, Run};

/// Beside how many tasks a library works; 0 where no share is held.
static N_SIDE_BY_SIDE: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// What the libraries with a setting for each thread were told last on this one.
    static TOLD_HERE: Cell<usize> = const { Cell::new(0) };
}

/// Tells the libraries with a setting for each thread beside how many tasks they work, where that is news on the
/// calling one, which is about to run a task.
///
/// Only on the pool's own threads: a calling thread that runs its tasks itself (`sync`) belongs to the user, and what
/// such a library was told there would stay when the computation is over.
///
/// # Errors
/// What setting the libraries raises.
pub fn follow(py: Python<'_>) -> PyResult<()> {
    let n_side_by_side = N_SIDE_BY_SIDE.load(Ordering::Relaxed);
    if n_side_by_side == 0 || !Pool::is_worker() || TOLD_HERE.replace(n_side_by_side) == n_side_by_side {
        return Ok(());
    }
    let blas = py.import(intern!(py, "raskt._blas"))?;
    blas.call_method1(intern!(py, "adjust_here"), (n_side_by_side,)).map(|_| ())
}

/// A share that is held; it goes back when this is dropped.
pub struct Share {
    share: Py<PyAny>,
}

impl Share {
    /// The share in a computation of `n_tasks` tasks on `n_workers` workers; `None` where no library is loaded
    /// that would use it.
    ///
    /// # Errors
    /// What looking for the libraries raises.
    pub fn hold(py: Python<'_>, n_workers: usize, n_tasks: usize) -> PyResult<Option<Self>> {
        let modules = py.import(intern!(py, "sys"))?.getattr(intern!(py, "modules"))?;
        if !modules.cast::<PyDict>()?.contains(intern!(py, "numpy"))? {
            return Ok(None);
        }
        let n_side_by_side = n_workers.min(n_tasks).max(1);
        let blas = py.import(intern!(py, "raskt._blas"))?;
        let share = blas.call_method1(intern!(py, "hold"), (n_side_by_side,))?;
        N_SIDE_BY_SIDE.store(n_side_by_side, Ordering::Relaxed);
        Ok(Some(Self { share: share.unbind() }))
    }

    /// Follows `run`, whose tasks may have become fewer or more.
    pub fn adjust(&self, py: Python<'_>, run: &Run) {
        let n_side_by_side = run.n_side_by_side();
        if N_SIDE_BY_SIDE.swap(n_side_by_side, Ordering::Relaxed) != n_side_by_side {
            tell(py, "adjust", (n_side_by_side,));
        }
    }
}

/// Calls a function of `raskt._blas`. That it fails is no reason to stop a computation.
fn tell<'py>(py: Python<'py>, function: &str, args: impl pyo3::call::PyCallArgs<'py>) {
    let told = py.import(intern!(py, "raskt._blas")).and_then(|blas| blas.call_method1(function, args));
    if let Err(error) = told {
        error.write_unraisable(py, None);
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        N_SIDE_BY_SIDE.store(0, Ordering::Relaxed);
        Python::attach(|py| {
            // A second Ctrl-C may arrive within: the libraries get their threads back all the same.
            let is_interrupt = |error: &PyErr| error.is_instance_of::<PyKeyboardInterrupt>(py);
            let give_back = || py.import(intern!(py, "raskt._blas"))?.call_method1("let_go", (&self.share,));
            let mut outcome = give_back();
            while outcome.as_ref().is_err_and(is_interrupt) {
                outcome = give_back();
            }
            if let Err(error) = outcome {
                error.write_unraisable(py, None);
            }
        });
    }
}
