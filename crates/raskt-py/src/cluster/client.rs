//! A client of a cluster: what Python calls.

use std::sync::Arc;
use std::time::{Duration, Instant};

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString, PyTuple};
use raskt_core::encode::{Limits, decode_value, encode_value};
use raskt_core::{Key, Name, Payload};
use raskt_dashboard::ClusterSource;
use raskt_expr::Expr;
use raskt_net::client::{Client, ClientOptions, Fetched, Future, Scatter, Spread, Wanted};
use raskt_net::transport::{Address, HandshakeOptions};
use raskt_net::wire::Query;
use raskt_sched::{FromClient, WorkerId};

use super::aside::aside;
use super::batch::Outgoing;
use super::coordination::ClusterCoordination;
use super::failure;
use super::future::{ClusterFuture, FutureCall, note_wanted};
use super::graph::{Sendable, TermsGiven, body_of_call};
use super::runtime::{SIGNAL_CHECK, runtime, seconds, wait_for, wait_until};
use super::scheduler::{TlsGiven, handshake};
use crate::dashboard::Recording;
use crate::delayed::Delayed;
use crate::node::{Callee, Func, Node, Notes};
use crate::scan::Scan;
use crate::{errors, names, object, own, param, session};

/// A client that is connected to a scheduler.
#[pyclass(frozen, weakref, module = "raskt._raskt")]
pub struct ClusterClient {
    client: Client,
    outgoing: Arc<Outgoing>,
}

fn keys_of(keys: &[Bound<'_, PyAny>]) -> Vec<Key> {
    keys.iter().map(names::to_key).collect()
}

fn named(workers: Vec<String>) -> Vec<Name> {
    workers.iter().map(|name| Name::new(name)).collect()
}

fn futures_of<'a>(futures: &'a [PyRef<'_, ClusterFuture>]) -> Vec<&'a Future> {
    futures.iter().map(|future| future.future()).collect()
}

/// What all calls of one `submit` or `map` have in common.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct Calls {
    name: Option<String>,
    pure: bool,
    notes: Option<Py<PyDict>>,
    fuse_width: u32,
}

impl ClusterClient {
    fn future_of(&self, future: Future) -> ClusterFuture {
        ClusterFuture::new(future, self.client.clone())
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of a call")]
    fn submit_one(
        &self,
        py: Python<'_>,
        func: &Arc<Func>,
        args: &Bound<'_, PyTuple>,
        kwargs: Option<&Bound<'_, PyDict>>,
        key: Option<Bound<'_, PyAny>>,
        calls: &Calls,
        notes: Option<&Notes>,
    ) -> PyResult<ClusterFuture> {
        let kwargs = kwargs.filter(|kwargs| !kwargs.is_empty());
        let key = match key {
            Some(key) => {
                key.hash().map_err(|_| PyTypeError::new_err("a key must be hashable"))?;
                Some(key)
            }
            None if calls.pure => {
                let tokenize = py.import(intern!(py, "raskt.tokenize"))?.getattr(intern!(py, "tokenize"))?;
                let token = tokenize.call1((func.object.bind(py), args, kwargs))?;
                let name = calls.name.as_deref().unwrap_or(&func.name);
                Some(PyString::new(py, &format!("{name}-{}", token.extract::<&str>()?)).into_any())
            }
            None => None,
        };
        if let Some(key) = &key {
            let Wanted { future, is_new } = self.client.future(&names::to_key(key));
            if !is_new {
                return Ok(self.future_of(future));
            }
        }
        let mut scan = Scan::of_submitted();
        // What the call sees is what the arguments are now.
        let kept = py.import(intern!(py, "raskt._kept"))?.getattr(intern!(py, "kept"))?;
        let args = kept.call1((args,))?.cast_into::<PyTuple>()?;
        let kwargs = kwargs.map(|kwargs| PyResult::Ok(kept.call1((kwargs,))?.cast_into::<PyDict>()?));
        let args = scan.args(&args, kwargs.transpose()?.as_ref())?;
        self.check_known(&scan.deps)?;
        for dep in &mut scan.deps {
            if let Some(call) = self.outgoing.resolved(dep) {
                *dep = call;
            }
        }
        let mut node = Node::new(Callee::Func(Arc::clone(func)), args, scan.deps, notes.cloned());
        if let Some(key) = key {
            node = node.with_key(py, key.unbind());
        }
        let key = names::to_key(&node.py_key(py));
        // There is a future before the call can be sent, or it would be taken for one that nobody wants.
        let future = self.client.future(&key).future;
        self.outgoing.push(key, Expr::of_call(Arc::new(node)), calls.fuse_width);
        Ok(self.future_of(future))
    }

    /// Refuses what is submitted to a client that is closed.
    fn check_open(&self, py: Python<'_>) -> PyResult<()> {
        self.client.closed().map_or(Ok(()), |error| Err(errors::to_py(py, error)))
    }

    /// Refuses futures whose values this client's scheduler does not have.
    fn check_known(&self, exprs: &[Expr]) -> PyResult<()> {
        for call in exprs.iter().filter_map(FutureCall::of) {
            let (key, other) = (call.future.key(), &call.client);
            if other.is_same(&self.client) {
                continue;
            }
            let why = match other.closed() {
                Some(_) => "which is closed, and so its value is forgotten",
                None if other.scheduler() != self.client.scheduler() => {
                    "of another cluster: gather its value first"
                }
                None => continue,
            };
            let address = other.address();
            return Err(PyValueError::new_err(format!(
                "the future {key} is of a client of {address}, {why}"
            )));
        }
        Ok(())
    }

    fn notes(py: Python<'_>, calls: &Calls) -> PyResult<Option<Notes>> {
        let here = crate::annotations::current(py)?;
        let Some(own) = &calls.notes else { return Ok(here) };
        let all = match here {
            Some(here) => here.bind(py).copy()?,
            None => PyDict::new(py),
        };
        all.update(own.bind(py).as_mapping())?;
        Ok(Some(Arc::new(all.unbind())))
    }

    fn ask<'py>(&self, py: Python<'py>, query: Query) -> PyResult<Bound<'py, PyAny>> {
        self.outgoing.flush(py);
        param::to_object(py, &wait_for(py, &self.client.ask(query))?)
    }

    fn opened<'py>(py: Python<'py>, payload: Payload) -> PyResult<Bound<'py, PyAny>> {
        let registry = session::registry();
        let value = decode_value(payload, registry.as_ref(), &Limits::default());
        own::to_result(py, &value.map_err(|error| errors::to_py(py, error))?)
    }
}

#[pymethods]
impl ClusterClient {
    /// Connects to the scheduler at `address`, within so many seconds.
    #[new]
    #[pyo3(signature = (address, token, name, timeout, tls=None))]
    fn new(
        py: Python<'_>,
        address: &str,
        token: &str,
        name: &str,
        timeout: f64,
        tls: Option<TlsGiven>,
    ) -> PyResult<Self> {
        let address = address.parse::<Address>().map_err(|error| errors::to_py(py, error))?;
        let handshake = handshake(token, tls).map_err(|error| errors::to_py(py, error))?;
        let timeout = seconds(timeout);
        let options = ClientOptions {
            name: Name::new(name),
            handshake: HandshakeOptions { timeout, ..handshake },
            timeout,
            ..ClientOptions::new(address)
        };
        let runtime = runtime()?;
        let client = py.detach(|| Client::connect(&runtime, options));
        let client = client.map_err(|error| errors::to_py(py, error))?;
        let outgoing = Outgoing::start(&client)?;
        Ok(Self { client, outgoing })
    }

    /// Where the scheduler is.
    #[getter]
    fn address(&self) -> String {
        self.client.address().to_string()
    }

    /// What the scheduler calls itself.
    #[getter]
    fn scheduler(&self) -> String {
        self.client.scheduler().to_string()
    }

    /// The number that the scheduler gave the client.
    #[getter]
    fn number(&self) -> u32 {
        self.client.id().0
    }

    /// Why the client is at its end; None where it is not.
    #[getter]
    fn closed(&self) -> Option<String> {
        self.client.closed().map(|error| error.to_string())
    }

    /// What it shares with other clients.
    fn coordination(&self) -> ClusterCoordination {
        ClusterCoordination::new(self.client.clone(), Arc::clone(&self.outgoing))
    }

    /// Submits a call.
    #[pyo3(signature = (function, args, kwargs, key, calls))]
    fn submit(
        &self,
        py: Python<'_>,
        function: &Bound<'_, PyAny>,
        args: &Bound<'_, PyTuple>,
        kwargs: Option<&Bound<'_, PyDict>>,
        key: Option<Bound<'_, PyAny>>,
        calls: Calls,
    ) -> PyResult<ClusterFuture> {
        self.check_open(py)?;
        let notes = Self::notes(py, &calls)?;
        self.submit_one(py, &Func::new(function), args, kwargs, key, &calls, notes.as_ref())
    }

    /// Submits a call for each tuple of arguments.
    #[pyo3(signature = (function, rows, kwargs, keys, calls))]
    fn map(
        &self,
        py: Python<'_>,
        function: &Bound<'_, PyAny>,
        rows: Vec<Bound<'_, PyTuple>>,
        kwargs: Option<&Bound<'_, PyDict>>,
        keys: Option<Vec<Bound<'_, PyAny>>>,
        calls: Calls,
    ) -> PyResult<Vec<ClusterFuture>> {
        self.check_open(py)?;
        if keys.as_ref().is_some_and(|keys| keys.len() != rows.len()) {
            return Err(PyValueError::new_err(format!(
                "there are {} keys for {} calls",
                keys.map_or(0, |keys| keys.len()),
                rows.len()
            )));
        }
        let (notes, func) = (Self::notes(py, &calls)?, Func::new(function));
        let mut keys = keys.map(Vec::into_iter);
        let mut futures = Vec::with_capacity(rows.len());
        for args in rows {
            let key = keys.as_mut().and_then(Iterator::next);
            futures.push(self.submit_one(py, &func, &args, kwargs, key, &calls, notes.as_ref())?);
        }
        Ok(futures)
    }

    /// Computes delayed values: a future of each. `terms` are of all tasks.
    fn compute(
        &self,
        py: Python<'_>,
        roots: Vec<PyRef<'_, Delayed>>,
        fuse_width: u32,
        terms: Option<TermsGiven>,
    ) -> PyResult<Vec<ClusterFuture>> {
        self.outgoing.flush(py);
        let exprs = crate::plan::exprs_of(&roots);
        self.check_known(&exprs)?;
        let graph = Sendable::of(py, &exprs)?;
        let futures: Vec<Future> = graph.keys.iter().map(|key| self.client.future(key).future).collect();
        let places = graph.places();
        graph.send(py, &self.client, fuse_width, terms)?;
        let of_graph = |future| ClusterFuture::of_graph(future, self.client.clone(), Arc::clone(&places));
        Ok(futures.into_iter().map(of_graph).collect())
    }

    /// Sends what was submitted.
    fn flush(&self, py: Python<'_>) {
        self.outgoing.flush(py);
    }

    /// A future of a key that the scheduler knows.
    fn want(&self, key: &Bound<'_, PyAny>) -> ClusterFuture {
        let future = self.client.want(&names::to_key(key));
        note_wanted(&self.client);
        self.future_of(future)
    }

    /// Waits until `n` of `futures` are settled, for so many seconds at most; whether they are.
    fn wait(
        &self,
        py: Python<'_>,
        futures: Vec<PyRef<'_, ClusterFuture>>,
        n: usize,
        timeout: Option<f64>,
    ) -> PyResult<bool> {
        self.outgoing.flush(py);
        let gate = self.client.gate(&futures_of(&futures), n);
        if gate.wait(Duration::ZERO) {
            return Ok(true);
        }
        let until = timeout.and_then(|timeout| Instant::now().checked_add(seconds(timeout)));
        aside(py, || {
            loop {
                let left =
                    until.map_or(SIGNAL_CHECK, |until| until.saturating_duration_since(Instant::now()));
                if py.detach(|| gate.wait(left.min(SIGNAL_CHECK))) {
                    return Ok(true);
                }
                py.check_signals()?;
                if until.is_some_and(|until| Instant::now() >= until) {
                    return Ok(false);
                }
            }
        })
    }

    /// Of each future whether there is a value, and the value, or else the exception or None for what was cancelled.
    fn gather<'py>(
        &self,
        py: Python<'py>,
        futures: Vec<PyRef<'_, ClusterFuture>>,
    ) -> PyResult<Bound<'py, PyList>> {
        self.outgoing.flush(py);
        let is_settled = futures.iter().all(|future| future.future().is_settled());
        let reply = self.client.gather(&futures_of(&futures));
        let fetched = if is_settled { wait_for(py, &reply) } else { aside(py, || wait_for(py, &reply)) };
        let found = PyList::empty(py);
        for (fetched, future) in fetched?.into_iter().zip(&futures) {
            let (is_value, outcome) = match fetched {
                Fetched::Value(payload) => match Self::opened(py, payload) {
                    Ok(value) => (true, value),
                    Err(error) => {
                        let key = future.future().key();
                        errors::note(py, &error, &format!("raskt: the value of {key} cannot be unpickled"));
                        (false, error.into_value(py).into_bound(py).into_any())
                    }
                },
                Fetched::Failed(why) => (false, failure::to_exception(py, &why)?),
                Fetched::Cancelled => (false, py.None().into_bound(py)),
            };
            found.append((is_value, outcome))?;
        }
        Ok(found)
    }

    /// Puts values onto workers.
    fn scatter(
        &self,
        py: Python<'_>,
        keys: Vec<Bound<'_, PyAny>>,
        values: Vec<Bound<'_, PyAny>>,
        workers: Vec<String>,
        broadcast: bool,
        timeout: f64,
    ) -> PyResult<Vec<ClusterFuture>> {
        let mut futures = Vec::with_capacity(keys.len());
        let mut fresh = Vec::new();
        for (key, value) in keys.iter().zip(values) {
            let Wanted { future, is_new } = self.client.future(&names::to_key(key));
            if is_new {
                let payload = encode_value(&object::to_value(value));
                let payload = payload.map_err(|error| errors::to_py(py, error))?;
                fresh.push(Scatter { future: future.clone(), payload });
            }
            futures.push(self.future_of(future));
        }
        let spread = Spread { workers, is_broadcast: broadcast, timeout: seconds(timeout) };
        if !fresh.is_empty() {
            wait_for(py, &self.client.scatter(fresh, spread))?;
        }
        Ok(futures)
    }

    /// Nobody is to compute these for this client any more, or for any.
    fn cancel(&self, py: Python<'_>, futures: Vec<PyRef<'_, ClusterFuture>>, for_all: bool) {
        self.outgoing.flush(py);
        self.client.cancel(&futures_of(&futures), for_all);
    }

    /// Tries again what failed.
    fn retry(&self, futures: Vec<PyRef<'_, ClusterFuture>>) {
        self.client.retry(&futures_of(&futures));
    }

    /// Has values copied to `n` workers.
    fn replicate(&self, py: Python<'_>, keys: Vec<Bound<'_, PyAny>>, n: u32, workers: Vec<String>) {
        self.outgoing.flush(py);
        let (keys, workers) = (keys_of(&keys), named(workers));
        self.client.say(FromClient::ReplicateAmong { keys, n, workers });
    }

    /// Has values moved to workers that hold less.
    fn rebalance(&self, keys: Vec<Bound<'_, PyAny>>, workers: Vec<String>) {
        self.client.say(FromClient::Rebalance { keys: keys_of(&keys), workers: named(workers) });
    }

    /// Has all forgotten.
    fn restart(&self, py: Python<'_>) {
        self.outgoing.flush(py);
        self.client.say(FromClient::Restart);
    }

    /// Has workers give what they hold to others, and end; by their names or hosts.
    fn retire(&self, workers: Vec<String>) {
        self.client.say(FromClient::Retire(named(workers)));
    }

    /// What is known of each worker.
    fn workers<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.ask(py, Query::Workers)
    }

    /// How many tasks are in which state, and how many clients there are.
    fn load<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.ask(py, Query::Load)
    }

    /// The numbers of the workers that hold each of `keys`.
    fn who_has<'py>(&self, py: Python<'py>, keys: Vec<Bound<'_, PyAny>>) -> PyResult<Bound<'py, PyAny>> {
        self.ask(py, Query::WhoHas(keys_of(&keys)))
    }

    /// The keys that a worker holds.
    fn has_what<'py>(&self, py: Python<'py>, worker: u32) -> PyResult<Bound<'py, PyAny>> {
        self.ask(py, Query::HasWhat(WorkerId(worker)))
    }

    /// The keys that a worker runs or has been given.
    fn processing<'py>(&self, py: Python<'py>, worker: u32) -> PyResult<Bound<'py, PyAny>> {
        self.ask(py, Query::Processing(WorkerId(worker)))
    }

    /// Why a task does not run, or what became of it.
    fn explain<'py>(&self, py: Python<'py>, key: &Bound<'_, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        self.ask(py, Query::Explain(names::to_key(key)))
    }

    /// What happened to tasks from a number on: see [`Query::Events`].
    fn events<'py>(&self, py: Python<'py>, first: u64) -> PyResult<Bound<'py, PyAny>> {
        self.ask(py, Query::Events { from: first })
    }

    /// What was noted of workers, clients and failures, from a number on: see [`Query::Log`].
    fn log<'py>(&self, py: Python<'py>, first: u64) -> PyResult<Bound<'py, PyAny>> {
        self.ask(py, Query::Log { from: first })
    }

    /// How many bytes values have, or None.
    fn sizes<'py>(&self, py: Python<'py>, keys: Vec<Bound<'_, PyAny>>) -> PyResult<Bound<'py, PyAny>> {
        self.ask(py, Query::Sizes(keys_of(&keys)))
    }

    /// What the program in whose process the scheduler runs answers.
    fn ask_host<'py>(&self, py: Python<'py>, asked: &[u8]) -> PyResult<Bound<'py, PyAny>> {
        self.ask(py, Query::Host(asked.into()))
    }

    /// Tells the program in whose process the scheduler runs something, and does not wait for what it says to that.
    fn tell_host(&self, told: &[u8]) {
        drop(self.client.ask(Query::Host(told.into())));
    }

    /// Records what the cluster does: from now, or from what is still known of the past.
    fn record(&self, py: Python<'_>, from_now: bool) -> PyResult<Recording> {
        self.outgoing.flush(py);
        let client = self.client.clone();
        let source = match from_now {
            true => py.detach(|| ClusterSource::of_client_from_now(client)),
            false => Ok(ClusterSource::of_client(client)),
        };
        Recording::of(py, source.map_err(|error| errors::to_py(py, error))?)
    }

    /// The tasks that the end of the last one waited for: see [`Query::CriticalPath`].
    fn critical_path<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.ask(py, Query::CriticalPath)
    }

    /// Ends the scheduler and its workers.
    fn shutdown<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.ask(py, Query::Shutdown)
    }

    /// Calls a function on each of some workers, given as number and address: of each whether it returned, and what it
    /// returned or raised. Those that take longer than `timeout` seconds raise `TimeoutError`.
    #[pyo3(signature = (function, args, kwargs, workers, timeout = None))]
    fn run<'py>(
        &self,
        py: Python<'py>,
        function: &Bound<'_, PyAny>,
        args: &Bound<'_, PyTuple>,
        kwargs: Option<&Bound<'_, PyDict>>,
        workers: Vec<(u32, String)>,
        timeout: Option<f64>,
    ) -> PyResult<Bound<'py, PyList>> {
        let until = timeout.and_then(|timeout| Instant::now().checked_add(seconds(timeout)));
        let body = body_of_call(py, function, args, kwargs)?;
        let mut replies = Vec::with_capacity(workers.len());
        for (worker, address) in workers {
            let address = address.parse::<Address>().map_err(|error| errors::to_py(py, error))?;
            self.client.know([(WorkerId(worker), address)]);
            replies.push(self.client.call(WorkerId(worker), body.clone()));
        }
        let found = PyList::empty(py);
        for reply in replies {
            let outcome = wait_until(py, &reply, until).and_then(|payload| Self::opened(py, payload));
            match outcome {
                Ok(value) => found.append((true, value))?,
                Err(error) => found.append((false, error.into_value(py)))?,
            }
        }
        Ok(found)
    }

    /// Closes the connection.
    fn close(&self, py: Python<'_>) {
        if self.client.closed().is_none() {
            self.outgoing.flush(py);
        }
        self.outgoing.end();
        py.detach(|| self.client.close());
    }
}

impl Drop for ClusterClient {
    fn drop(&mut self) {
        self.outgoing.end();
        self.client.close();
    }
}

/// Adds the names of this module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<ClusterClient>()
}
