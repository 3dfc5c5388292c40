//! The end of the interpreter, and forks: what this process has that others must not wait for.
//!
//! Both are prepared for when the module is imported, and not when something is first computed: that may be on a daemon
//! thread, too late to be told of an end that has begun.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::{active, cluster, node, processes, session, ship_test, threads};

/// How often exit looks whether it may go on.
const END_CHECK: Duration = Duration::from_millis(2);
/// How long exit waits for running functions before it says so.
const SHUT_DOWN_PATIENCE: Duration = Duration::from_secs(1);

/// The interpreter's end, when Python has waited for its threads: daemon threads stop, the engine's threads and children
/// end, spill folders go.
///
/// It must neither wait for ever nor leave a thread behind that comes to the interpreter when that is gone. So:
///
/// - What it waits for is functions of the user's that run, which Python cannot stop: it says so, and Ctrl-C ends the
///   process at once. Everything that daemon threads compute is cancelled, and a run is cancelled or has threads that serve
///   it: a pool is stopped by nobody but the computation that has it ([`threads`]).
/// - A computation of a daemon thread that is found to be over has left its pool to be ended, and no other begins
///   ([`active`]). A computation that some function at exit asks for later ends its own pool, and waits for the threads
///   before it returns. Thus nobody has to find the right moment to look for pools.
#[pyfunction]
fn shut_down(py: Python<'_>) {
    raskt_store::wait_if_terminating();
    active::end(py);
    py.detach(threads::end);
    processes::shut_down(py);
    await_functions(py, || {
        // In this order: who is not counted any more has left its pool.
        let n_computations = active::count();
        n_computations.max(threads::n_leaving())
    });
    session::forget(py);
}

/// Waits until no function is left of those that `n_left` counts. Says so where that takes long; Ctrl-C ends the process.
pub fn await_functions(py: Python<'_>, n_left: impl Fn() -> usize) {
    /// Whoever waits says the same.
    static IS_TOLD: AtomicBool = AtomicBool::new(false);
    let tell_at = Instant::now() + SHUT_DOWN_PATIENCE;
    loop {
        let n = n_left();
        if n == 0 {
            return;
        }
        py.detach(|| std::thread::sleep(END_CHECK));
        if Instant::now() > tell_at && !IS_TOLD.swap(true, Ordering::Relaxed) {
            let s = if n == 1 { "" } else { "s" };
            eprintln!("raskt: waiting for {n} running function{s} before exit; press Ctrl-C to exit at once");
        }
        if py.check_signals().is_err() {
            exit_now(py);
        }
    }
}

/// Ends the process without waiting for anything.
fn exit_now(py: Python<'_>) -> ! {
    raskt_store::remove_all_scratch();
    // Buffered output of the program must not be lost with the threads.
    for stream in ["stdout", "stderr"] {
        drop(py.import("sys").and_then(|sys| sys.getattr(stream)?.call_method0("flush")));
    }
    std::process::exit(130);
}

/// In a forked child there is one thread. What the parent's others had is not touched.
#[pyfunction]
fn after_fork_in_child() {
    cluster::after_fork_in_child();
    node::after_fork_in_child();
    active::after_fork_in_child();
    processes::after_fork_in_child();
    ship_test::after_fork_in_child();
    threads::after_fork_in_child();
    session::after_fork_in_child();
}

/// Whether the interpreter has begun to end, so that nobody may call what is registered now.
fn is_late(py: Python<'_>) -> PyResult<bool> {
    let modules = py.import(intern!(py, "sys"))?.getattr(intern!(py, "modules"))?;
    let Some(threading) = modules.cast::<PyDict>()?.get_item(intern!(py, "threading"))? else {
        return Ok(false);
    };
    let flag = threading.getattr_opt(intern!(py, "_SHUTTING_DOWN"))?;
    flag.map_or(Ok(false), |flag| flag.is_truthy())
}

/// Adds the functions, and has them called. The engine's threads belong to the main interpreter: another one ends without.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    let shut_down = wrap_pyfunction!(shut_down, module)?;
    module.add_function(shut_down.clone())?;
    if crate::is_in_subinterpreter(py) {
        return Ok(());
    }
    py.import("atexit")?.call_method1("register", (shut_down,))?;
    if is_late(py)? {
        active::end(py);
        py.detach(threads::end);
    }
    if let Some(register) = py.import("os")?.getattr_opt("register_at_fork")? {
        let hooks = PyDict::new(py);
        hooks.set_item("after_in_child", wrap_pyfunction!(after_fork_in_child, module)?)?;
        register.call((), Some(&hooks))?;
    }
    Ok(())
}
