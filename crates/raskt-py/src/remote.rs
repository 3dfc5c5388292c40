//! Workers that hand Python's tasks to other people's executors, whose workers are other processes.

use std::sync::Arc;

use parking_lot::Mutex;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};
use raskt_core::{FunctionId, Value};
use raskt_exec::Run;
use raskt_exec::job::{Job, Report, Reported};
use raskt_exec::parking::Parking;
use raskt_exec::remote::Away;
use raskt_graph::Body;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::node::Node;
use crate::pickle::{Flat, flat, unflat};
use crate::{errors, object, ship};

/// One worker of a run, whose tasks run elsewhere.
#[pyclass(frozen, module = "raskt._raskt")]
pub struct RemoteWorker {
    run: Arc<Run>,
    parking: Arc<Parking>,
    worker: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// What is elsewhere, by task.
    away: FxHashMap<u32, Job>,
    reports: Vec<Report>,
    /// Functions that the process on the other side has.
    known: FxHashSet<FunctionId>,
}

impl RemoteWorker {
    /// The worker `worker` of `run`.
    pub fn new(run: Arc<Run>, parking: Arc<Parking>, worker: usize) -> Self {
        Self { run, parking, worker, state: Mutex::default() }
    }
}

/// The Python node that a job runs, if it runs one: what has other bodies stays in this process.
fn node_of<'a>(run: &'a Run, job: &'a Job) -> Option<&'a Node> {
    let (resolved, local) = job.resolved(run);
    match resolved.table().body(local) {
        Body::Foreign(foreign) => foreign.as_any().downcast_ref(),
        _ => None,
    }
}

#[pymethods]
impl RemoteWorker {
    /// Waits for work and returns up to `n_max` calls as `(task, key, function id or None, pickled function or None,
    /// pickled call, inputs)`; none once the run is over.
    fn take<'py>(&self, py: Python<'py>, n_max: usize) -> PyResult<Bound<'py, PyList>> {
        let calls = PyList::empty(py);
        while calls.is_empty() {
            let epoch = self.parking.epoch();
            let mut reports = std::mem::take(&mut self.state.lock().reports);
            let away = py.detach(|| {
                let mut garbage: Vec<Value> = Vec::new();
                let stays = |job: &Job| node_of(&self.run, job).is_none();
                self.run.take_away(self.worker, n_max, &mut reports, &mut garbage, &stays)
            });
            self.state.lock().reports.append(&mut reports);
            match away {
                Away::Over => break,
                Away::Nothing => py.detach(|| self.parking.sleep(epoch, None)),
                Away::Jobs(jobs) => {
                    let tasks: Vec<u32> = jobs.iter().map(|job| job.task).collect();
                    self.state.lock().away.extend(jobs.into_iter().map(|job| (job.task, job)));
                    self.pack_all(py, &tasks, &calls)?;
                }
            }
        }
        Ok(calls)
    }

    /// The value of a task that was taken.
    fn succeeded(&self, task: u32, value: Bound<'_, PyAny>) -> PyResult<()> {
        self.report(task, Ok(Reported::Value(object::to_value(value))))
    }

    /// The exception of a task that was taken.
    fn failed(&self, py: Python<'_>, task: u32, exception: Bound<'_, PyAny>) -> PyResult<()> {
        let error = errors::raised(py, PyErr::from_value(exception));
        self.report(task, Err(self.blame(task, error)))
    }

    /// A new process is on the other side: it has no functions yet.
    fn forget_functions(&self) {
        self.state.lock().known.clear();
    }
}

impl RemoteWorker {
    /// Does `work` for a job that is elsewhere, or is about to be. Not under the lock: another thread may wait for that with
    /// the GIL held, which whatever Python `work` runs lets go of and wants back.
    fn with_job<T>(&self, task: u32, work: impl FnOnce(&Job) -> T) -> Option<T> {
        let job = self.state.lock().away.remove(&task)?;
        let found = work(&job);
        self.state.lock().away.insert(task, job);
        Some(found)
    }

    fn blame(&self, task: u32, error: raskt_core::Error) -> raskt_core::Error {
        let mut named = None;
        self.with_job(task, |job| {
            let (resolved, local) = job.resolved(&self.run);
            named = Some((resolved.table().key(local), resolved.table().label(local)));
        });
        match named {
            Some((key, label)) => error.in_task(key, label),
            None => error,
        }
    }

    fn report(&self, task: u32, outcome: raskt_core::Result<Reported>) -> PyResult<()> {
        let job = self.state.lock().away.remove(&task);
        if job.is_none() {
            return Err(PyValueError::new_err(format!("task {task} was not taken by this worker")));
        }
        self.state.lock().reports.push(Report { task, outcome });
        Ok(())
    }

    /// Packs calls; one that cannot be packed fails and the others go on.
    fn pack_all(&self, py: Python<'_>, tasks: &[u32], calls: &Bound<'_, PyList>) -> PyResult<()> {
        for &task in tasks {
            match self.pack(py, task, calls) {
                Ok(()) => {}
                Err(error) => {
                    let error = self.blame(task, error);
                    self.report(task, Err(error))?;
                }
            }
        }
        Ok(())
    }

    fn pack(&self, py: Python<'_>, task: u32, calls: &Bound<'_, PyList>) -> raskt_core::Result<()> {
        self.with_job(task, |job| self.pack_job(py, job, calls)).unwrap_or(Ok(()))
    }

    fn pack_job(&self, py: Python<'_>, job: &Job, calls: &Bound<'_, PyList>) -> raskt_core::Result<()> {
        let Some(node) = node_of(&self.run, job) else { return Ok(()) };
        let shipment = ship::ship(py, node)?;
        let id = shipment.function.as_ref().map(|function| *function.id());
        let is_known = id.is_none_or(|id| self.state.lock().known.contains(&id));
        let function = shipment.function.as_ref().filter(|_| !is_known);
        let packed = || -> PyResult<()> {
            let inputs: PyResult<Vec<_>> =
                job.inputs.iter().map(|input| object::to_object(py, input)).collect();
            let function = function.map(|function| flat(py, function.payload())).transpose()?;
            let call = flat(py, &shipment.call)?;
            let id = id.map(|id| PyBytes::new(py, id.as_bytes()));
            let (resolved, local) = job.resolved(&self.run);
            let key = crate::view::key(py, resolved.table(), local)?;
            calls.append((job.task, key, id, function, call, inputs?))
        };
        packed().map_err(|error| errors::raised(py, error))?;
        self.state.lock().known.extend(id);
        Ok(())
    }
}

/// Runs a call that another process packed: `function` and `call` as [`RemoteWorker::take`] gave them.
#[pyfunction]
fn run_shipped<'py>(
    py: Python<'py>,
    id: Option<[u8; 32]>,
    function: Option<Flat<'py>>,
    call: Flat<'py>,
    inputs: Vec<Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let function = function.map(unflat).transpose()?;
    let node = ship::receive_known(py, id.map(FunctionId::from_bytes), function, unflat(call)?)?;
    crate::eval::call(py, &node, &inputs)
}

/// Adds the names of this module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<RemoteWorker>()?;
    module.add_function(wrap_pyfunction!(run_shipped, module)?)
}
