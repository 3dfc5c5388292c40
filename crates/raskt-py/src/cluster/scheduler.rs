//! A scheduler in this process.

use std::net::IpAddr;
use std::sync::{Arc, Weak};
use std::time::Instant;

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use raskt_core::ErrorKind;
use raskt_dashboard::ClusterSource;
use raskt_net::scheduler::{SchedulerDaemon, SchedulerOptions};
use raskt_net::transport::{Address, Certificates, HandshakeOptions, Tls, Token};
use raskt_net::wire::Query;
use raskt_sched::{Options, WorkerId};

use super::runtime::{SIGNAL_CHECK, runtime, seconds};
use crate::dashboard::DashboardServer;
use crate::errors;

/// A scheduler that runs on threads of this process, none of which ever waits for the interpreter.
#[pyclass(frozen, weakref, module = "raskt._raskt")]
pub struct ClusterScheduler {
    daemon: Arc<SchedulerDaemon>,
}

/// A task that failed, for Python.
type FailedTask<'py> = (f64, String, u32, String, Option<crate::pickle::Flat<'py>>);

/// What Python passes for a scheduler.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct Given {
    listen: Vec<String>,
    token: String,
    tls: Option<TlsGiven>,
    allowed_failures: u32,
    worker_timeout: f64,
    idle_timeout: Option<f64>,
}

#[pymethods]
impl ClusterScheduler {
    #[new]
    fn new(py: Python<'_>, options: Given) -> PyResult<Self> {
        let addresses =
            options.listen.iter().map(|text| text.parse()).collect::<raskt_core::Result<Vec<Address>>>();
        let listen = addresses.map_err(|error| errors::to_py(py, error))?;
        let handshake = handshake(&options.token, options.tls).map_err(|error| errors::to_py(py, error))?;
        let machine = Options {
            allowed_failures: options.allowed_failures,
            worker_timeout: seconds(options.worker_timeout),
            ..Options::default()
        };
        let idle_timeout = options.idle_timeout.map(seconds);
        let options =
            SchedulerOptions { listen, handshake, machine, idle_timeout, ..SchedulerOptions::default() };
        let runtime = runtime()?;
        let daemon = py.detach(|| SchedulerDaemon::start(&runtime, options));
        let daemon = daemon.map(Arc::new).map_err(|error| errors::to_py(py, error))?;
        // The scheduler does not keep itself.
        let asked = Arc::downgrade(&daemon);
        daemon.set_host(Box::new(move |question| answer_in_python(&asked, question)));
        Ok(Self { daemon })
    }

    /// Where it listens.
    #[getter]
    fn addresses(&self) -> Vec<String> {
        self.daemon.addresses().iter().map(ToString::to_string).collect()
    }

    /// Serves a page about it at `host`, an address, and `port`; viewers may name it by `hosts`, too. `tell` is called
    /// with a topic and an argument for what the scheduler does not know; `actions` are a token and what is called with an
    /// action and its JSON for whoever knows it.
    #[pyo3(signature = (host, port, hosts, tell, actions = None))]
    fn serve_dashboard(
        &self,
        py: Python<'_>,
        host: IpAddr,
        port: u16,
        hosts: Vec<String>,
        tell: Py<PyAny>,
        actions: Option<(String, Py<PyAny>)>,
    ) -> PyResult<DashboardServer> {
        let source = ClusterSource::new(Arc::clone(&self.daemon));
        DashboardServer::serve(py, source, (host, port), hosts, tell, actions)
    }

    /// What workers hold, by name: see [`Query::Held`].
    fn held<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.ask(py, Query::Held)
    }

    /// The tasks that failed last, oldest first: when (milliseconds since the process's epoch), key, number of the worker, what
    /// was raised, and the exception as its process packed it, unless it is large.
    fn failures<'py>(&self, py: Python<'py>) -> PyResult<Vec<FailedTask<'py>>> {
        let failed = self.daemon.remembered().failures().into_iter();
        let told = failed.map(|failed| {
            let packed = failed.packed.map(|packed| crate::pickle::flat(py, &packed)).transpose()?;
            #[expect(clippy::cast_precision_loss, reason = "milliseconds on a page")]
            let at = failed.at_ns as f64 / 1e6;
            Ok((at, failed.key, failed.worker.0, failed.error, packed))
        });
        told.collect()
    }

    /// What is known of each worker.
    fn workers<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.ask(py, Query::Workers)
    }

    /// How many tasks are in which state, and how many clients there are.
    fn load<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.ask(py, Query::Load)
    }

    /// What happened to tasks from a number on: see [`Query::Events`].
    fn events<'py>(&self, py: Python<'py>, first: u64) -> PyResult<Bound<'py, PyAny>> {
        self.ask(py, Query::Events { from: first })
    }

    /// What was noted of workers, clients and failures, from a number on: see [`Query::Log`].
    fn log<'py>(&self, py: Python<'py>, first: u64) -> PyResult<Bound<'py, PyAny>> {
        self.ask(py, Query::Log { from: first })
    }

    /// Has workers give what they hold to others, and end; by their numbers.
    fn retire(&self, py: Python<'_>, workers: Vec<u32>) -> PyResult<()> {
        self.ask(py, Query::Retire(workers.into_iter().map(WorkerId).collect())).map(drop)
    }

    /// Has it end; workers end, too, and clients are told why.
    fn stop(&self, why: &str) {
        self.daemon.stop(why);
    }

    /// Waits until it has ended, for so many seconds at most; why it did, or None where it has not.
    fn wait(&self, py: Python<'_>, timeout: Option<f64>) -> PyResult<Option<String>> {
        let until = timeout.and_then(|timeout| Instant::now().checked_add(seconds(timeout)));
        loop {
            let left = until.map_or(SIGNAL_CHECK, |until| until.saturating_duration_since(Instant::now()));
            if let Some(why) = py.detach(|| self.daemon.wait(Some(left.min(SIGNAL_CHECK)))) {
                return Ok(Some(why));
            }
            py.check_signals()?;
            if until.is_some_and(|until| Instant::now() >= until) {
                return Ok(None);
            }
        }
    }
}

impl ClusterScheduler {
    fn ask<'py>(&self, py: Python<'py>, query: Query) -> PyResult<Bound<'py, PyAny>> {
        let answer = py.detach(|| self.daemon.ask(query));
        crate::param::to_object(py, &answer.map_err(|error| errors::to_py(py, error))?)
    }
}

/// What Python answers a client in the process of a scheduler.
fn answer_in_python(daemon: &Weak<SchedulerDaemon>, question: &[u8]) -> raskt_core::Result<Vec<u8>> {
    let gone = || raskt_core::Error::from(ErrorKind::Cancelled);
    let daemon = daemon.upgrade().ok_or_else(gone)?;
    let answered = Python::try_attach(|py| {
        let scheduler = Bound::new(py, ClusterScheduler { daemon })?;
        let host = py.import("raskt.distributed._host")?;
        host.call_method1("answer", (scheduler, PyBytes::new(py, question)))?.extract::<Vec<u8>>()
    });
    answered.ok_or_else(gone)?.map_err(|error| {
        let what = "answering in the process of the scheduler".to_owned();
        ErrorKind::System { what, reason: error.to_string() }.into()
    })
}

/// A secret for a cluster that nobody knows yet.
#[pyfunction]
fn random_token(py: Python<'_>) -> PyResult<String> {
    Token::random().map(|token| token.as_str().to_owned()).map_err(|error| errors::to_py(py, error))
}

/// Certificates as Python has them: of the authority, one's own, its key.
pub type TlsGiven = (String, String, String);

/// What connections begin with.
///
/// # Errors
/// What is no certificate or key.
pub fn handshake(token: &str, tls: Option<TlsGiven>) -> raskt_core::Result<HandshakeOptions> {
    let tls =
        tls.map(|(authority, certificate, key)| Tls::new(&Certificates { authority, certificate, key }));
    Ok(HandshakeOptions { token: Token::new(token), tls: tls.transpose()?, ..HandshakeOptions::default() })
}

/// Certificates that nobody else has.
#[pyfunction]
fn temporary_certificates(py: Python<'_>) -> PyResult<TlsGiven> {
    let made = Certificates::temporary().map_err(|error| errors::to_py(py, error))?;
    Ok((made.authority, made.certificate, made.key))
}

/// Adds the names of this module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<ClusterScheduler>()?;
    module.add_function(wrap_pyfunction!(temporary_certificates, module)?)?;
    module.add_function(wrap_pyfunction!(random_token, module)?)
}
