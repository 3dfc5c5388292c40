//! A worker in this process.

use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use pyo3::prelude::*;
use raskt_core::Name;
use raskt_dashboard::WorkerSource;
use raskt_net::worker::{
    Departure, Measure, RunningTask, WorkerDaemon, WorkerOptions, current_work, is_running_tasks,
    running_tasks,
};

use super::runtime::{SIGNAL_CHECK, runtime, seconds};
use super::scheduler::{TlsGiven, handshake};
use crate::dashboard::DashboardServer;
use crate::{errors, names, session};

/// A worker whose connections, memory and heartbeats are looked after by threads that need no interpreter; its tasks run on
/// threads of this process.
#[pyclass(frozen, weakref, module = "raskt._raskt")]
pub struct ClusterWorker {
    daemon: Arc<WorkerDaemon>,
}

/// What Python passes for a worker.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct Given {
    scheduler: String,
    token: String,
    tls: Option<TlsGiven>,
    name: String,
    n_threads: u32,
    memory_limit: Option<u64>,
    /// In units of [`raskt_sched::RESOURCE_UNIT`].
    resources: Vec<(String, u64)>,
    listen: Option<String>,
    /// The first and the last port that is tried.
    ports: Option<(u16, u16)>,
    contact: Option<String>,
    spill_directory: Option<PathBuf>,
    /// Whether it shares the process with others, so that only its values count against its memory.
    shares_process: bool,
    connect_timeout: f64,
}

impl Given {
    fn options(self) -> raskt_core::Result<WorkerOptions> {
        let mut options = WorkerOptions::new(self.scheduler.parse()?, self.name.as_str());
        options.handshake = handshake(&self.token, self.tls)?;
        options.n_threads = self.n_threads;
        options.resources = self.resources.iter().map(|(name, units)| (Name::new(name), *units)).collect();
        options.listen = self.listen.map(|listen| listen.parse()).transpose()?;
        options.ports = self.ports.map(|(first, last)| first..=last);
        options.contact = self.contact.map(|contact| contact.parse()).transpose()?;
        options.spill_parent = self.spill_directory;
        options.connect_timeout = seconds(self.connect_timeout);
        options.machine.memory_bytes = self.memory_limit.unwrap_or(u64::MAX);
        options.measure = if self.shares_process { Measure::Values } else { Measure::Process };
        Ok(options)
    }
}

#[pymethods]
impl ClusterWorker {
    #[new]
    fn new(py: Python<'_>, options: Given) -> PyResult<Self> {
        let options = options.options().map_err(|error| errors::to_py(py, error))?;
        let (runtime, registry) = (runtime()?, session::registry());
        let daemon = py.detach(|| WorkerDaemon::start(&runtime, registry, options));
        daemon.map(|daemon| Self { daemon: Arc::new(daemon) }).map_err(|error| errors::to_py(py, error))
    }

    /// Its number.
    #[getter]
    fn id(&self) -> u32 {
        self.daemon.id().0
    }

    /// Where others find it.
    #[getter]
    fn address(&self) -> String {
        self.daemon.address().to_string()
    }

    /// Serves a page about it: see `ClusterScheduler.serve_dashboard`.
    fn serve_dashboard(
        &self,
        py: Python<'_>,
        host: IpAddr,
        port: u16,
        hosts: Vec<String>,
        tell: Py<PyAny>,
    ) -> PyResult<DashboardServer> {
        let source = WorkerSource::new(Arc::downgrade(&self.daemon));
        DashboardServer::serve(py, source, (host, port), hosts, tell, None)
    }

    /// Asks the scheduler to let it go: what it holds goes to others first.
    fn retire(&self) {
        self.daemon.retire();
    }

    /// Ends it at once, whatever it holds; how many threads go on, held by tasks that cannot be stopped.
    fn stop(&self, py: Python<'_>) -> usize {
        py.detach(|| {
            self.daemon.stop();
            self.daemon.settle()
        })
    }

    /// Waits until it has come to its end, for so many seconds at most: whether that was as it should be, and how it came to
    /// it; None where it has not.
    fn wait(&self, py: Python<'_>, timeout: Option<f64>) -> PyResult<Option<(bool, String)>> {
        let until = timeout.and_then(|timeout| Instant::now().checked_add(seconds(timeout)));
        loop {
            let left = until.map_or(SIGNAL_CHECK, |until| until.saturating_duration_since(Instant::now()));
            if let Some(departure) = py.detach(|| self.daemon.wait(Some(left.min(SIGNAL_CHECK)))) {
                return Ok(Some((!matches!(departure, Departure::Lost(_)), departure.to_string())));
            }
            py.check_signals()?;
            if until.is_some_and(|until| Instant::now() >= until) {
                return Ok(None);
            }
        }
    }
}

/// What the calling thread does for a worker of a cluster: the worker's address, and the key of the task, which is None where
/// a client has a function called.
#[pyfunction(name = "cluster_work")]
fn work(py: Python<'_>) -> PyResult<Option<(String, Option<Bound<'_, PyAny>>)>> {
    let Some(work) = current_work() else { return Ok(None) };
    let key = work.task().map(|key| names::from_key(py, &key)).transpose()?;
    Ok(Some((work.address().to_string(), key)))
}

/// A task that runs here, for Python: its thread, its worker's address, its key, its label.
type Running<'py> = (u64, String, Bound<'py, PyAny>, String);

/// The tasks that run in this process for workers of clusters.
#[pyfunction(name = "cluster_running")]
fn running(py: Python<'_>) -> PyResult<Vec<Running<'_>>> {
    let tasks = running_tasks().into_iter();
    tasks
        .map(|task| {
            Ok((
                task.thread,
                task.worker.to_string(),
                names::from_key(py, &task.key)?,
                task.label.to_string(),
            ))
        })
        .collect()
}

/// Says at regular times which threads of this process run tasks for workers. It waits without the interpreter.
#[pyclass(frozen, module = "raskt._raskt")]
pub struct TaskSampler {
    interval: Duration,
    is_ended: AtomicBool,
}

#[pymethods]
impl TaskSampler {
    /// With `interval` seconds between two looks.
    #[new]
    fn new(interval: f64) -> Self {
        Self { interval: seconds(interval), is_ended: AtomicBool::new(false) }
    }

    /// Waits for an interval, and on until some task runs: the threads that run tasks, and what these are called. None after
    /// the end.
    fn next(&self, py: Python<'_>) -> Option<Vec<(u64, String)>> {
        py.detach(|| {
            loop {
                std::thread::sleep(self.interval);
                if self.is_ended.load(Ordering::Relaxed) || is_running_tasks() {
                    break;
                }
            }
        });
        let name = |task: RunningTask| (task.thread, task.label.to_string());
        (!self.is_ended.load(Ordering::Relaxed)).then(|| running_tasks().into_iter().map(name).collect())
    }

    /// Has whoever waits return.
    fn end(&self) {
        self.is_ended.store(true, Ordering::Relaxed);
    }
}

impl Drop for ClusterWorker {
    fn drop(&mut self) {
        let end = || {
            self.daemon.stop();
            self.daemon.settle()
        };
        // Its threads may need the interpreter to end. At the interpreter's own end nobody has it.
        if Python::try_attach(|py| py.detach(end)).is_none() {
            end();
        }
    }
}

/// Adds the names of this module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<ClusterWorker>()?;
    module.add_class::<TaskSampler>()?;
    module.add_function(wrap_pyfunction!(running, module)?)?;
    module.add_function(wrap_pyfunction!(work, module)?)
}
