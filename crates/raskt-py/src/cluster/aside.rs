//! Tasks that wait let their worker run others.

use pyo3::prelude::*;
use raskt_net::worker;

/// What `wait` returns. If the calling thread runs a task of a worker, that runs another one meanwhile: what is waited for may be
/// a task that no thread would be left for.
pub fn aside<T>(py: Python<'_>, wait: impl FnOnce() -> T) -> T {
    let has_seceded = worker::secede();
    let found = wait();
    if has_seceded {
        py.detach(worker::rejoin);
    }
    found
}

/// Whether the calling thread runs a task that had not seceded before; it has then.
#[pyfunction]
fn cluster_secede() -> bool {
    worker::secede()
}

/// Whether the calling thread runs a task that had seceded; it waits until it counts again.
#[pyfunction]
fn cluster_rejoin(py: Python<'_>) -> bool {
    py.detach(worker::rejoin)
}

/// Adds the names of this module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(cluster_secede, module)?)?;
    module.add_function(wrap_pyfunction!(cluster_rejoin, module)?)
}
