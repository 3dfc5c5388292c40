//! The computations that failed last, for dashboards: as text, so that nothing of the users' is kept alive.

use std::collections::VecDeque;

use pyo3::prelude::*;
use raskt_core::ProcessLock;
use raskt_exec::events::now_ns;

/// So many are remembered.
const N_KEPT: usize = 100;
/// Tracebacks are written out that often at most: a program that fails in a loop shall not pay for each.
const PACE_NS: u64 = 20_000_000;

/// A failure: when, in milliseconds since the process's epoch; task; function; what was raised; its traceback.
type Failed = (f64, String, String, String, String);

struct Kept {
    failed: VecDeque<Failed>,
    next_ns: u64,
}

static KEPT: ProcessLock<Kept> = ProcessLock::new(Kept { failed: VecDeque::new(), next_ns: 0 });

/// A computation ended with `error`, of task `key`, which calls `function`.
pub fn remember(py: Python<'_>, error: &PyErr, key: &str, function: &str) {
    let now = now_ns();
    {
        let mut kept = KEPT.lock();
        if now < kept.next_ns {
            return;
        }
        kept.next_ns = now + PACE_NS;
    }
    // An exception whose text cannot be had is told without it.
    let raised = error.to_string();
    let text = traceback(py, error).unwrap_or_default();
    #[expect(clippy::cast_precision_loss, reason = "milliseconds on a page")]
    let at = now as f64 / 1e6;
    let mut kept = KEPT.lock();
    if kept.failed.len() >= N_KEPT {
        kept.failed.pop_front();
    }
    kept.failed.push_back((at, key.to_owned(), function.to_owned(), raised, text));
}

fn traceback(py: Python<'_>, error: &PyErr) -> PyResult<String> {
    let lines =
        py.import("traceback")?.call_method1("format_exception", (error.clone_ref(py).into_value(py),))?;
    let lines: Vec<String> = lines.extract()?;
    Ok(lines.concat())
}

/// The computations that failed last, oldest first: when (milliseconds since the process's epoch), task, function, what was
/// raised, traceback.
#[pyfunction]
fn failures() -> Vec<Failed> {
    KEPT.lock().failed.iter().cloned().collect()
}

/// Adds it to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(failures, module)?)
}
