//! Runs graphs for Python on child processes, and is what such a child runs.

use std::ffi::OsString;
use std::sync::Arc;
use std::time::Duration;

use pyo3::exceptions::{PyOSError, PyRuntimeError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};
use raskt_exec::Surroundings;
use raskt_local::process::{ChildCommand, PoolOptions, ProcessPool, Setup, TOKEN_VARIABLE, serve_on_stdin};

use crate::active::{self, Active};
use crate::delayed::Delayed;
use crate::errors;
use crate::per_process::PerProcess;
use crate::session::{self, Options};

/// Warm pools, the one used last at the end.
static POOLS: PerProcess<Vec<Arc<ProcessPool>>> = PerProcess::new();
/// Pools of other sizes than the last few are shut down.
const POOLS_MAX: usize = 2;

/// How Python wants its children.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct Children {
    program: OsString,
    args: Vec<OsString>,
    env: Vec<(OsString, OsString)>,
    shared_memory_min_bytes: u64,
    start_timeout: f64,
    idle_timeout: Option<f64>,
    recycle_after_tasks: Option<u64>,
}

impl Children {
    fn options(self, n_children: usize) -> PoolOptions {
        let seconds = |seconds: f64| Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
        let command = ChildCommand { program: self.program, args: self.args, env: self.env };
        PoolOptions {
            shared_memory_min_bytes: self.shared_memory_min_bytes,
            start_timeout: seconds(self.start_timeout),
            idle_timeout: self.idle_timeout.map(seconds),
            recycle_after_tasks: self.recycle_after_tasks,
            ..PoolOptions::new(n_children, command)
        }
    }
}

/// Whether children that were started one way serve as if started the other: the import path at the start does not
/// matter, since every computation brings its own.
fn are_alike(a: &PoolOptions, b: &PoolOptions) -> bool {
    let key = |options: &PoolOptions| {
        (
            options.n_children,
            options.shared_memory_min_bytes,
            options.start_timeout,
            options.idle_timeout,
            options.recycle_after_tasks,
        )
    };
    key(a) == key(b) && a.command.program == b.command.program && a.command.env == b.command.env
}

fn pool(py: Python<'_>, options: PoolOptions) -> PyResult<Arc<ProcessPool>> {
    let registry = session::registry();
    {
        let mut pools = POOLS.lock();
        if let Some(at) = pools.iter().position(|pool| are_alike(pool.options(), &options)) {
            let pool = pools.remove(at);
            pools.push(Arc::clone(&pool));
            return Ok(pool);
        }
    }
    let n_children = options.n_children;
    // Threads that were started and are to end again need the GIL for it.
    let made = py.detach(|| ProcessPool::new(options, &registry));
    let pool = Arc::new(made.map_err(|error| {
        PyRuntimeError::new_err(format!("no pool of {n_children} processes could be made: {error}"))
    })?);
    if active::is_ending() {
        // It ends with its computation.
        return Ok(pool);
    }
    let mut pools = POOLS.lock();
    pools.push(Arc::clone(&pool));
    let old = (pools.len() > POOLS_MAX).then(|| pools.remove(0));
    drop(pools);
    // Joining drivers that wait for the GIL while holding it would hang.
    py.detach(|| drop(old));
    Ok(pool)
}

/// Computes `roots` on child processes. `setup` is what the children are told before they begin.
#[pyfunction]
fn compute_processes<'py>(
    py: Python<'py>,
    roots: Vec<PyRef<'_, Delayed>>,
    options: Options,
    children: Children,
    setup: &[u8],
) -> PyResult<Bound<'py, PyList>> {
    let active = Active::enter(py)?;
    crate::ship::begin_epoch();
    let observer = options.observer.as_ref().map(|observer| observer.clone_ref(py));
    let pool = pool(py, children.options(options.n_workers))?;
    let surroundings: Surroundings = Arc::new(Setup(setup.into()));
    let run = session::prepare_for(py, &roots, options, Arc::clone(pool.registry()), Some(surroundings))?;
    active.runs(&run);
    let values = session::observed(py, &run, observer, || {
        pool.start(&run);
        session::wait(py, &run)?;
        session::results(py, &run)
    });
    // Another thread may have made room for its own pool.
    py.detach(|| drop((pool, run)));
    active.leave(py);
    values
}

/// The life of a child process: serves the parent on standard input until that says stop, or is gone. `set_up` is
/// called with what the parent's computations bring along.
#[pyfunction]
fn serve_parent(py: Python<'_>, set_up: Py<PyAny>) -> PyResult<()> {
    let token = std::env::var(TOKEN_VARIABLE).unwrap_or_default();
    let registry = session::registry();
    let mut set_up = |payload: &[u8]| {
        Python::attach(|py| {
            let told = set_up.bind(py).call1((PyBytes::new(py, payload),));
            told.map(|_| ()).map_err(|error| errors::raised(py, error))
        })
    };
    py.detach(|| serve_on_stdin(&registry, &token, &mut set_up))
        .map_err(|error| PyOSError::new_err(format!("a child process lost its parent: {error}")))
}

/// The process ids of the children that are there.
#[pyfunction]
fn child_pids(py: Python<'_>) -> Vec<u32> {
    py.detach(|| POOLS.lock().iter().flat_map(|pool| pool.pids()).collect())
}

/// Ends all children.
#[pyfunction]
fn end_children(py: Python<'_>) {
    shut_down(py);
}

/// Ends all pools.
pub fn shut_down(py: Python<'_>) {
    let pools = std::mem::take(&mut *POOLS.lock());
    py.detach(|| drop(pools));
}

/// In a forked child the drivers do not exist, and the children are the parent's.
pub fn after_fork_in_child() {
    POOLS.renew_in_child(|pools| pools.iter().for_each(|pool| pool.close_after_fork()));
}

/// Adds the names of this module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(compute_processes, module)?)?;
    module.add_function(wrap_pyfunction!(serve_parent, module)?)?;
    module.add_function(wrap_pyfunction!(child_pids, module)?)?;
    module.add_function(wrap_pyfunction!(end_children, module)?)
}
