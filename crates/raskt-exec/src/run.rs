//! One running graph: the machine and the store under one lock, and what its workers do with them.
//!
//! Workers come from outside (a pool, the calling thread, child processes): they ask [`Run::step`] for work
//! and report what became of it. Everything that takes time (tasks, spilling, reading back, dropping values)
//! happens outside the lock. So does whatever may enter a lane: workers take the lock inside theirs, and who holds it and
//! waits to be let in would wait for ever. A body's key may be made in its world, and an error or a graph that is dropped
//! may hold objects whose end runs any code of the user's.

use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use raskt_core::{Error, ErrorKind, ErrorPolicy, Result, Value};
use raskt_graph::{Subgraph, TaskTable};
use raskt_store::{Limits, SpillJob, Store};
use rustc_hash::FxHashMap;

use crate::admission::Forecast;
use crate::context::CancelToken;
use crate::desk::Desk;
use crate::job::{Job, Late, Report, Reported};
use crate::lane::{LaneId, NATIVE};
use crate::machine::{Machine, Sources};
use crate::options::RunOptions;
use crate::plan::Plan;
use crate::registry::BodyRegistry;
use crate::relief::{Held, family_of, next_spill};
use crate::sync::{AtomicUsize, Condvar, Mutex, MutexGuard, Ordering, wait_for};
use crate::warm::warm;

/// Who is to be told that there is work, or that it is over.
pub trait Waker: Send + Sync {
    /// Up to `n` more workers would find work.
    fn wake(&self, n: usize);

    /// There are `n` more tasks in lanes where somebody works who is likely to do them sooner than others could. Who
    /// does not know of such lanes yet should look, and stand by.
    fn nudge(&self, n: usize);
}

pub(crate) struct State {
    pub machine: Machine,
    pub store: Store,
    pub forecast: Forecast,
    /// Bytes reserved for what running tasks are expected to return.
    pub reserved: FxHashMap<u32, u64>,
    pub errors: Vec<Error>,
    /// What nobody asks for any more, to be dropped outside the lock.
    discarded: Vec<Discarded>,
    pub over: bool,
    /// What is being taken at the moment.
    pub taken: Vec<u32>,
    late: Vec<Arc<Late>>,
    attempts: FxHashMap<u32, u32>,
    /// What is being reported at the moment, and what that sets free.
    done: Vec<u32>,
    released: Vec<u32>,
    /// The inputs of what is being taken, one task's after the other's; whether nobody else will ask for each
    /// again; where each task's end.
    needs: Vec<u32>,
    lasts: Vec<bool>,
    ends: Vec<usize>,
}

/// Errors and graphs that come too late, or are tried again.
#[allow(dead_code, reason = "it is kept to be dropped")]
enum Discarded {
    Error(Error),
    Graph(Box<(Subgraph, Plan)>),
}

/// A graph that is running, or has run.
pub struct Run {
    plan: Plan,
    registry: Arc<BodyRegistry>,
    options: RunOptions,
    cancel: CancelToken,
    state: Mutex<State>,
    pub(crate) changed: Condvar,
    waker: OnceLock<Arc<dyn Waker>>,
    pub(crate) desks: Vec<Desk>,
    pub(crate) batch: Vec<AtomicUsize>,
    pub(crate) n_in_lane: Vec<AtomicUsize>,
    /// 1 while native tasks come that are shorter than what they need of the lock: one worker does them sooner than two
    /// that take turns at it.
    pub(crate) in_flood: AtomicUsize,
    n_done: AtomicUsize,
    n_tasks: AtomicUsize,
    /// Tasks that run or could.
    n_active: AtomicUsize,
    /// 1 until somebody undertakes to order the tasks.
    pub(crate) unarranged: AtomicUsize,
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
    /// A run of `table`, ready to start. Small graphs are ordered at once, large ones while they run, by the first
    /// worker that [`drive`](crate::worker::drive)s them, or by whoever calls [`Run::arrange`].
    ///
    /// # Errors
    /// [`ErrorKind::UnknownBody`] where the registry does not know a body; [`ErrorKind::InvalidValue`] where
    /// the options cannot be followed.
    pub fn new(table: Arc<TaskTable>, registry: Arc<BodyRegistry>, options: RunOptions) -> Result<Self> {
        let options = options.validated()?;
        let consumers = Arc::new(table.inputs().transpose_on(options.n_workers));
        let is_small = table.n_tasks() + table.inputs().n_edges() <= options.arrange_later_from;
        let plan = Plan::new(Arc::clone(&table), &registry)?;
        let n_lanes = registry.n_lanes();
        let machine = Machine::new(Arc::clone(&table), Arc::clone(&consumers), plan.lanes(), n_lanes);
        let limits =
            Limits { budget_bytes: options.memory_limit_bytes.unwrap_or(u64::MAX), ..Limits::default() };
        let store = Store::new(table.n_tasks(), limits, options.spill.clone());
        let n_workers = options.n_workers;
        let over = machine.n_left() == 0;
        let run = Self {
            plan,
            cancel: CancelToken::default(),
            n_tasks: AtomicUsize::new(table.n_tasks()),
            state: Mutex::new(State {
                machine,
                store,
                forecast: Forecast::default(),
                reserved: FxHashMap::default(),
                errors: Vec::new(),
                discarded: Vec::new(),
                over,
                taken: Vec::new(),
                late: Vec::new(),
                attempts: FxHashMap::default(),
                done: Vec::new(),
                released: Vec::new(),
                needs: Vec::new(),
                lasts: Vec::new(),
                ends: Vec::new(),
            }),
            changed: Condvar::new(),
            waker: OnceLock::new(),
            desks: (0..n_workers).map(|_| Desk::default()).collect(),
            batch: (0..n_lanes).map(|_| AtomicUsize::new(1)).collect(),
            n_in_lane: (0..n_lanes).map(|_| AtomicUsize::new(0)).collect(),
            in_flood: AtomicUsize::new(0),
            n_done: AtomicUsize::new(0),
            n_active: AtomicUsize::new(0),
            unarranged: AtomicUsize::new(1),
            registry,
            options,
        };
        if is_small {
            run.arrange();
        }
        Ok(run)
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    /// The plan of the graph as it came.
    #[must_use]
    pub fn plan(&self) -> &Plan {
        &self.plan
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

    /// Whether all tasks, as planned, run in the native lane.
    #[must_use]
    pub fn is_native(&self) -> bool {
        self.plan.lanes() == crate::segment::Lanes::All(crate::lane::NATIVE)
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
        let mut state = self.lock();
        if !state.over && state.errors.is_empty() && state.machine.n_left() > 0 {
            state.errors.push(ErrorKind::Cancelled.into());
        }
        self.end(&mut state);
        drop(state);
        self.clear_desks();
    }

    /// Ends the run with an error that belongs to no task.
    pub fn abort(&self, error: Error) {
        let mut state = self.lock();
        if !state.over {
            state.errors.push(error);
        }
        self.stop(&mut state);
        drop(state);
        self.clear_desks();
    }

    /// Whether no more tasks will start.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.lock().over
    }

    /// Waits until the run is over, or `timeout` has passed; whether it is over.
    pub fn wait(&self, timeout: Option<Duration>) -> bool {
        let mut state = self.lock();
        if !state.over {
            wait_for(&self.changed, &mut state, timeout);
        }
        state.over
    }

    /// Tasks that are being run at this moment: key, function.
    #[must_use]
    pub fn running(&self) -> Vec<(raskt_core::Key, Arc<str>)> {
        let places: Vec<(Arc<TaskTable>, u32)> = {
            let state = self.lock();
            let tasks = self.desks.iter().filter_map(Desk::current);
            let place = |task| {
                let (at, local) = state.machine.segment_of(task);
                (Arc::clone(state.machine.segments()[at].table()), local)
            };
            tasks.map(place).collect()
        };
        places.into_iter().map(|(table, local)| (table.key(local), table.label(local))).collect()
    }

    /// Whether a task is being run at this moment.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.desks.iter().any(|desk| desk.current().is_some())
    }

    /// The values that were asked for, in order, each read back where it was spilled.
    ///
    /// # Errors
    /// The first error of the run, or [`ErrorKind::Many`] where all were asked for.
    pub fn results(&self) -> Result<Vec<Value>> {
        let mut errors = std::mem::take(&mut self.lock().errors);
        match (errors.len(), self.options.errors) {
            (0, _) => self.values(self.table().outputs()),
            (1, _) | (_, ErrorPolicy::First) => Err(errors.swap_remove(0)),
            (_, ErrorPolicy::All) => Err(ErrorKind::Many(errors).into()),
        }
    }

    fn values(&self, tasks: &[u32]) -> Result<Vec<Value>> {
        let mut values = Vec::with_capacity(tasks.len());
        let mut state = self.lock();
        for &task in tasks {
            values.push(match state.store.peek(task) {
                Some(value) => value,
                None => {
                    drop(state);
                    let value = self.fetch(task)?;
                    state = self.lock();
                    value
                }
            });
        }
        Ok(values)
    }

    /// Bytes that values hold in memory now, at the most so far, and on disk.
    #[must_use]
    pub fn memory(&self) -> (u64, u64, u64) {
        let state = self.lock();
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
        let n_batch = self.batch[lane.0 as usize].load(Ordering::Relaxed);
        let step = self.exchange(lane, n_batch, reports, &mut jobs, garbage);
        if !jobs.is_empty() {
            self.desks[worker].put(&mut jobs, lane);
        }
        step
    }

    /// As [`Run::step`], for a worker that keeps no desk: at most `n_max` jobs are added to `jobs`.
    pub fn exchange(
        &self,
        lane: LaneId,
        n_max: usize,
        reports: &mut Vec<Report>,
        jobs: &mut VecDeque<Job>,
        garbage: &mut Vec<Value>,
    ) -> Step {
        let (step, over, n_more, has_room, discarded) = {
            let mut guard = self.lock();
            let state = &mut *guard;
            if !reports.is_empty() {
                self.apply(state, reports, garbage);
                self.n_done.store(state.machine.n_tasks() - state.machine.n_left(), Ordering::Relaxed);
                if state.over || state.machine.n_left() == 0 {
                    self.end(state);
                }
            }
            let (step, all_wait) =
                if state.over { (Step::Nothing, false) } else { self.take(state, lane, n_max, jobs) };
            // Nobody is woken for what waits for memory: whoever frees some comes by here.
            let n_more = if all_wait { 0 } else { state.machine.n_ready_all() };
            self.n_active.store(n_more + state.machine.n_running(), Ordering::Relaxed);
            let discarded = std::mem::take(&mut state.discarded);
            (step, state.over, n_more, n_more > 0 && self.has_room(state), discarded)
        };
        drop(discarded);
        if n_more > 0 && !over {
            self.tell(n_more, has_room);
        }
        step
    }

    /// Whether tasks are ready in a lane that one more worker would join at once.
    pub(crate) fn has_room(&self, state: &State) -> bool {
        let mut lanes = (0..self.n_in_lane.len()).map(|lane| LaneId(lane as u8));
        lanes.any(|lane| state.machine.n_ready(lane) > 0 && !self.is_crowded(lane))
    }

    /// Whether those who work in `lane` are as many as it takes, unless they get stuck.
    pub(crate) fn is_crowded(&self, lane: LaneId) -> bool {
        let in_turn = lane != NATIVE || self.in_flood.load(Ordering::Relaxed) == 1;
        in_turn && self.n_in_lane[lane.0 as usize].load(Ordering::Acquire) > 0
    }

    /// How many tasks could start in `lane` at this moment.
    #[must_use]
    pub fn n_ready(&self, lane: LaneId) -> usize {
        let state = self.lock();
        if state.over { 0 } else { state.machine.n_ready(lane) }
    }

    /// Whether another task needs the value of `task`.
    #[must_use]
    pub fn has_consumers(&self, task: u32) -> bool {
        self.lock().machine.has_consumers(task)
    }

    /// Notes what `worker`, which keeps no desk, is running.
    pub fn note_current(&self, worker: usize, task: Option<u32>) {
        if let Some(desk) = self.desks.get(worker) {
            desk.note(task);
        }
    }

    /// Gives back jobs that did not run, for any worker to take.
    pub fn put_back(&self, jobs: impl IntoIterator<Item = Job>) {
        let mut n_back = 0;
        let mut state = self.lock();
        for job in jobs {
            if let Some(bytes) = state.reserved.remove(&job.task) {
                state.store.unreserve(bytes);
            }
            let State { machine, store, .. } = &mut *state;
            for (&input, value) in machine.inputs(job.task).iter().zip(job.inputs) {
                store.take_back(input, value);
            }
            machine.put_back(job.task);
            n_back += 1;
        }
        drop(state);
        self.wake(n_back);
    }

    /// No more tasks start, and the running ones are asked to stop.
    pub(crate) fn stop(&self, state: &mut State) {
        self.cancel.cancel();
        self.end(state);
    }

    /// Tells whoever waits that the run is over.
    fn end(&self, state: &mut State) {
        state.over = true;
        raskt_core::set_recycling(true);
        self.changed.notify_all();
        self.wake(usize::MAX);
    }

    pub(crate) fn wake(&self, n: usize) {
        if let Some(waker) = self.waker.get() {
            waker.wake(n);
        }
    }

    /// Tells others of `n` more ready tasks: calls them where there is [room](Self::has_room), else nudges them.
    pub(crate) fn tell(&self, n: usize, has_room: bool) {
        match self.waker.get() {
            Some(waker) if has_room => waker.wake(n),
            Some(waker) => waker.nudge(n),
            None => {}
        }
    }

    fn clear_desks(&self) {
        for desk in &self.desks {
            drop(desk.clear());
        }
    }

    fn apply(&self, state: &mut State, reports: &mut Vec<Report>, garbage: &mut Vec<Value>) {
        warm(reports.iter().map(|report| u32::from(state.store.holds(report.task))));
        for Report { task, outcome } in reports.drain(..) {
            if !state.reserved.is_empty()
                && let Some(bytes) = state.reserved.remove(&task)
            {
                state.store.unreserve(bytes);
            }
            match outcome {
                Ok(Reported::Value(value)) if state.over => garbage.push(value),
                Ok(Reported::Value(value)) => self.keep(state, task, value, garbage),
                Ok(Reported::Graph(graph)) if state.over => state.discarded.push(Discarded::Graph(graph)),
                Ok(Reported::Graph(grown)) => self.grow(state, task, *grown),
                Err(error) => self.fail(state, task, error),
            }
        }
        let State { machine, store, done, released, .. } = state;
        machine.finish(done, released);
        done.clear();
        garbage.extend(released.drain(..).filter_map(|slot| store.release(slot)));
    }

    fn keep(&self, state: &mut State, task: u32, value: Value, garbage: &mut Vec<Value>) {
        let State { machine, store, done, .. } = state;
        for origin in machine.origins(task) {
            garbage.extend(store.put(origin, value.clone()));
        }
        garbage.extend(store.put(task, value));
        done.push(task);
        if self.is_limited() {
            let bytes = state.store.value_bytes(task);
            let family = family_of(state, task);
            state.forecast.learn(family, bytes);
        }
    }

    fn grow(&self, state: &mut State, task: u32, (graph, plan): (Subgraph, Plan)) {
        let base = state.machine.n_tasks() as u32;
        match state.machine.expanded(task, graph, plan.lanes(), &mut state.released) {
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
            state.discarded.push(Discarded::Error(error));
            return;
        }
        let attempts = state.attempts.entry(task).or_default();
        let allowed = self.options.retries_of.get(&task).copied().unwrap_or(self.options.retries);
        if *attempts < allowed && !matches!(error.kind(), ErrorKind::Cancelled) {
            *attempts += 1;
            state.discarded.push(Discarded::Error(error));
            state.machine.put_back(task);
            return;
        }
        state.errors.push(error);
        match self.options.errors {
            ErrorPolicy::All => state.machine.failed(task, &mut state.released),
            ErrorPolicy::First => self.stop(state),
        }
    }

    /// What comes next; and whether all that is left has to wait for a running task.
    fn take(&self, state: &mut State, lane: LaneId, n_max: usize, jobs: &mut VecDeque<Job>) -> (Step, bool) {
        if self.is_limited() {
            let is_full = state.store.excess_bytes() > 0;
            state.machine.serve_sources(if is_full { Sources::Last } else { Sources::InTurn });
            if is_full && let Some(job) = next_spill(state) {
                return (Step::Relieve(job), false);
            }
        }
        let share = state.machine.n_ready(lane).div_ceil(2 * self.desks.len()).max(1);
        let n = n_max.min(share);
        state.machine.take(lane, n, &mut state.taken);
        let mut held = if self.is_limited() { self.admit(state, 0) } else { None };
        if let Some(Held::BehindUsers) = held {
            let n_admitted = state.taken.len();
            state.machine.serve_sources(Sources::Last);
            state.machine.take(lane, n - n_admitted, &mut state.taken);
            held = self.admit(state, n_admitted);
        }
        self.hand_out(state, jobs);
        match held {
            // The jobs taken so far wait on the desk while room is made.
            Some(Held::Until(job)) => (Step::Relieve(job), false),
            held => {
                let step = if jobs.is_empty() { Step::Nothing } else { Step::Jobs };
                (step, matches!(held, Some(Held::BehindRunning)))
            }
        }
    }

    /// Makes jobs of what was taken, with the inputs that are in memory.
    fn hand_out(&self, state: &mut State, jobs: &mut VecDeque<Job>) {
        let State { machine, store, late, taken, needs, lasts, ends, .. } = state;
        // All rows first, then all uses, then all values: each pass waits for memory once, not once a task.
        for &task in taken.iter() {
            needs.extend_from_slice(machine.inputs(task));
            ends.push(needs.len());
        }
        lasts.extend(needs.iter().map(|&input| machine.is_only_use(input)));
        // A task that may be tried again must find its inputs as they were.
        let hands_over = self.options.retries == 0 && self.options.retries_of.is_empty();
        warm(needs.iter().map(|&input| u32::from(store.holds(input))));
        warm(taken.iter().map(|&task| machine.body_index(task)));
        let mut start = 0;
        for (task, end) in taken.drain(..).zip(ends.drain(..)) {
            let mut job = Job { task, inputs: Default::default(), exclusive: 0, rest: None };
            let last = lasts[start..end].iter().take(64).enumerate();
            job.exclusive = last.fold(0, |mask, (place, &last)| mask | u64::from(last) << place);
            let (segment, local) = machine.segment_of(task);
            let plan = segment.checked_sub(1).map_or(&self.plan, |at| &late[at].plan);
            let is_owner = hands_over && job.exclusive != 0 && plan.owns_inputs(local, self.registry());
            for (place, &input) in needs[start..end].iter().enumerate() {
                let is_taken = is_owner && place < 64 && job.exclusive >> place & 1 == 1;
                let taken = if is_taken { store.hand_over(input) } else { None };
                job.inputs.push(taken.or_else(|| store.peek(input)).unwrap_or_else(|| {
                    job.rest.get_or_insert_default().missing.push((place as u32, input));
                    Value::Unit
                }));
            }
            if let Some(at) = segment.checked_sub(1) {
                job.rest.get_or_insert_default().late = Some(Arc::clone(&late[at]));
            }
            start = end;
            jobs.push_back(job);
        }
        needs.clear();
        lasts.clear();
    }

    /// The lane in which a worker that is in none would find the first task to run.
    #[must_use]
    pub fn first_lane(&self, allowed: impl Fn(LaneId) -> bool) -> Option<LaneId> {
        let state = self.lock();
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

    /// How many tasks could run at once, on the workers that there are.
    #[must_use]
    pub fn n_side_by_side(&self) -> usize {
        self.n_active.load(Ordering::Relaxed).clamp(1, self.desks.len().max(1))
    }

    /// How many threads one task may use: more than one only while there are fewer tasks than workers.
    #[must_use]
    pub fn threads_per_task(&self) -> usize {
        (self.desks.len() / self.n_side_by_side()).max(1)
    }
}

impl std::fmt::Debug for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Run({} of {} tasks done)", self.n_done(), self.n_tasks())
    }
}
