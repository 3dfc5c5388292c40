//! What clients share beside tasks: locks, queues, datasets and the like, as Python asks for them.

use std::sync::Arc;
use std::time::Instant;

use pyo3::exceptions::{PyKeyError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyTuple};
use raskt_core::{Key, Name};
use raskt_net::client::{Answered, Asked, Client, Future};
use raskt_sched::coordination::{Answer, GuardRequest, Item, ItemRequest, RecordRequest, Refusal, Request};

use super::batch::Outgoing;
use super::future::ClusterFuture;
use super::future::pickled_meanwhile;
use super::runtime::{SIGNAL_CHECK, seconds};
use crate::errors;

/// Objects go through the scheduler: large ones are to be scattered, and their futures shared.
const OBJECT_BYTES_MAX: usize = 64 << 20;

/// What a client shares with others.
#[pyclass(frozen, module = "raskt._raskt")]
pub struct ClusterCoordination {
    client: Client,
    outgoing: Arc<Outgoing>,
}

/// Something that a client has asked for.
#[pyclass(frozen, module = "raskt._raskt")]
pub struct ClusterRequest {
    asked: Asked,
    client: Client,
}

fn names(names: Vec<String>) -> Vec<Name> {
    names.iter().map(|name| Name::new(name)).collect()
}

impl ClusterCoordination {
    pub fn new(client: Client, outgoing: Arc<Outgoing>) -> Self {
        Self { client, outgoing }
    }

    /// What `pickle` returns, with the values that it names.
    fn item(&self, py: Python<'_>, pickle: &Bound<'_, PyAny>) -> PyResult<(Item, Vec<Future>)> {
        let (pickled, futures) = pickled_meanwhile(&self.client, || pickle.call0());
        let bytes = bytes_of(&pickled?)?;
        let scheduler = self.client.scheduler();
        if let Some(other) = futures.iter().find(|future| future.scheduler() != scheduler) {
            let key = other.key();
            return Err(PyValueError::new_err(format!("the future {key} is one of another cluster")));
        }
        // The scheduler knows what is named.
        self.outgoing.flush(py);
        // What is pickled a second time, by cloudpickle, names them again.
        let mut keys: Vec<Key> = futures.iter().map(|future| future.key().clone()).collect();
        keys.sort_unstable();
        keys.dedup();
        Ok((Item { bytes, keys }, futures))
    }
}

fn bytes_of(pickled: &Bound<'_, PyAny>) -> PyResult<Arc<[u8]>> {
    let bytes = pickled.cast::<PyBytes>()?.as_bytes();
    if bytes.len() > OBJECT_BYTES_MAX {
        return Err(PyValueError::new_err(format!(
            "the object has {} bytes, and what goes through the scheduler has {OBJECT_BYTES_MAX} at most: \
             scatter it, and share the future",
            bytes.len()
        )));
    }
    Ok(Arc::from(bytes))
}

#[pymethods]
impl ClusterCoordination {
    /// Asks for something; `what` says for what, and what there is to say beside it.
    #[pyo3(signature = (what, *args))]
    fn ask(&self, what: &str, args: &Bound<'_, PyTuple>) -> PyResult<ClusterRequest> {
        Ok(ClusterRequest {
            asked: self.client.coordinate(request(what, args)?),
            client: self.client.clone(),
        })
    }

    /// Gives away what `pickle` returns: `what` says how, and `name` under which name.
    #[pyo3(signature = (what, name, pickle, replaces=false))]
    fn give(
        &self,
        py: Python<'_>,
        what: &str,
        name: &str,
        pickle: &Bound<'_, PyAny>,
        replaces: bool,
    ) -> PyResult<ClusterRequest> {
        // The values are wanted here until the scheduler keeps them.
        let (item, _futures) = self.item(py, pickle)?;
        let name = name.into();
        let request: Request = match what {
            "put" => ItemRequest::Put(name, item).into(),
            "set_variable" => ItemRequest::SetVariable(name, item).into(),
            "publish" => ItemRequest::Publish(name, item).into(),
            "publish_dataset" => RecordRequest::PublishDataset { name, item, replaces }.into(),
            _ => return Err(unknown(what)),
        };
        Ok(ClusterRequest { asked: self.client.coordinate(request), client: self.client.clone() })
    }

    /// Have `hear` called with what is published under a topic: bytes, and futures of what they name. A number by which that
    /// ends.
    fn subscribe(&self, topic: &str, hear: Py<PyAny>) -> u64 {
        let (weak, hear) = (self.client.downgrade(), Arc::new(hear));
        let (id, _) = self.client.subscribe(&topic.into(), move |item, futures| {
            let Some(client) = weak.upgrade() else { return };
            let (bytes, futures, hear) = (Arc::clone(&item.bytes), futures.to_vec(), Arc::clone(&hear));
            let here = client.clone();
            client.call_later(move || {
                // At the interpreter's end nobody is told.
                Python::try_attach(|py| {
                    let futures = futures_of(&here, futures);
                    let called = hear.bind(py).call1((PyBytes::new(py, &bytes), futures));
                    if let Err(error) = called {
                        error.write_unraisable(py, Some(hear.bind(py)));
                    }
                });
            });
        });
        id
    }

    /// Hear no more of a topic.
    fn unsubscribe(&self, topic: &str, id: u64) {
        self.client.unsubscribe(&topic.into(), id);
    }
}

fn unknown(what: &str) -> PyErr {
    PyValueError::new_err(format!("clients cannot ask for {what:?}"))
}

/// What Python asks for.
fn request(what: &str, args: &Bound<'_, PyTuple>) -> PyResult<Request> {
    let name = || args.get_item(0)?.extract::<String>().map(|name| Name::new(&name));
    let number = || args.get_item(0)?.extract::<u64>();
    let path = || args.get_item(0)?.extract::<Vec<String>>().map(names);
    let guard = |request: GuardRequest| Ok(request.into());
    let item = |request: ItemRequest| Ok(request.into());
    let record = |request: RecordRequest| Ok(request.into());
    match what {
        "acquire" => guard(GuardRequest::Acquire { names: path()?, n: args.get_item(1)?.extract()? }),
        "release" => guard(GuardRequest::ReleaseLocks(number()?)),
        "is_locked" => guard(GuardRequest::IsLocked(name()?)),
        "acquire_lease" => {
            guard(GuardRequest::AcquireLease { name: name()?, n_max: args.get_item(1)?.extract()? })
        }
        "release_lease" => guard(GuardRequest::ReleaseLease(number()?)),
        "count_leases" => guard(GuardRequest::CountLeases(name()?)),
        "close_semaphore" => guard(GuardRequest::CloseSemaphore(name()?)),
        "set" => guard(GuardRequest::Set(name()?)),
        "clear" => guard(GuardRequest::Clear(name()?)),
        "is_set" => guard(GuardRequest::IsSet(name()?)),
        "await_set" => guard(GuardRequest::AwaitSet(name()?)),
        "open_queue" => item(ItemRequest::OpenQueue { name: name()?, n_max: args.get_item(1)?.extract()? }),
        "close_queue" => item(ItemRequest::CloseQueue(name()?)),
        "get" => {
            let (name, n_min, n_max): (String, usize, Option<usize>) = args.extract()?;
            let name = Name::new(&name);
            item(ItemRequest::Get { name, n_min, n_max: n_max.unwrap_or(usize::MAX) })
        }
        "count_items" => item(ItemRequest::CountItems(name()?)),
        "get_variable" => item(ItemRequest::GetVariable(name()?)),
        "delete_variable" => item(ItemRequest::DeleteVariable(name()?)),
        "log" => record(RecordRequest::Log(name()?, bytes_of(&args.get_item(1)?)?)),
        "get_log" => record(RecordRequest::GetLog(name()?)),
        "list_logs" => record(RecordRequest::ListLogs),
        "unpublish_dataset" => record(RecordRequest::UnpublishDataset(name()?)),
        "get_dataset" => record(RecordRequest::GetDataset(name()?)),
        "list_datasets" => record(RecordRequest::ListDatasets),
        "set_metadata" => record(RecordRequest::SetMetadata(path()?, bytes_of(&args.get_item(1)?)?)),
        "get_metadata" => record(RecordRequest::GetMetadata(path()?)),
        _ => Err(unknown(what)),
    }
}

fn futures_of(client: &Client, futures: Vec<Future>) -> Vec<ClusterFuture> {
    futures.into_iter().map(|future| ClusterFuture::new(future, client.clone())).collect()
}

fn refused(refusal: &Refusal) -> PyErr {
    let text = refusal.to_string();
    match refusal {
        Refusal::TooMany { .. } | Refusal::OtherSize { .. } | Refusal::NotAPlace(_) => {
            PyValueError::new_err(text)
        }
        Refusal::NotHeld(_) | Refusal::Closed(_) => PyRuntimeError::new_err(text),
        Refusal::Exists(_) | Refusal::Missing(_) => PyKeyError::new_err(text),
    }
}

#[pymethods]
impl ClusterRequest {
    /// What it is known by.
    #[getter]
    fn number(&self) -> u64 {
        self.asked.number()
    }

    /// Waits for the answer, for so many seconds at most; whether it is there.
    fn wait(&self, py: Python<'_>, timeout: Option<f64>) -> PyResult<bool> {
        let until = timeout.and_then(|timeout| Instant::now().checked_add(seconds(timeout)));
        loop {
            let left = until.map_or(SIGNAL_CHECK, |until| until.saturating_duration_since(Instant::now()));
            if py.detach(|| self.asked.wait(left.min(SIGNAL_CHECK))) {
                return Ok(true);
            }
            py.check_signals()?;
            if until.is_some_and(|until| Instant::now() >= until) {
                return Ok(false);
            }
        }
    }

    /// Has `call` called when there is an answer.
    fn when_answered(&self, call: Py<PyAny>) {
        self.asked.when_answered(move || {
            // At the interpreter's end nobody is told.
            Python::try_attach(|py| {
                if let Err(error) = call.call0(py) {
                    error.write_unraisable(py, Some(call.bind(py)));
                }
                drop(call);
            });
        });
    }

    /// Why there is no answer: the client is closed, or the request is refused. None where there is one, or none yet.
    #[getter]
    fn failed(&self) -> Option<String> {
        match self.asked.answer()? {
            Err(error) => Some(error.to_string()),
            Ok(Answered { answer: Answer::Refused(refusal), .. }) => Some(refusal.to_string()),
            Ok(_) => None,
        }
    }

    /// Does not want to wait any longer: there is an answer soon.
    fn give_up(&self) {
        self.asked.give_up();
    }

    /// The answer: True for what is done, what was asked for, False for what was not held, or None where it was given up or is not there. Objects are pairs of bytes, and
    /// futures of what they name.
    fn answer<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let Some(found) = self.asked.answer() else {
            return Err(PyRuntimeError::new_err("there is no answer yet"));
        };
        let Answered { answer, futures } = found.map_err(|error| errors::to_py(py, error))?;
        let bytes = |bytes: &Arc<[u8]>| PyBytes::new(py, bytes);
        Ok(match answer {
            Answer::Done => true.into_pyobject(py)?.to_owned().into_any(),
            Answer::Flag(is_so) => is_so.into_pyobject(py)?.to_owned().into_any(),
            Answer::Number(n) => n.into_pyobject(py)?.into_any(),
            Answer::Items(items) => {
                let (found, mut futures) = (PyList::empty(py), futures.into_iter());
                for item in items {
                    let of_item = futures.by_ref().take(item.keys.len()).collect();
                    found.append((bytes(&item.bytes), futures_of(&self.client, of_item)))?;
                }
                found.into_any()
            }
            Answer::Names(names) => {
                PyList::new(py, names.iter().map(|name| name.as_str().to_owned()))?.into_any()
            }
            Answer::Metadata(entries) => {
                let found = PyList::empty(py);
                for (path, value) in entries {
                    let path = PyTuple::new(py, path.iter().map(|name| name.as_str().to_owned()))?;
                    found.append((path, bytes(&value)))?;
                }
                found.into_any()
            }
            Answer::Log(entries) => {
                PyList::new(py, entries.iter().map(|(_, entry)| bytes(entry)))?.into_any()
            }
            Answer::Refused(Refusal::NotHeld(_)) => false.into_pyobject(py)?.to_owned().into_any(),
            Answer::GivenUp | Answer::Refused(Refusal::Missing(_)) => py.None().into_bound(py),
            Answer::Refused(refusal) => return Err(refused(&refusal)),
        })
    }
}

/// Adds the names of this module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<ClusterCoordination>()?;
    module.add_class::<ClusterRequest>()
}
