//! One running graph: a machine under a lock, and what its workers do with it.
//!
//! Workers come from outside (a pool, the calling thread, child processes): they ask [`Run::refill`] for work
//! and report what became of it. Everything that takes time (tasks, spilling, reading back, dropping values)
//! happens outside the lock. What runs next and what goes to disk is the machine's decision.
//!
//! Whatever may enter a lane happens outside the lock, too: workers take the lock inside their lane, so that a thread that
//! held the lock and waited for the lane would wait for ever. A body's key may be made in its runtime, and an error or a
//! graph that is dropped may hold objects whose finalizers run any code of the user's.

use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use raskt_core::{Error, ErrorKind, ErrorPolicy, Fit, Result, Value};
use raskt_graph::TaskTable;
use raskt_store::SpillJob;

use crate::budget::Share;
use crate::context::CancelToken;
use crate::events::{EventKind, Gauge, note_span, now_ns};
use crate::job::{Job, Report};
use crate::lane::{LaneId, NATIVE};
use crate::local_queue::LocalQueue;
use crate::machine::{Actions, Event, Graph, Machine, MachineOptions, OwnerId, OwnerOptions, Wait};
use crate::options::RunOptions;
use crate::registry::BodyRegistry;
use crate::resolved::{Part, ResolvedTable};
use crate::sync::{AtomicUsize, Condvar, Mutex, MutexGuard, Ordering, wait_for};

/// Wakes the workers of a run when there is work, or when it is over.
pub trait Waker: Send + Sync {
    /// Wakes up to `n` workers: each would find work.
    fn wake(&self, n: usize);

    /// There are `n` more tasks in lanes where another worker is likely to run them soon. Wakes workers that sleep
    /// without a timeout, which then look and stand by; `notify` does not wake standby workers.
    fn notify(&self, n: usize);
}

/// A graph that is running, or has run.
pub struct Run {
    first: Arc<Part>,
    /// The one owner of its machine.
    owner: OwnerId,
    registry: Arc<BodyRegistry>,
    options: RunOptions,
    cancel: CancelToken,
    state: Mutex<Machine>,
    /// This run's part of the memory budget; `None` without one.
    pub(crate) share: Option<Share>,
    pub(crate) changed: Condvar,
    waker: OnceLock<Arc<dyn Waker>>,
    pub(crate) local_queues: Vec<LocalQueue>,
    pub(crate) batch: Vec<AtomicUsize>,
    pub(crate) n_in_lane: Vec<AtomicUsize>,
    /// 1 while native tasks are shorter than the time each holds the lock: one worker runs them sooner than two that
    /// take turns at it.
    pub(crate) is_contended: AtomicUsize,
    n_done: AtomicUsize,
    n_tasks: AtomicUsize,
    /// How far it is, for whoever watches; without the lock.
    gauge: Arc<Gauge>,
    /// Tasks that run or could.
    n_active: AtomicUsize,
    /// 1 until a worker begins to order the tasks.
    pub(crate) unordered: AtomicUsize,
}

/// What there is to do for a worker.
#[derive(Debug)]
#[must_use]
pub enum Work {
    /// Jobs, which were handed out.
    Jobs,
    /// A value has to be spilled before more can start: pass the job to [`Run::make_room`].
    Spill(SpillJob),
    /// Nothing to do in this lane at the moment.
    Nothing,
}

impl Run {
    /// A run of `table`, ready to start. Small graphs are ordered at once, large ones while they run, by the first
    /// worker that [`drive`](crate::worker::drive)s them, or by whoever calls [`Run::order`].
    ///
    /// # Errors
    /// [`ErrorKind::UnknownBody`] where the registry does not know a body; [`ErrorKind::InvalidValue`] where
    /// the options cannot be followed.
    pub fn new(table: Arc<TaskTable>, registry: Arc<BodyRegistry>, options: RunOptions) -> Result<Self> {
        let options = options.validated()?;
        let consumers = Arc::new(table.inputs().transpose_on(options.n_workers));
        let is_small = table.n_tasks() + table.inputs().n_edges() <= options.order_later_from;
        let (n_tasks, n_workers, n_lanes) = (table.n_tasks(), options.n_workers, registry.n_lanes());
        let mut machine = Machine::new(MachineOptions {
            n_workers,
            n_lanes,
            memory_limit_bytes: options.memory_limit_bytes,
            spill: options.spill.clone(),
        });
        let owner = machine.open(OwnerOptions { errors: options.errors, retries: options.retries });
        let resolved = ResolvedTable::new(Arc::clone(&table), &registry)?;
        let retries_of = options.retries_of.clone();
        let graph = Graph { retries_of, is_implied: true, ..Graph::with_consumers(resolved, consumers) };
        let base = machine.add(owner, graph, &mut Actions::default())?;
        let first = match machine.part_of(base) {
            Some(part) => Arc::clone(part),
            None => Arc::new(Part { base, table: ResolvedTable::new(table, &registry)? }),
        };
        let budget =
            options.memory_limit_bytes.map(|limit| (limit, options.budget.clone().unwrap_or_default()));
        let gauge = Gauge::new(first.table.table(), n_workers, options.memory_limit_bytes);
        let run = Self {
            first,
            gauge,
            owner,
            cancel: CancelToken::default(),
            n_tasks: AtomicUsize::new(n_tasks),
            state: Mutex::new(machine),
            share: budget.map(|(limit, budget)| budget.share(limit)),
            changed: Condvar::new(),
            waker: OnceLock::new(),
            local_queues: (0..n_workers).map(|_| LocalQueue::default()).collect(),
            batch: (0..n_lanes).map(|_| AtomicUsize::new(1)).collect(),
            n_in_lane: (0..n_lanes).map(|_| AtomicUsize::new(0)).collect(),
            is_contended: AtomicUsize::new(0),
            n_done: AtomicUsize::new(0),
            n_active: AtomicUsize::new(0),
            unordered: AtomicUsize::new(1),
            registry,
            options,
        };
        if is_small {
            run.order();
        }
        Ok(run)
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Machine> {
        self.state.lock()
    }

    /// The tasks that the run began with, their bodies found.
    #[must_use]
    pub fn resolved(&self) -> &ResolvedTable {
        &self.first.table
    }

    /// The tasks that the run began with.
    #[must_use]
    pub fn table(&self) -> &Arc<TaskTable> {
        self.first.table.table()
    }

    /// The registry.
    #[must_use]
    pub fn registry(&self) -> &Arc<BodyRegistry> {
        &self.registry
    }

    /// Whether all tasks, as planned, run in the native lane.
    #[must_use]
    pub fn is_native(&self) -> bool {
        self.first.table.lanes() == crate::machine::Lanes::All(NATIVE)
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

    /// How far it is, for whoever watches.
    #[must_use]
    pub fn gauge(&self) -> &Arc<Gauge> {
        &self.gauge
    }

    pub(crate) fn owner(&self) -> OwnerId {
        self.owner
    }

    /// Who is told of new work.
    pub fn set_waker(&self, waker: Arc<dyn Waker>) {
        // A run belongs to one executor: a second one is not heard.
        drop(self.waker.set(waker));
    }

    /// Stops handing out tasks and asks the running ones to stop; the run is over at once.
    pub fn cancel(&self) {
        self.stop(None);
    }

    /// Ends the run with an error that belongs to no task.
    pub fn abort(&self, error: Error) {
        self.stop(Some(error));
    }

    fn stop(&self, error: Option<Error>) {
        self.cancel.cancel();
        let mut out = Actions::default();
        let mut machine = self.lock();
        machine.handle(Event::Stopped { owner: self.owner, error }, &mut out);
        self.gauge.end(false);
        self.tell_end();
        drop(machine);
        drop(out);
        self.clear_local_queues();
    }

    /// Whether no more tasks will start.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.lock().is_over(self.owner)
    }

    /// Waits until the run is over, or `timeout` has passed; whether it is over.
    pub fn wait(&self, timeout: Option<Duration>) -> bool {
        let mut machine = self.lock();
        if !machine.is_over(self.owner) {
            wait_for(&self.changed, &mut machine, timeout);
        }
        machine.is_over(self.owner)
    }

    /// Tasks that are being run at this moment: key, function.
    #[must_use]
    pub fn running(&self) -> Vec<(raskt_core::Key, Arc<str>)> {
        let found: Vec<(Arc<TaskTable>, u32)> = {
            let machine = self.lock();
            let tasks = self.local_queues.iter().filter_map(LocalQueue::current);
            let find = |task| machine.find(task).map(|(table, local)| (Arc::clone(table), local));
            tasks.filter_map(find).collect()
        };
        found.into_iter().map(|(table, local)| (table.key(local), table.label(local))).collect()
    }

    /// Whether a task is being run at this moment.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.local_queues.iter().any(|queue| queue.current().is_some())
    }

    /// The values that were asked for, in order, each read back where it was spilled.
    ///
    /// # Errors
    /// The first error of the run, or [`ErrorKind::Many`] where all were asked for.
    pub fn results(&self) -> Result<Vec<Value>> {
        let mut errors = self.lock().take_errors(self.owner);
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
            values.push(match state.peek(task) {
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
        self.lock().memory()
    }

    /// Reports what is done, and takes new jobs of `lane` into the local queue of `worker`. Values that nobody
    /// needs any more go to `garbage`, for the caller to drop outside the lock, inside the lane.
    pub fn refill(
        &self,
        worker: usize,
        lane: LaneId,
        reports: &mut Vec<Report>,
        garbage: &mut Vec<Value>,
    ) -> Work {
        let mut jobs = VecDeque::new();
        let n_batch = self.batch[lane.0 as usize].load(Ordering::Relaxed);
        let work = self.exchange(lane, n_batch, reports, &mut jobs, garbage);
        if !jobs.is_empty() {
            self.local_queues[worker].put(&mut jobs, lane);
        }
        work
    }

    /// As [`Run::refill`], for a worker without a local queue: at most `n_max` jobs are added to `jobs`.
    pub fn exchange(
        &self,
        lane: LaneId,
        n_max: usize,
        reports: &mut Vec<Report>,
        jobs: &mut VecDeque<Job>,
        garbage: &mut Vec<Value>,
    ) -> Work {
        let mut out =
            Actions { jobs: std::mem::take(jobs), garbage: std::mem::take(garbage), ..Actions::default() };
        let (is_over, n_more, has_room) = {
            let mut guard = self.lock();
            let machine = &mut *guard;
            self.allow(machine);
            if !reports.is_empty() {
                machine.handle(Event::Reported(reports), &mut out);
                let n_tasks = machine.n_tasks();
                self.n_tasks.store(n_tasks, Ordering::Relaxed);
                let n_done = n_tasks - machine.n_left();
                self.n_done.store(n_done, Ordering::Relaxed);
                self.gauge.advance(n_tasks, n_done);
                self.note_ended(&out);
            }
            let is_over = machine.is_over(self.owner);
            if !is_over {
                machine.handle(Event::Asked { lane, n_max }, &mut out);
            }
            self.publish(machine);
            // Nobody is woken for what waits for memory: whoever frees some comes by here.
            let all_wait = out.wait == Some(Wait::BehindRunning);
            let n_more = if is_over || all_wait { 0 } else { machine.n_ready_all() };
            self.n_active.store(n_more + machine.n_running(), Ordering::Relaxed);
            self.gauge.occupy(n_more, machine.n_running());
            (is_over, n_more, n_more > 0 && self.has_room(machine))
        };
        self.note_wait(out.wait.filter(|_| !is_over && out.jobs.is_empty()));
        if n_more > 0 && !is_over {
            self.tell(n_more, has_room);
        }
        (*jobs, *garbage) = (out.jobs, out.garbage);
        match out.spill {
            Some(job) => Work::Spill(job),
            None if jobs.is_empty() => Work::Nothing,
            None => Work::Jobs,
        }
    }

    /// Records for how long and for whom tasks waited for memory.
    fn note_wait(&self, wait: Option<Wait>) {
        let reason = match wait {
            None => 0,
            Some(Wait::BehindUsers) => EventKind::WaitedBehindUsers as u8,
            Some(Wait::BehindRunning) => EventKind::WaitedBehindRunning as u8,
        };
        if let Some((kind, since_ns)) = self.gauge.wait(reason) {
            note_span(self, kind, (since_ns, now_ns()), None, 0);
        }
    }

    /// Tells whoever waits that the run is over, if it is.
    pub(crate) fn note_ended(&self, out: &Actions) {
        for ended in &out.ended {
            if !ended.is_complete {
                self.cancel.cancel();
            }
            self.gauge.end(ended.is_complete);
            self.tell_end();
        }
    }

    /// Whether tasks are ready in a lane that one more worker would join at once.
    pub(crate) fn has_room(&self, machine: &Machine) -> bool {
        let mut lanes = (0..self.n_in_lane.len()).map(|lane| LaneId(lane.fit::<u8>()));
        lanes.any(|lane| machine.n_ready(lane) > 0 && !self.is_crowded(lane))
    }

    /// Whether those who work in `lane` are as many as it takes, unless they get stuck.
    pub(crate) fn is_crowded(&self, lane: LaneId) -> bool {
        let in_turn = lane != NATIVE || self.is_contended.load(Ordering::Relaxed) == 1;
        in_turn && self.n_in_lane[lane.0 as usize].load(Ordering::Acquire) > 0
    }

    /// How many tasks could start in `lane` at this moment.
    #[must_use]
    pub fn n_ready(&self, lane: LaneId) -> usize {
        let machine = self.lock();
        if machine.is_over(self.owner) { 0 } else { machine.n_ready(lane) }
    }

    /// Whether another task needs the value of `task`.
    #[must_use]
    pub fn has_consumers(&self, task: u32) -> bool {
        self.lock().has_consumers(task)
    }

    /// Notes what `worker`, which has no local queue, is running.
    pub fn note_current(&self, worker: usize, task: Option<u32>) {
        if let Some(queue) = self.local_queues.get(worker) {
            queue.note(task);
        }
    }

    /// Gives back jobs that did not run, for any worker to take.
    pub fn put_back(&self, jobs: impl IntoIterator<Item = Job>) {
        let mut out = Actions::default();
        let mut n_back = 0;
        let mut machine = self.lock();
        for job in jobs {
            machine.handle(Event::Returned(job), &mut out);
            n_back += 1;
        }
        drop(machine);
        self.wake(n_back);
    }

    /// Tells whoever waits that the run is over.
    fn tell_end(&self) {
        raskt_core::set_recycling(true);
        self.changed.notify_all();
        self.wake(usize::MAX);
    }

    pub(crate) fn wake(&self, n: usize) {
        if let Some(waker) = self.waker.get() {
            waker.wake(n);
        }
    }

    /// Tells others of `n` more ready tasks: calls them where there is [room](Self::has_room), else notifys them.
    pub(crate) fn tell(&self, n: usize, has_room: bool) {
        match self.waker.get() {
            Some(waker) if has_room => waker.wake(n),
            Some(waker) => waker.notify(n),
            None => {}
        }
    }

    fn clear_local_queues(&self) {
        for queue in &self.local_queues {
            drop(queue.clear());
        }
    }

    /// The lane in which a worker that is in none would find the first task to run.
    #[must_use]
    pub fn first_lane(&self, allowed: impl Fn(LaneId) -> bool) -> Option<LaneId> {
        let machine = self.lock();
        if machine.is_over(self.owner) {
            return None;
        }
        let first = machine.first_lane()?;
        if allowed(first) {
            return Some(first);
        }
        let lanes = (0..self.n_in_lane.len()).map(|lane| LaneId(lane.fit::<u8>()));
        lanes.filter(|&lane| machine.n_ready(lane) > 0).find(|&lane| allowed(lane))
    }

    /// How many tasks could run at once, on the workers that there are.
    #[must_use]
    pub fn n_side_by_side(&self) -> usize {
        self.n_active.load(Ordering::Relaxed).clamp(1, self.local_queues.len().max(1))
    }

    /// How many threads one task may use: more than one only while there are fewer tasks than workers.
    #[must_use]
    pub fn threads_per_task(&self) -> usize {
        (self.local_queues.len() / self.n_side_by_side()).max(1)
    }
}

impl Drop for Run {
    /// Whoever watches learns that a run that nobody has is over.
    fn drop(&mut self) {
        self.gauge.end(false);
    }
}

impl std::fmt::Debug for Run {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Run({} of {} tasks done)", self.n_done(), self.n_tasks())
    }
}
