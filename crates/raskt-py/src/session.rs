//! Runs graphs for Python: on the pool's threads, on the calling thread, or on threads of somebody's executor.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use pyo3::exceptions::PyRuntimeWarning;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyList};
use raskt_core::Fit;
use raskt_exec::parking::Parking;
use raskt_exec::{
    BodyRegistry, Budget, ErrorPolicy, Nest, Pool, Run, RunOptions, Surroundings, is_cancelled_here, worker,
};
use raskt_expr::Bounds;
use raskt_graph::fuse::{FuseOptions, fuse};
use raskt_graph::{Body, TaskTable};
use raskt_store::SpillFolder;

use crate::active::{self, Active};
use crate::array::Notes;
use crate::blas::Share;
use crate::delayed::Delayed;
use crate::errors;
use crate::float_errors;
use crate::lifecycle;
use crate::node::Node;
use crate::observer::PyObserver;
use crate::per_process::PerProcess;
use crate::plan::{Planned, exprs_of, node_of, plan, plan_within, with_known};
use crate::runtime::{Context, Python3};
use crate::ship_test;
use crate::threads::Lent;

/// How often a waiting thread looks for Ctrl-C.
const SIGNAL_CHECK: Duration = Duration::from_millis(50);
/// Values that are no more than this together may be alive all at once, unless that is much of the memory limit.
const SMALL_BYTES: u64 = 16 << 20;
/// How long a cancelled computation waits for tasks that are running.
const GRACE: Duration = Duration::from_millis(500);

/// What lives as long as the process: the registry, and where it spills to.
#[derive(Default)]
struct Shared {
    registry: Option<Arc<BodyRegistry>>,
    /// What all computations use of memory.
    budget: Arc<Budget>,
    folders: Vec<(PathBuf, Arc<SpillFolder>)>,
    /// Where what killed processes left was looked for.
    swept: Vec<PathBuf>,
}

static SHARED: PerProcess<Shared> = PerProcess::new();

/// Where bodies are found.
pub fn registry() -> Arc<BodyRegistry> {
    if let Some(known) = &SHARED.lock().registry {
        return Arc::clone(known);
    }
    let mut registry = BodyRegistry::default();
    registry.add_runtime(Arc::new(Python3));
    registry.add_runtime(Arc::new(crate::cluster::KnownRuntime));
    registry.add_decoder(raskt_frame::table::RUNTIME, Arc::new(raskt_frame::TableRuntime));
    registry.add_decoder(raskt_frame::exchange::RUNTIME, Arc::new(raskt_frame::exchange::ExchangeRuntime));
    // Names are there once: nobody else adds native bodies.
    drop(raskt_array::bodies::register(&mut registry));
    crate::array::take_library_way(&mut registry);
    drop(raskt_frame::register(&mut registry));
    let fresh = Arc::new(registry);
    // Another thread may have been first.
    Arc::clone(SHARED.lock().registry.get_or_insert(fresh))
}

/// Removes what killed processes left under `parent` when it is first used, on a thread of its own: a folder may have
/// many entries.
pub fn sweep_beside(parent: PathBuf) {
    let mut shared = SHARED.lock();
    if shared.swept.contains(&parent) {
        return;
    }
    shared.swept.push(parent.clone());
    drop(shared);
    // What cannot be listed or removed now, or without a thread, the next process tries again.
    let sweep = move || drop(SpillFolder::sweep(&parent));
    drop(std::thread::Builder::new().name("raskt-sweep".into()).spawn(sweep));
}

/// The folder under `parent` that this process spills to.
fn spill_folder(parent: PathBuf) -> raskt_core::Result<Arc<SpillFolder>> {
    let known = |shared: &Shared| {
        let found = shared.folders.iter().find(|(path, _)| *path == parent);
        found.map(|(_, folder)| Arc::clone(folder))
    };
    if let Some(folder) = known(&SHARED.lock()) {
        return Ok(folder);
    }
    let folder = SpillFolder::create(&parent)?;
    let mut shared = SHARED.lock();
    if let Some(first) = known(&shared) {
        // Another thread was first; what this one planned on has not been made.
        drop(shared);
        return Ok(first);
    }
    shared.folders.push((parent.clone(), Arc::clone(&folder)));
    drop(shared);
    sweep_beside(parent);
    Ok(folder)
}

/// Lets go of what lives as long as the process, and removes all that it has on disk.
pub fn forget(py: Python<'_>) {
    let shared = std::mem::take(&mut *SHARED.lock());
    py.detach(|| {
        drop(shared);
        raskt_store::remove_all_scratch();
    });
}

/// In a forked child nothing of the parent's is touched; its spill folders know whose they are.
pub fn after_fork_in_child() {
    SHARED.renew_in_child(|_| {});
}

/// A running graph, for those who watch it or wait for it.
#[pyclass(frozen, weakref, module = "raskt._raskt")]
pub struct RunHandle {
    run: Arc<Run>,
    parking: Arc<Parking>,
    /// Names of functions by key, made when first asked for.
    functions: PyOnceLock<Py<PyDict>>,
    /// Tasks that are values from the start: they are counted as little as Dask counts them.
    n_constants: usize,
}

impl RunHandle {
    fn new(run: Arc<Run>, parking: Arc<Parking>) -> Self {
        let n_constants = crate::view::n_constants(run.table());
        Self { run, parking, functions: PyOnceLock::new(), n_constants }
    }
}

#[pymethods]
impl RunHandle {
    /// Tasks in all, as far as known.
    #[getter]
    fn n_tasks(&self) -> usize {
        self.run.n_tasks() - self.n_constants
    }

    /// Tasks that are done.
    #[getter]
    fn n_done(&self) -> usize {
        // Which of the tasks that are done are constants is not known, but that all are in the end.
        self.run.n_done().saturating_sub(self.n_constants)
    }

    /// Tasks that are being run at this moment.
    #[getter]
    fn n_running(&self, py: Python<'_>) -> usize {
        py.detach(|| self.run.running().len())
    }

    /// Bytes of values in memory now, at the most so far, and on disk.
    #[getter]
    fn memory(&self, py: Python<'_>) -> (u64, u64, u64) {
        py.detach(|| self.run.memory())
    }

    /// Stops the computation; running tasks go on, their values are dropped.
    fn cancel(&self, py: Python<'_>) {
        py.detach(|| self.run.cancel());
    }

    /// Makes the calling thread a worker until the run is over.
    fn serve(&self, py: Python<'_>, worker: usize) {
        py.detach(|| worker::serve(&self.run, worker, &self.parking));
    }

    /// Every task as `(key, node, keys of its inputs)`, for pictures and callbacks.
    fn tasks<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        crate::view::tasks(py, self.run.table())
    }

    /// Every task by key.
    fn graph<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        crate::view::graph(py, self.run.table())
    }

    /// The keys of the tasks that are run, inputs first.
    fn keys<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        crate::view::keys_to_run(py, self.run.table())
    }

    /// The keys that were asked for.
    fn outputs<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        crate::view::outputs(py, self.run.table())
    }

    /// What the function of the task `key` is called.
    fn function_of<'py>(&self, py: Python<'py>, key: Py<PyAny>) -> PyResult<Bound<'py, PyAny>> {
        let make = || PyResult::Ok(crate::view::functions(py, self.run.table())?.unbind());
        let functions = self.functions.get_or_try_init(py, make)?.bind(py);
        functions.as_any().get_item(key)
    }

    /// A worker of the run whose tasks run elsewhere.
    fn remote_worker(&self, worker: usize) -> crate::remote::RemoteWorker {
        crate::remote::RemoteWorker::new(Arc::clone(&self.run), Arc::clone(&self.parking), worker)
    }

    /// Waits until the run is over, or for `seconds`; whether it is over. Ctrl-C cancels it.
    fn wait(&self, py: Python<'_>, seconds: f64) -> PyResult<bool> {
        let deadline = Instant::now() + Duration::from_secs_f64(seconds.clamp(0.0, 1e6));
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if py.detach(|| self.run.wait(Some(left.min(SIGNAL_CHECK)))) {
                return Ok(true);
            }
            py.check_signals()?;
            if left.is_zero() {
                return Ok(false);
            }
        }
    }

    /// Waits until the run is over and returns the values that were asked for.
    fn results<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        wait(py, &self.run)?;
        results(py, &self.run)
    }
}

/// What Python passes along with a graph.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub struct Options {
    pub n_workers: usize,
    memory_limit: Option<u64>,
    spill_directory: Option<PathBuf>,
    collect_errors: bool,
    retries: u32,
    batch_max: usize,
    /// How many inputs may come together in a fused task; 0 fuses nothing.
    fuse_width: u32,
    context: Option<Py<PyAny>>,
    pub observer: Option<Py<PyAny>>,
}

/// What the observer knows of the tasks of `table` already, by key.
fn known<'py>(
    py: Python<'py>,
    observer: Option<&Py<PyAny>>,
    table: &TaskTable,
) -> PyResult<Option<Bound<'py, PyDict>>> {
    let Some(observer) = observer.map(|observer| observer.bind(py)) else { return Ok(None) };
    if !observer.getattr(intern!(py, "asks_known"))?.is_truthy()? {
        return Ok(None);
    }
    let keys = crate::view::keys_to_run(py, table)?;
    let found = observer.call_method1(intern!(py, "known"), (keys,))?.cast_into::<PyDict>()?;
    Ok(Some(found).filter(|found| !found.is_empty()))
}

fn options(py: Python<'_>, options: Options, table: &TaskTable, notes: &Notes) -> PyResult<RunOptions> {
    let spill = match (options.memory_limit, options.spill_directory) {
        (Some(_), Some(parent)) => Some(spill_folder(parent).map_err(|error| errors::to_py(py, error))?),
        _ => None,
    };
    let float_errors = float_errors::collector(py, table)?;
    Ok(RunOptions {
        n_workers: options.n_workers.max(1),
        memory_limit_bytes: options.memory_limit,
        budget: Some(Arc::clone(&SHARED.lock().budget)),
        spill,
        errors: if options.collect_errors { ErrorPolicy::All } else { ErrorPolicy::First },
        retries: options.retries,
        retries_of: retries_of(py, table, notes)?,
        batch_max: options.batch_max.max(1),
        surroundings: options.context.map(|context| Arc::new(Context(context)) as raskt_exec::Surroundings),
        order_later_from: RunOptions::default().order_later_from,
        values_are_small: false,
        observer: options
            .observer
            .map(|observer| Arc::new(PyObserver::new(observer)) as Arc<dyn raskt_exec::Observer>),
        float_errors,
    })
}

/// Retries that annotations ask for.
fn retries_of(py: Python<'_>, table: &TaskTable, notes: &Notes) -> PyResult<rustc_hash::FxHashMap<u32, u32>> {
    let mut found = crate::array::retries(py, table, notes)?;
    for task in 0..table.n_tasks().fit::<u32>() {
        let Some(node) = node_of(table, task) else { continue };
        let Some(notes) = node.notes.as_ref() else { continue };
        if let Some(retries) = notes.bind(py).get_item(intern!(py, "retries"))? {
            found.insert(task, crate::array::retries_number(&retries, &crate::view::key(py, table, task)?)?);
        }
    }
    Ok(found)
}

/// Prepares a graph: everything that `roots` need, ordered.
fn prepare(py: Python<'_>, roots: &[PyRef<'_, Delayed>], given: Options) -> PyResult<Arc<Run>> {
    prepare_for(py, roots, given, registry(), None)
}

/// The same graph with calls that only one other needs moved into that one.
fn fused(table: &TaskTable, width_max: u32) -> raskt_core::Result<TaskTable> {
    // An annotation is about one call; a constant goes along with whoever needs it as it is.
    let is_plain = |body: &Body| match body {
        Body::Foreign(foreign) => {
            let node = foreign.as_any().downcast_ref::<Node>();
            node.is_some_and(|node| node.notes.is_none() && !node.is_constant())
        }
        _ => false,
    };
    let options = FuseOptions { width_max, ..FuseOptions::default() };
    fuse(table, &options, |a, b| is_plain(a) && is_plain(b))
}

/// As [`prepare`], for an executor with a registry and surroundings of its own.
///
/// # Errors
/// `ValueError` for options and graphs that break a rule.
pub fn prepare_for(
    py: Python<'_>,
    roots: &[PyRef<'_, Delayed>],
    given: Options,
    registry: Arc<BodyRegistry>,
    surroundings: Option<Surroundings>,
) -> PyResult<Arc<Run>> {
    let exprs = exprs_of(roots);
    let bounds = Some(Bounds { memory_bytes: given.memory_limit, n_workers: given.n_workers });
    let Planned { mut table, plan, mut notes } = plan_within(py, &exprs, bounds)?;
    let n_bytes_all = plan.n_bytes_all;
    drop(exprs);
    let known = known(py, given.observer.as_ref(), &table)?;
    // Values that are known stand for single tasks: these are fused behind.
    let is_fused = ship_test::is_on() && known.is_none();
    if ship_test::is_on() {
        (table, notes) = ship_test::through(py, plan, notes, if is_fused { given.fuse_width } else { 0 })?;
    }
    if let Some(known) = known {
        table = Arc::new(with_known(py, &table, &known)?);
    }
    if given.fuse_width > 0 && !is_fused {
        let fused = fused(&table, given.fuse_width).map_err(|error| errors::to_py(py, error))?;
        table = Arc::new(fused);
    }
    let mut options = options(py, given, &table, &notes)?;
    let small = options.memory_limit_bytes.map_or(SMALL_BYTES, |limit| SMALL_BYTES.min(limit / 16));
    options.values_are_small = n_bytes_all.is_some_and(|n_bytes| n_bytes <= small);
    options.surroundings = surroundings.or(options.surroundings);
    let run = py.detach(|| Run::new(table, registry, options));
    run.map(Arc::new).map_err(|error| errors::to_py(py, error))
}

/// A run of what `roots` need, not started: for executors that bring their own threads.
#[pyfunction]
fn open_run(py: Python<'_>, roots: Vec<PyRef<'_, Delayed>>, options: Options) -> PyResult<RunHandle> {
    crate::ship::begin_epoch();
    let run = prepare(py, &roots, options)?;
    let parking = Arc::new(Parking::default());
    run.set_waker(Arc::clone(&parking) as _);
    Ok(RunHandle::new(run, parking))
}

/// Computes `roots` on the threads of the pool.
#[pyfunction]
fn compute_threads<'py>(
    py: Python<'py>,
    roots: Vec<PyRef<'_, Delayed>>,
    options: Options,
) -> PyResult<Bound<'py, PyList>> {
    let active = Active::enter(py)?;
    let n_workers = options.n_workers;
    let observer = options.observer.as_ref().map(|observer| observer.clone_ref(py));
    let run = prepare(py, &roots, options)?;
    active.runs(&run);
    // Inside a task, on the pool that runs the task, if it is as large as asked for.
    let nest = Nest::here().filter(|nest| nest.n_threads() == n_workers);
    let values = observed(py, &run, observer, || match &nest {
        Some(nest) => run_nested(py, &run, nest),
        None => run_on_threads(py, &run, n_workers),
    });
    active.leave(py);
    values
}

fn run_nested<'py>(py: Python<'py>, run: &Arc<Run>, nest: &Nest) -> PyResult<Bound<'py, PyList>> {
    py.detach(|| nest.run(run));
    let values = results_from(py, run, RunsOn::OwnThreads);
    if values.is_err() && py.detach(|| run.is_running()) {
        nest.note_held();
    }
    values
}

fn run_on_threads<'py>(py: Python<'py>, run: &Arc<Run>, n_workers: usize) -> PyResult<Bound<'py, PyList>> {
    if py.detach(|| run.run_inline()) {
        return results_from(py, run, RunsOn::OwnThreads);
    }
    // A computation inside a task shares what the one around it has, and native tasks call no such library; nor do the
    // brief ones of an inline run.
    let share = match Pool::is_worker() || run.is_native() {
        true => None,
        false => Share::hold(py, n_workers, run.n_tasks())?,
    };
    let pool = Lent::take(py, run.options().n_workers)?;
    pool.start(run);
    let waited = wait_following(py, run, share.as_ref(), RunsOn::OwnThreads);
    let values = waited.and_then(|()| results_from(py, run, RunsOn::OwnThreads));
    if values.is_err() && py.detach(|| run.is_running()) {
        pool.note_held();
    }
    if let Some(ending) = pool.give_back() {
        lifecycle::await_functions(py, || ending.n_alive());
    }
    values
}

/// Computes `roots` on the calling thread, one task after the other.
#[pyfunction]
fn compute_sync<'py>(
    py: Python<'py>,
    roots: Vec<PyRef<'_, Delayed>>,
    options: Options,
) -> PyResult<Bound<'py, PyList>> {
    let active = Active::enter(py)?;
    let observer = options.observer.as_ref().map(|observer| observer.clone_ref(py));
    let run = prepare(py, &roots, Options { n_workers: 1, context: None, ..options })?;
    active.runs(&run);
    let parking = Arc::new(Parking::default());
    run.set_waker(Arc::clone(&parking) as _);
    let values = observed(py, &run, observer, || {
        worker::serve(&run, 0, &parking);
        results(py, &run)
    });
    active.leave(py);
    values
}

/// Tells the observer of the start and the end of what `body` does.
pub fn observed<'py>(
    py: Python<'py>,
    run: &Arc<Run>,
    observer: Option<Py<PyAny>>,
    body: impl FnOnce() -> PyResult<Bound<'py, PyList>>,
) -> PyResult<Bound<'py, PyList>> {
    let Some(observer) = observer else { return body() };
    let handle = RunHandle::new(Arc::clone(run), Arc::new(Parking::default()));
    let outcome = observer.bind(py).call_method1("start", (handle,)).and_then(|_| body());
    if outcome.is_err() {
        // Also where a callback kept it from starting: it is over for whoever watches.
        py.detach(|| run.cancel());
    }
    let finished = observer.bind(py).call_method1("finish", (outcome.is_err(),));
    match (outcome, finished) {
        (Ok(values), Ok(_)) => Ok(values),
        (Err(error), _) | (Ok(_), Err(error)) => Err(error),
    }
}

/// Waits for `run`, with an eye on Ctrl-C: then it is cancelled.
pub fn wait(py: Python<'_>, run: &Arc<Run>) -> PyResult<()> {
    wait_following(py, run, None, RunsOn::Others)
}

/// As [`wait`]; BLAS follows what goes on.
fn wait_following(py: Python<'_>, run: &Arc<Run>, share: Option<&Share>, runs_on: RunsOn) -> PyResult<()> {
    while !py.detach(|| run.wait(Some(SIGNAL_CHECK))) {
        if let Some(share) = share {
            share.adjust(py, run);
        }
        if is_cancelled_here() {
            // This thread runs a task of a computation that is over.
            py.detach(|| run.cancel());
        }
        if let Err(interrupt) = py.check_signals() {
            py.detach(|| run.cancel());
            settle(py, run, runs_on)?;
            return Err(interrupt);
        }
    }
    Ok(())
}

/// Whose threads run the tasks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum RunsOn {
    /// Those of this module's pools, which are replaced where they are held.
    OwnThreads,
    /// The caller's, an executor's, a child process's.
    Others,
}

/// Gives the tasks of a stopped run a moment to end, and names those that do not: Python cannot stop them.
fn settle(py: Python<'_>, run: &Run, runs_on: RunsOn) -> PyResult<()> {
    let deadline = Instant::now() + GRACE;
    let mut running = run.running();
    while !running.is_empty() && Instant::now() < deadline {
        py.detach(|| std::thread::sleep(Duration::from_millis(5)));
        running = run.running();
    }
    // At the interpreter's end nothing goes on: it waits.
    if running.is_empty() || active::is_ending() {
        return Ok(());
    }
    let names: Vec<_> = running.iter().map(|(key, function)| format!("{key} ({function})")).collect();
    let text = format!(
        "{} running Python function{} could not be stopped and will go on in the background: {}{}",
        names.len(),
        if names.len() == 1 { "" } else { "s" },
        names.join(", "),
        match runs_on {
            RunsOn::OwnThreads => "; the next computation gets other threads",
            RunsOn::Others => "",
        }
    );
    let text = std::ffi::CString::new(text).unwrap_or_default();
    PyErr::warn(py, py.get_type::<PyRuntimeWarning>().as_any(), &text, 1)
}

/// The values of a run that is over.
pub fn results<'py>(py: Python<'py>, run: &Run) -> PyResult<Bound<'py, PyList>> {
    results_from(py, run, RunsOn::Others)
}

fn results_from<'py>(py: Python<'py>, run: &Run, runs_on: RunsOn) -> PyResult<Bound<'py, PyList>> {
    let values = py.detach(|| run.results());
    match values {
        Ok(values) => {
            float_errors::report(py, run)?;
            let outputs = run.table().outputs();
            let object = |(at, value)| {
                crate::own::to_result(py, value).inspect_err(|error| {
                    // A value of another process is looked into only now.
                    let Some(&task) = outputs.get(at) else { return };
                    let key = run.table().key(task);
                    errors::note(py, error, &format!("raskt: the value of task {key} cannot be unpickled"));
                })
            };
            let objects: PyResult<Vec<_>> = values.iter().enumerate().map(object).collect();
            PyList::new(py, objects?)
        }
        Err(error) => {
            // Files that a dying process has removed are no failure of the computation.
            py.detach(raskt_store::wait_if_terminating);
            settle(py, run, runs_on)?;
            Err(errors::to_py(py, error))
        }
    }
}

/// Every task that `roots` need as a `Task`, by key, inputs first; and the keys of the roots, in their order: that of a
/// planned array is known only now.
#[pyfunction]
fn tasks_and_outputs<'py>(
    py: Python<'py>,
    roots: Vec<PyRef<'_, Delayed>>,
) -> PyResult<(Bound<'py, PyDict>, Bound<'py, PyList>)> {
    let table = plan(py, &exprs_of(&roots))?.table;
    let outputs: PyResult<Vec<_>> =
        table.outputs().iter().map(|&task| crate::view::key(py, &table, task)).collect();
    Ok((crate::view::graph(py, &table)?, PyList::new(py, outputs?)?))
}

/// Adds the names of this module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<RunHandle>()?;
    module.add_function(wrap_pyfunction!(open_run, module)?)?;
    module.add_function(wrap_pyfunction!(compute_threads, module)?)?;
    module.add_function(wrap_pyfunction!(compute_sync, module)?)?;
    module.add_function(wrap_pyfunction!(tasks_and_outputs, module)?)
}
