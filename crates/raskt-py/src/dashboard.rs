//! Dashboards and recordings of what this process runs.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use parking_lot::Mutex;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use raskt_dashboard::{Actions, Actor, LocalSource, Server, ServerOptions, Source, Teller, Watch, report};

/// Something with threads of its own, which a forked child does not have.
struct OfProcess<T: Send + 'static> {
    held: Mutex<Option<T>>,
    pid: u32,
}

impl<T: Send + 'static> OfProcess<T> {
    fn new(held: T) -> Self {
        Self { held: Mutex::new(Some(held)), pid: std::process::id() }
    }

    /// Ends it, if it is this process's.
    fn close(&self, py: Python<'_>) {
        let held = self.held.lock().take();
        if self.pid == std::process::id() {
            // Its threads may be about to ask for the GIL.
            py.detach(|| drop(held));
        } else {
            std::mem::forget(held);
        }
    }

    /// Asks it, if it is there, and this process's: a fork may have copied its locks while they were held.
    fn ask<R: Send>(&self, py: Python<'_>, ask: impl FnOnce(&T) -> R + Send) -> Option<R> {
        if self.pid != std::process::id() {
            return None;
        }
        py.detach(|| self.held.lock().as_ref().map(ask))
    }
}

impl<T: Send + 'static> Drop for OfProcess<T> {
    fn drop(&mut self) {
        let Some(held) = self.held.get_mut().take() else { return };
        if self.pid != std::process::id() {
            return std::mem::forget(held);
        }
        // Its threads are waited for by another: this one may hold what they need.
        let ending = std::thread::Builder::new().name("raskt-closing".into()).spawn(move || drop(held));
        // Without a thread it was dropped here, with the closure.
        drop(ending);
    }
}

/// A page about what this process runs, which is served until it is closed.
#[pyclass(frozen, module = "raskt._raskt")]
pub struct DashboardServer {
    server: OfProcess<Server>,
    address: SocketAddr,
}

#[pymethods]
impl DashboardServer {
    /// Listens at `host`, an address, and `port`; viewers may name it by `hosts`, too. `tell` is called with a topic and an
    /// argument for what the engine does not know.
    #[new]
    fn new(py: Python<'_>, host: IpAddr, port: u16, hosts: Vec<String>, tell: Py<PyAny>) -> PyResult<Self> {
        Self::serve(py, LocalSource::with_past(), (host, port), hosts, tell, None)
    }

    /// The port.
    #[getter]
    fn port(&self) -> u16 {
        self.address.port()
    }

    /// Ends it.
    fn close(&self, py: Python<'_>) {
        self.server.close(py);
    }
}

impl DashboardServer {
    /// Serves what `source` sees. `actions` are a token and what is called with an action and its JSON for whoever knows it.
    ///
    /// # Errors
    /// `OSError` where the port is taken.
    pub fn serve(
        py: Python<'_>,
        source: impl Source,
        address: (IpAddr, u16),
        hosts: Vec<String>,
        tell: Py<PyAny>,
        actions: Option<(String, Py<PyAny>)>,
    ) -> PyResult<Self> {
        let teller: Teller = Arc::new(move |topic, argument| {
            Python::try_attach(|py| {
                let told = tell.bind(py).call1((topic, argument)).and_then(|told| told.extract());
                // A viewer learns that there is no answer, the program's log why.
                told.unwrap_or_else(|error: PyErr| {
                    error.write_unraisable(py, Some(tell.bind(py)));
                    None
                })
            })
            .flatten()
        });
        let address = SocketAddr::from(address);
        let actions = actions.map(|(token, act)| Actions { token, names: ACTIONS, actor: actor(act) });
        let teller = Some(teller);
        let options = ServerOptions { address, hosts, teller, actions, ..ServerOptions::default() };
        let server = py.detach(|| Server::start(Watch::start(source)?, options))?;
        let address = server.address();
        Ok(Self { server: OfProcess::new(server), address })
    }
}

/// What viewers of a cluster's page may have done who know its token.
const ACTIONS: &[&str] = &["retire_workers", "cancel"];

/// Has Python do what viewers want: its `ValueError` tells them what is wrong with that, other errors go to the program's log.
fn actor(act: Py<PyAny>) -> Actor {
    Arc::new(move |action, wanted| {
        let done = Python::try_attach(|py| {
            let act = act.bind(py);
            act.call1((action, wanted)).and_then(|done| done.extract::<String>()).map_err(|error| {
                if error.is_instance_of::<PyValueError>(py) {
                    return format!("{}\n", error.value(py));
                }
                error.write_unraisable(py, Some(act));
                "it failed: see the log of the program\n".to_owned()
            })
        });
        done.unwrap_or_else(|| Err("the program ends\n".to_owned()))
    })
}

/// What this process runs from now on, for a report.
#[pyclass(frozen, module = "raskt._raskt")]
pub struct Recording {
    watch: OfProcess<Watch>,
}

#[pymethods]
impl Recording {
    #[new]
    fn new(py: Python<'_>) -> PyResult<Self> {
        Self::of(py, LocalSource::from_now())
    }

    /// What was recorded so far, as JSON; none once it is closed.
    fn history(&self, py: Python<'_>) -> Option<String> {
        self.watch.ask(py, |watch| {
            watch.look();
            watch.history()
        })
    }

    /// What was recorded so far, as a page with further topics in JSON; none once it is closed.
    fn report(&self, py: Python<'_>, title: &str, topics: &str) -> Option<String> {
        self.history(py).map(|history| report(title, &history, topics))
    }

    /// Ends it.
    fn close(&self, py: Python<'_>) {
        self.watch.close(py);
    }
}

impl Recording {
    /// Records what `source` sees.
    ///
    /// # Errors
    /// The system's, where it gives no thread.
    pub fn of(py: Python<'_>, source: impl Source) -> PyResult<Self> {
        let watch = py.detach(|| Watch::start(source))?;
        Ok(Self { watch: OfProcess::new(watch) })
    }
}

/// A page of what was recorded before, with further topics, both in JSON.
#[pyfunction]
fn report_page(title: &str, history: &str, topics: &str) -> String {
    report(title, history, topics)
}

/// Adds them to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<DashboardServer>()?;
    module.add_class::<Recording>()?;
    module.add_function(wrap_pyfunction!(report_page, module)?)
}
