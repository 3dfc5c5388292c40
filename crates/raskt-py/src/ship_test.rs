//! The test mode `RASKT_TEST_SHIP=1`: every graph that is computed is encoded, planned by a process without Python, and run
//! as it comes back.
//!
//! The planner is the program that `RASKT_TEST_SHIP_PLANNER` names (`raskt-planner`). Two things differ from what a worker
//! elsewhere would do, since tests look at objects of their own process: a function that comes back is known by its id as the
//! one that was sent, and what has no pickle travels as a reference that only this process can open.

use std::cell::RefCell;
use std::io::{self, Read, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use raskt_core::encode::{Decode, Decoder, Encode, Encoder, Limits};
use raskt_core::{ErrorKind, Function, FunctionId, KeepSealed, Payload, ProcessLock, Result};
use raskt_expr::Plan;
use raskt_graph::layer::Shipped;
use raskt_graph::plan::{PlanOptions, planned_tasks};
use raskt_graph::{Annotations, Foreign, Graph, TaskTable};
use rustc_hash::FxHashMap;

use crate::array::{Notes, notes_to_dict};
use crate::node::Node;
use crate::per_process::PerProcess;
use crate::{errors, names, pickle, session, ship};

static IS_ON: AtomicBool = AtomicBool::new(false);

/// Whether graphs are sent through the planner.
#[inline]
pub fn is_on() -> bool {
    IS_ON.load(Ordering::Relaxed)
}

/// Planners that nobody asks just now. A forked child starts its own.
static IDLE: PerProcess<Vec<Planner>> = PerProcess::new();

struct Planner {
    process: Child,
    input: ChildStdin,
    output: ChildStdout,
}

impl Planner {
    fn start() -> io::Result<Self> {
        let missing =
            "RASKT_TEST_SHIP is set, and RASKT_TEST_SHIP_PLANNER does not name the program raskt-planner";
        let program = std::env::var_os("RASKT_TEST_SHIP_PLANNER")
            .ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, missing))?;
        let mut command = Command::new(program);
        let mut process = command.env_clear().stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        match (process.stdin.take(), process.stdout.take()) {
            (Some(input), Some(output)) => Ok(Self { process, input, output }),
            _ => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    /// The planner's answer: whether it is a plan, and the message.
    fn ask(&mut self, request: &[u8]) -> io::Result<(bool, Vec<u8>)> {
        self.input.write_all(&(request.len() as u64).to_le_bytes())?;
        self.input.write_all(request)?;
        self.input.flush()?;
        let (mut tag, mut length) = ([0], [0; 8]);
        self.output.read_exact(&mut tag)?;
        self.output.read_exact(&mut length)?;
        let mut answer = Vec::new();
        let length = u64::from_le_bytes(length);
        match (&mut self.output).take(length).read_to_end(&mut answer)? as u64 == length {
            true => Ok((tag == [0], answer)),
            false => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}

impl Drop for Planner {
    fn drop(&mut self) {
        // One that broke off is killed, so that it can be waited for.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

fn ask(request: &[u8]) -> io::Result<(bool, Vec<u8>)> {
    // The lock is not held while the planner works: a fork would wait for it.
    let idle = IDLE.lock().pop();
    let mut planner = idle.map_or_else(Planner::start, Ok)?;
    // One that breaks off is not asked again.
    let answer = planner.ask(request)?;
    IDLE.lock().push(planner);
    Ok(answer)
}

/// What this thread has sent with the graph that is on its way.
#[derive(Default)]
struct OnItsWay {
    functions: Vec<FunctionId>,
    kept: Vec<u64>,
}

thread_local! {
    static ON_ITS_WAY: RefCell<Option<OnItsWay>> = const { RefCell::new(None) };
}

/// Objects without a pickle, by the numbers that travel for them.
static KEPT: ProcessLock<Vec<(u64, Py<PyAny>)>> = ProcessLock::new(Vec::new());
static NEXT_KEPT: AtomicU64 = AtomicU64::new(0);

/// A function is sent with the graph that is on its way.
pub fn note_sent(function: &Function, func: &Arc<crate::node::Func>) {
    let is_on_its_way = ON_ITS_WAY
        .with_borrow_mut(|sent| sent.as_mut().map(|sent| sent.functions.push(*function.id())).is_some());
    if is_on_its_way {
        ship::know(function, func);
    }
}

/// A reference to `object`, which has no pickle; none while no graph is on its way.
pub fn keep(py: Python<'_>, object: &Bound<'_, PyAny>) -> Option<Payload> {
    let number = ON_ITS_WAY.with_borrow_mut(|sent| {
        let number = NEXT_KEPT.fetch_add(1, Ordering::Relaxed);
        sent.as_mut().map(|sent| sent.kept.push(number)).map(|()| number)
    })?;
    KEPT.lock().push((number, object.clone().unbind()));
    let reference = Bound::new(py, Kept { number }).ok()?;
    pickle::dumps(py, reference.as_any()).ok()
}

/// What travels for an object without a pickle.
#[pyclass(frozen, module = "raskt._raskt")]
struct Kept {
    number: u64,
}

#[pymethods]
impl Kept {
    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, (u64,))> {
        Ok((py.import("raskt._raskt")?.getattr("kept_object")?, (self.number,)))
    }
}

/// The object that was sent by reference.
#[pyfunction]
fn kept_object(py: Python<'_>, number: u64) -> PyResult<Py<PyAny>> {
    let kept = KEPT.lock();
    let found = kept.iter().find(|(known, _)| *known == number);
    let gone =
        || PyValueError::new_err("a reference to an object of another process, or of an earlier graph");
    found.map(|(_, object)| object.clone_ref(py)).ok_or_else(gone)
}

/// Ends what [`OnItsWay`] began, whatever became of the graph.
struct Journey;

impl Journey {
    fn begin() -> Self {
        ship::begin_epoch();
        ON_ITS_WAY.set(Some(OnItsWay::default()));
        Self
    }
}

impl Drop for Journey {
    fn drop(&mut self) {
        let Some(OnItsWay { functions, kept }) = ON_ITS_WAY.take() else { return };
        ship::forget(&functions);
        let gone: Vec<_> = KEPT.lock().extract_if(.., |(number, _)| kept.contains(number)).collect();
        drop(gone);
    }
}

/// The tasks of `plan` as they come back from the planner, with what was said of layers.
///
/// # Errors
/// What encoding or planning raises; `RuntimeError` where the planner cannot be asked.
pub fn through(
    py: Python<'_>,
    plan: Plan,
    notes: Notes,
    fuse_width: u32,
) -> PyResult<(Arc<TaskTable>, Notes)> {
    let raised = |error| errors::to_py(py, error);
    let _journey = Journey::begin();
    let mut graph = plan.into_graph();
    crate::annotations::add_to(py, &mut graph, &notes)?;
    let request = request(graph, fuse_width).map_err(raised)?;
    let answer = py.detach(|| ask(&request));
    let (is_plan, message) = answer
        .map_err(|error| PyRuntimeError::new_err(format!("the planner of RASKT_TEST_SHIP: {error}")))?;
    let planned = decoded(is_plan, &message).map_err(raised)?;
    let mut dicts = Dicts::default();
    let tasks = planned_tasks(&planned).map_err(raised)?;
    let opened = TaskTable::clone(tasks).map_bodies(|body| {
        body.map_foreign(&mut |foreign| open(py, &foreign, planned.annotations(), &mut dicts))
    });
    let notes = planned.annotations().layers().map(|(name, note)| (name.clone(), note.clone())).collect();
    N_GRAPHS.fetch_add(1, Ordering::Relaxed);
    Ok((Arc::new(opened.map_err(raised)?), notes))
}

fn request(graph: Graph, fuse_width: u32) -> Result<Vec<u8>> {
    let mut out = Encoder::in_stream();
    (PlanOptions { fuse_width, ..PlanOptions::default() }, graph).encode(&mut out)?;
    Ok(out.into_bytes())
}

fn decoded(is_plan: bool, message: &[u8]) -> Result<Graph> {
    let limits = Limits::default();
    if !is_plan {
        let mut input = Decoder::of_payload(message, Vec::new(), &KeepSealed, &limits)?;
        return Err(raskt_core::Error::decode(&mut input)?);
    }
    let registry = session::registry();
    let mut input = Decoder::of_payload(message, Vec::new(), registry.as_ref(), &limits)?;
    let graph = Graph::decode(&mut input)?;
    input.finish()?;
    Ok(graph)
}

/// Annotations of calls as dictionaries: calls of one `annotate` block share one.
#[derive(Default)]
struct Dicts(FxHashMap<usize, crate::node::Notes>);

impl Dicts {
    fn of(&mut self, py: Python<'_>, note: &raskt_core::Param) -> PyResult<crate::node::Notes> {
        let address = std::ptr::from_ref(note).addr();
        if let Some(known) = self.0.get(&address) {
            return Ok(Arc::clone(known));
        }
        let fresh = Arc::new(notes_to_dict(py, note)?.unbind());
        self.0.insert(address, Arc::clone(&fresh));
        Ok(fresh)
    }
}

/// The call that came back, with its key and what was said of it.
fn open(
    py: Python<'_>,
    foreign: &Arc<dyn Foreign>,
    annotations: &Annotations,
    dicts: &mut Dicts,
) -> Result<Arc<dyn Foreign>> {
    let Some(shipped) = foreign.as_any().downcast_ref::<Shipped>() else {
        return Err(ErrorKind::UnknownBody(format!("{foreign:?}")).into());
    };
    let mut opened = || -> PyResult<Arc<Node>> {
        let node = ship::receive_own(py, shipped.shipment().clone())?;
        let Some(mut node) = Arc::into_inner(node) else {
            return Err(PyRuntimeError::new_err("a call came back that is in use"));
        };
        let Some(key) = shipped.key() else { return Ok(Arc::new(node.shared())) };
        if !node.is_named {
            node = node.with_key(py, names::from_key(py, &key)?.unbind());
        }
        if let Some(note) = annotations.of_task(&key) {
            node.notes = Some(dicts.of(py, note)?);
        }
        Ok(Arc::new(node))
    };
    let node = opened().map_err(|error| errors::raised(py, error))?;
    Ok(node as Arc<dyn Foreign>)
}

/// How many graphs went through the planner.
static N_GRAPHS: AtomicU64 = AtomicU64::new(0);

/// How many graphs went through the planner of the test mode; `None` where it is off.
#[pyfunction]
fn n_graphs_shipped() -> Option<u64> {
    is_on().then(|| N_GRAPHS.load(Ordering::Relaxed))
}

/// In a forked child the planners are the parent's.
pub fn after_fork_in_child() {
    IDLE.renew_in_child(|_| {});
}

/// Adds the names of this module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    IS_ON.store(std::env::var_os("RASKT_TEST_SHIP").is_some_and(|value| value == "1"), Ordering::Relaxed);
    module.add_class::<Kept>()?;
    module.add_function(wrap_pyfunction!(n_graphs_shipped, module)?)?;
    module.add_function(wrap_pyfunction!(kept_object, module)?)
}
