//! One running graph: the machine and the store under one lock, and what its workers do with them.
//!
//! Workers come from outside (a pool, the calling thread, child processes): they ask [`Run::step`] for work
//! and report what became of it. Everything that takes time (tasks, spilling, reading back, dropping values)
//! happens outside the lock.

use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use raskt_core::{Error, ErrorKind, ErrorPolicy, Result, Value};
use raskt_graph::{Subgraph, TaskTable};
use raskt_store::{Fetch, Limits, SpillJob, Spilled, Store, trim_allocator};

use crate::admission::{Forecast, family};
use crate::context::CancelToken;
use crate::desk::Desk;
use crate::lane::{LaneId, NATIVE};
use crate::machine::{Finished, Machine};
use crate::options::RunOptions;
use crate::plan::{Inputs, Plan};
use crate::registry::BodyRegistry;
use crate::sync::{AtomicUsize, Condvar, Mutex, Ordering, wait_for};

/// A task in a worker's hands, with its inputs.
pub struct Job {
    /// Its number.
    pub task: u32,
    /// Its inputs, but for those that have to be read back first.
    pub inputs: Inputs,
    /// A bit for each of the first 64 inputs that nobody else will ask for again.
    pub exclusive: u64,
    /// Which inputs are missing: (place, task).
    missing: Vec<(u32, u32)>,
    /// The plan it belongs to, where that is not the first.
    late: Option<Arc<Late>>,
}

/// A plan that came while the graph ran, and the number of its first task.
struct Late {
    base: u32,
    plan: Plan,
}

/// What became of a job.
pub struct Report {
    /// The task.
    pub task: u32,
    /// Its value, the graph it grew into, or what went wrong.
    pub outcome: Result<Reported>,
}

/// A job's outcome, ready to be put into the machine.
pub enum Reported {
    /// A value.
    Value(Value),
    /// A graph, its bodies found.
    Graph(Box<(Subgraph, Plan)>),
}

/// Who is to be told that there is work, or that it is over.
pub trait Waker: Send + Sync {
    /// Up to `n` more workers would find work.
    fn wake(&self, n: usize);
}

struct State {
    machine: Machine,
    store: Store,
    late: Vec<Arc<Late>>,
    forecast: Forecast,
    /// Bytes reserved for what running tasks are expected to return.
    reserved: rustc_hash::FxHashMap<u32, u64>,
    attempts: rustc_hash::FxHashMap<u32, u32>,
    errors: Vec<Error>,
    released: Vec<u32>,
    over: bool,
}

/// A graph that is running, or has run.
pub struct Run {
    plan: Plan,
    registry: Arc<BodyRegistry>,
    options: RunOptions,
    cancel: CancelToken,
    state: Mutex<State>,
    changed: Condvar,
    waker: OnceLock<Arc<dyn Waker>>,
    pub(crate) desks: Vec<Desk>,
    pub(crate) batch: Vec<AtomicUsize>,
    pub(crate) n_in_lane: Vec<AtomicUsize>,
    n_done: AtomicUsize,
    n_tasks: AtomicUsize,
}

/// What [`Run::step`] found.
#[derive(Debug)]
#[must_use]
pub enum Step {
    /// Jobs lie on the worker's desk.
    Jobs,
    /// A value has to be spilled before more can start: pass the job to [`Run::relieve`].
    Relieve(SpillJob),
    /// Nothing to do in this lane at the moment.
    Nothing,
}

impl Run {
    /// A run of `table`, ordered and ready.
    ///
    /// # Errors
    /// [`ErrorKind::UnknownBody`] where the registry does not know a body; [`ErrorKind::InvalidValue`] where
    /// the options cannot be followed.
    pub fn new(table: Arc<TaskTable>, registry: Arc<BodyRegistry>, options: RunOptions) -> Result<Self> {
        let options = options.validated()?;
        let consumers = table.inputs().transpose();
        let sequence = raskt_graph::order::order(table.inputs(), &consumers, table.outputs(), None);
        let plan = Plan::new(Arc::clone(&table), &registry)?;
        let n_lanes = registry.n_lanes();
        let machine = Machine::new(Arc::clone(&table), consumers, sequence, plan.lanes(), n_lanes)?;
        let limits =
            Limits { budget_bytes: options.memory_limit_bytes.unwrap_or(u64::MAX), ..Limits::default() };
        let store = Store::new(table.n_tasks(), limits, options.spill.clone());
        let n_workers = options.n_workers;
        let over = machine.n_left() == 0;
        Ok(Self {
            plan,
            cancel: CancelToken::default(),
            n_tasks: AtomicUsize::new(table.n_tasks()),
            state: Mutex::new(State {
                machine,
                store,
                late: Vec::new(),
                forecast: Forecast::default(),
                reserved: Default::default(),
                attempts: Default::default(),
                errors: Vec::new(),
                released: Vec::new(),
                over,
            }),
            changed: Condvar::new(),
            waker: OnceLock::new(),
            desks: (0..n_workers).map(|_| Desk::default()).collect(),
            batch: (0..n_lanes).map(|_| AtomicUsize::new(1)).collect(),
            n_in_lane: (0..n_lanes).map(|_| AtomicUsize::new(0)).collect(),
            n_done: AtomicUsize::new(0),
            registry,
            options,
        })
    }

    /// The tasks as planned.
    #[must_use]
    pub fn table(&self) -> &Arc<TaskTable> {
        self.plan.table()
    }

    /// The registry.
    #[must_use]
    pub fn registry(&self) -> &Arc<BodyRegistry> {
        &self.registry
    }

    /// The options.
    #[must_use]
    pub fn options(&self) -> &RunOptions {
        &self.options
    }

    /// The token that its tasks poll.
    #[must_use]
    pub fn cancel_token(&self) -> &CancelToken {
        &self.cancel
    }

    /// Tasks in all, as far as known: a graph may grow.
    #[must_use]
    pub fn n_tasks(&self) -> usize {
        self.n_tasks.load(Ordering::Relaxed)
    }

    /// Tasks that are done.
    #[must_use]
    pub fn n_done(&self) -> usize {
        self.n_done.load(Ordering::Relaxed)
    }

    /// Who is told of new work.
    pub fn set_waker(&self, waker: Arc<dyn Waker>) {
        // A run belongs to one executor: a second one is not heard.
        drop(self.waker.set(waker));
    }

    /// Stops handing out tasks and asks the running ones to stop; the run is over at once.
    pub fn cancel(&self) {
        self.cancel.cancel();
        let mut state = self.state.lock();
        if !state.over {
            state.over = true;
            if state.errors.is_empty() && state.machine.n_left() > 0 {
                state.errors.push(ErrorKind::Cancelled.into());
            }
        }
        drop(state);
        self.clear_desks();
        self.announce_end();
    }

    /// Whether no more tasks will start.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.state.lock().over
    }

    /// Waits until the run is over, or `timeout` has passed; whether it is over.
    pub fn wait(&self, timeout: Option<Duration>) -> bool {
        let mut state = self.state.lock();
        if !state.over {
            wait_for(&self.changed, &mut state, timeout);
        }
        state.over
    }

    /// Tasks that are being run at this moment: key, function.
    #[must_use]
    pub fn running(&self) -> Vec<(raskt_core::Key, Arc<str>)> {
        let tasks = self.desks.iter().filter_map(Desk::current);
        let state = self.state.lock();
        tasks
            .map(|task| {
                let (at, local) = state.machine.segment_of(task);
                let table = state.machine.segments()[at].table();
                (table.key(local), table.body(local).label())
            })
            .collect()
    }

    /// The values that were asked for, in order, each read back where it was spilled.
    ///
    /// # Errors
    /// The first error of the run, or [`ErrorKind::Many`] where all were asked for.
    pub fn results(&self) -> Result<Vec<Value>> {
        let mut errors = std::mem::take(&mut self.state.lock().errors);
        match (errors.len(), self.options.errors) {
            (0, _) => self.table().outputs().iter().map(|&task| self.fetch(task)).collect(),
            (1, _) | (_, ErrorPolicy::First) => Err(errors.swap_remove(0)),
            (_, ErrorPolicy::All) => Err(ErrorKind::Many(errors).into()),
        }
    }

    /// Bytes that values hold in memory now, at the most so far, and on disk.
    #[must_use]
    pub fn memory(&self) -> (u64, u64, u64) {
        let state = self.state.lock();
        (state.store.memory_bytes(), state.store.peak_bytes(), state.store.spilled_bytes())
    }

    /// Reports what is done, and takes new jobs of `lane` onto the desk of `worker`. Values that nobody
    /// needs any more go to `garbage`, for the caller to drop outside the lock, inside the lane.
    pub fn step(
        &self,
        worker: usize,
        lane: LaneId,
        reports: &mut Vec<Report>,
        garbage: &mut Vec<Value>,
    ) -> Step {
        let mut jobs = VecDeque::new();
        let (step, n_more) = {
            let mut guard = self.state.lock();
            let state = &mut *guard;
            let n_reports = reports.len();
            for report in reports.drain(..) {
                self.apply(state, report, garbage);
            }
            if n_reports > 0 {
                self.n_done.fetch_add(n_reports, Ordering::Relaxed);
                self.end_if_done(state);
            }
            let step = if state.over { Step::Nothing } else { self.take(state, lane, &mut jobs) };
            (step, if state.over { 0 } else { state.machine.n_ready_all() })
        };
        if !jobs.is_empty() {
            self.desks[worker].put(&mut jobs, lane);
        }
        if n_more > 0 || self.cancel.is_cancelled() {
            self.wake(n_more.max(1));
        }
        step
    }

    fn end_if_done(&self, state: &mut State) {
        if !state.over && state.machine.n_left() == 0 {
            state.over = true;
        }
        if state.over {
            self.changed.notify_all();
            self.wake(usize::MAX);
        }
    }

    fn announce_end(&self) {
        // Under the lock, so that nobody who just looked goes to sleep.
        let _guard = self.state.lock();
        self.changed.notify_all();
        self.wake(usize::MAX);
    }

    fn wake(&self, n: usize) {
        if let Some(waker) = self.waker.get() {
            waker.wake(n);
        }
    }

    fn clear_desks(&self) {
        for desk in &self.desks {
            drop(desk.clear());
        }
    }

    fn apply(&self, state: &mut State, report: Report, garbage: &mut Vec<Value>) {
        let task = report.task;
        if let Some(bytes) = state.reserved.remove(&task) {
            state.store.unreserve(bytes);
        }
        match report.outcome {
            Ok(Reported::Value(value)) => self.finish(state, task, value, garbage),
            Ok(Reported::Graph(grown)) => self.grow(state, task, *grown),
            Err(error) => self.fail(state, task, error),
        }
        let mut released = std::mem::take(&mut state.released);
        garbage.extend(released.drain(..).filter_map(|slot| state.store.release(slot)));
        state.released = released;
    }

    fn finish(&self, state: &mut State, mut task: u32, value: Value, garbage: &mut Vec<Value>) {
        if state.over {
            garbage.push(value);
            return;
        }
        loop {
            let next = state.machine.finished(task, &mut state.released);
            let Finished::StandsFor(origin) = next else { break };
            garbage.extend(state.store.put(task, value.clone()));
            task = origin;
        }
        garbage.extend(state.store.put(task, value));
        if self.is_limited() {
            let bytes = state.store.value_bytes(task);
            let family = self.family(state, task);
            state.forecast.learn(family, bytes);
        }
    }

    fn grow(&self, state: &mut State, task: u32, (graph, plan): (Subgraph, Plan)) {
        let base = state.machine.n_tasks() as u32;
        let lanes = plan.lanes();
        match state.machine.expanded(task, graph, lanes, &mut state.released) {
            Ok(()) => {
                let n = state.machine.n_tasks();
                state.store.grow(n);
                state.late.push(Arc::new(Late { base, plan }));
                self.n_tasks.store(n, Ordering::Relaxed);
            }
            Err(error) => self.fail(state, task, error),
        }
    }

    fn fail(&self, state: &mut State, task: u32, error: Error) {
        if state.over {
            return;
        }
        let attempts = state.attempts.entry(task).or_default();
        let allowed = self.options.retries_of.get(&task).copied().unwrap_or(self.options.retries);
        if *attempts < allowed && !matches!(error.kind(), ErrorKind::Cancelled) {
            *attempts += 1;
            state.machine.put_back(task);
            return;
        }
        state.errors.push(error);
        match self.options.errors {
            ErrorPolicy::All => state.machine.failed(task, &mut state.released),
            ErrorPolicy::First => {
                state.over = true;
                self.cancel.cancel();
            }
        }
    }

    fn take(&self, state: &mut State, lane: LaneId, jobs: &mut VecDeque<Job>) -> Step {
        if self.is_limited()
            && state.store.excess_bytes() > 0
            && let Some(job) = next_spill(state)
        {
            return Step::Relieve(job);
        }
        let n_ready = state.machine.n_ready(lane);
        let share = n_ready.div_ceil(2 * self.desks.len()).max(1);
        let n_batch = self.batch[lane.0 as usize].load(Ordering::Relaxed).min(share);
        while jobs.len() < n_batch {
            let Some(task) = state.machine.take(lane) else { break };
            if self.is_limited() {
                match self.admit(state, task) {
                    Admission::Go => {}
                    Admission::After(job) => {
                        state.machine.put_back(task);
                        // The jobs taken so far wait on the desk while room is made.
                        return Step::Relieve(job);
                    }
                    Admission::Wait => {
                        state.machine.put_back(task);
                        break;
                    }
                }
            }
            jobs.push_back(self.job(state, task));
        }
        if jobs.is_empty() { Step::Nothing } else { Step::Jobs }
    }

    fn is_limited(&self) -> bool {
        self.options.memory_limit_bytes.is_some()
    }

    fn family(&self, state: &State, task: u32) -> u64 {
        let (at, local) = state.machine.segment_of(task);
        let table = state.machine.segments()[at].table();
        family(table.body(local), table.body_index(local))
    }

    /// Whether the task may start now as far as memory goes; if so, what it is expected to return is
    /// reserved. A task always may when nothing else runs and nothing can be spilled.
    fn admit(&self, state: &mut State, task: u32) -> Admission {
        if state.forecast.is_empty() {
            return Admission::Go;
        }
        let bytes = state.forecast.expected_bytes(self.family(state, task));
        if bytes == 0 {
            return Admission::Go;
        }
        state.store.reserve(bytes);
        if state.store.excess_bytes() > 0 {
            let relief = next_spill(state);
            let wait = state.machine.n_running() > 1 && state.machine.is_source(task);
            if relief.is_some() || wait {
                state.store.unreserve(bytes);
                return relief.map_or(Admission::Wait, Admission::After);
            }
        }
        state.reserved.insert(task, bytes);
        Admission::Go
    }

    /// Runs `first`, if there is one, and spills more until the budget holds again, or no value is left that
    /// could go. A full disk ends the run.
    pub fn relieve(&self, first: Option<SpillJob>) {
        let mut next = first;
        loop {
            let job = next.take().or_else(|| {
                let mut state = self.state.lock();
                if state.store.excess_bytes() == 0 { None } else { next_spill(&mut state) }
            });
            let Some(job) = job else { return };
            let slot = job.slot();
            let outcome = job.run();
            let mut state = self.state.lock();
            let spilled = state.store.spilled(slot, outcome);
            let trim = state.store.trim_due();
            if let Spilled::Failed(error) = &spilled
                && matches!(error.kind(), ErrorKind::DiskFull { .. } | ErrorKind::Io { .. })
                && !state.over
            {
                state.errors.push(error.clone());
                state.over = true;
                self.cancel.cancel();
                self.end_if_done(&mut state);
            }
            drop(state);
            drop(spilled);
            if trim {
                trim_allocator();
            }
        }
    }

    fn job(&self, state: &mut State, task: u32) -> Job {
        let State { machine, store, late, .. } = state;
        let mut missing = Vec::new();
        let inputs = machine.inputs(task);
        let values = inputs.iter().enumerate().map(|(place, &input)| match store.peek(input) {
            Some(value) => value,
            None => {
                missing.push((place as u32, input));
                Value::Unit
            }
        });
        let inputs: Inputs = values.collect();
        let mut exclusive = 0;
        if self.options.retries == 0 && self.options.retries_of.is_empty() {
            let last =
                machine.inputs(task).iter().take(64).enumerate().filter(|(_, i)| machine.is_last_use(**i));
            exclusive = last.fold(0, |mask, (place, _)| mask | 1 << place);
        }
        let (at, _) = machine.segment_of(task);
        let late = at.checked_sub(1).map(|at| Arc::clone(&late[at]));
        Job { task, inputs, exclusive, missing, late }
    }

    /// The value of a finished task, read back where it was spilled.
    ///
    /// # Errors
    /// [`ErrorKind::Corrupt`], [`ErrorKind::Io`] from reading back; [`ErrorKind::Cancelled`] where there is
    /// no value.
    pub fn fetch(&self, task: u32) -> Result<Value> {
        loop {
            let mut state = self.state.lock();
            match state.store.fetch(task) {
                Fetch::Ready(value) => return Ok(value),
                Fetch::Empty => return Err(ErrorKind::Cancelled.into()),
                Fetch::Busy => wait_for(&self.changed, &mut state, Some(Duration::from_millis(50))),
                Fetch::Load(job) => {
                    // The store counts what is being read; the encoded form is held for a moment beside it.
                    drop(state);
                    self.relieve(None);
                    let outcome = job.run(self.registry.as_ref());
                    let mut state = self.state.lock();
                    let outcome = state.store.loaded(task, outcome);
                    self.changed.notify_all();
                    return outcome;
                }
            }
        }
    }

    /// Runs a job on `worker`.
    pub fn execute(&self, mut job: Job, worker: usize, n_threads: usize) -> Report {
        let task = job.task;
        let outcome = self.prepare(&mut job).and_then(|()| {
            let (plan, local) = match &job.late {
                None => (&self.plan, task),
                Some(late) => (&late.plan, task - late.base),
            };
            let ctx = crate::context::TaskCtx { cancel: &self.cancel, n_threads, worker };
            let run = |inputs: &mut Inputs| plan.run(local, inputs, job.exclusive, &ctx, &self.registry);
            match &self.options.observer {
                None => run(&mut job.inputs),
                Some(observer) => {
                    let key = plan.table().key(local);
                    observer.watch(&key, plan.table().body(local), worker, &mut || run(&mut job.inputs))
                }
            }
        });
        drop(job);
        let outcome = outcome.and_then(|outcome| match outcome {
            crate::kernel::Outcome::Value(value) => Ok(Reported::Value(value)),
            crate::kernel::Outcome::Expand(graph) => {
                let plan = Plan::new(Arc::new(graph.table().clone()), &self.registry)?;
                Ok(Reported::Graph(Box::new((*graph, plan))))
            }
        });
        Report { task, outcome }
    }

    fn prepare(&self, job: &mut Job) -> Result<()> {
        for (place, task) in std::mem::take(&mut job.missing) {
            job.inputs[place as usize] = self.fetch(task)?;
        }
        Ok(())
    }

    /// The lane in which a worker that is in none would find the first task to run.
    #[must_use]
    pub fn first_lane(&self, allowed: impl Fn(LaneId) -> bool) -> Option<LaneId> {
        let state = self.state.lock();
        if state.over {
            return None;
        }
        let first = state.machine.first_lane()?;
        if allowed(first) {
            return Some(first);
        }
        let lanes = (0..self.n_in_lane.len()).map(|lane| LaneId(lane as u8));
        lanes.filter(|&lane| state.machine.n_ready(lane) > 0).find(|&lane| allowed(lane))
    }

    /// How many threads one task may use: more than one only while there are fewer tasks than workers.
    #[must_use]
    pub fn threads_per_task(&self, lane: LaneId) -> usize {
        if lane != NATIVE {
            return 1;
        }
        let state = self.state.lock();
        let n_active = state.machine.n_running() + state.machine.n_ready_all();
        (self.desks.len() / n_active.max(1)).max(1)
    }
}

/// Whether a task may start as far as memory goes.
enum Admission {
    Go,
    /// After this value has been spilled.
    After(SpillJob),
    /// When another task has finished.
    Wait,
}

fn next_spill(state: &mut State) -> Option<SpillJob> {
    let State { machine, store, .. } = state;
    store.next_spill(&mut |slot| machine.next_need(slot))
}

impl std::fmt::Debug for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Run({} of {} tasks done)", self.n_done(), self.n_tasks())
    }
}
