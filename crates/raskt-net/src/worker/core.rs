//! The state behind its lock, and what becomes of the machine's actions once the lock is free.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use raskt_core::{ErrorKind, Payload, Result, Sealed, Value, set_recycling};
use raskt_exec::BodyRegistry;
use raskt_exec::pool::enter_lanes;
use raskt_sched::{Attempt, Time, WorkerEvent, WorkerId};
use raskt_store::{Home, SpillFolder};
use tokio::runtime::Handle;
use tokio::sync::{Notify, watch};

use super::daemon::Departure;
use super::errands::Helpers;
use super::job::{Job, Made};
use super::memory::process_bytes;
use super::options::{Measure, PLENTY_BYTES, WorkerOptions};
use super::peers::{self, Links};
use super::state::{Effects, State};
use super::values::Content;
use super::{executor, spilling};
use crate::Clock;
use crate::transport::Address;
use crate::wire::Batch;

/// Sealed objects of fewer bytes are dropped wherever that comes up.
const LIGHT: u64 = 64 << 10;

/// Memory is measured when values come or go that take so much of it together, beside the times that are regular.
const MEASURE_PART: u64 = 64;

/// What all parts of a worker share.
pub(super) struct Core {
    pub id: WorkerId,
    /// Where others find the worker.
    pub address: Address,
    pub options: WorkerOptions,
    pub registry: Arc<BodyRegistry>,
    pub folder: Option<Arc<SpillFolder>>,
    /// Where the pieces are that tasks here send.
    pub home: Home,
    pub links: Links,
    /// There is something to tell the scheduler.
    pub has_said: Notify,
    helpers: Arc<Helpers>,
    runtime: Handle,
    clock: Clock,
    state: Mutex<State>,
    /// Somebody is about to enter the runtimes of foreign objects.
    is_collecting: AtomicBool,
    /// What values took that have come since memory was measured.
    unmeasured_bytes: AtomicU64,
    /// There are jobs, or it is over.
    filled: Condvar,
    /// It is over, or a thread has ended.
    changed: Condvar,
    closing: watch::Sender<bool>,
}

impl Core {
    pub fn new(
        (id, address): (WorkerId, Address),
        options: WorkerOptions,
        registry: Arc<BodyRegistry>,
        folder: Option<Arc<SpillFolder>>,
        home: Home,
        state: State,
        runtime: Handle,
    ) -> Self {
        Self {
            id,
            address,
            options,
            registry,
            folder,
            home,
            links: Links::default(),
            has_said: Notify::new(),
            helpers: Arc::default(),
            runtime,
            clock: Clock::default(),
            state: Mutex::new(state),
            is_collecting: AtomicBool::new(false),
            unmeasured_bytes: AtomicU64::new(0),
            filled: Condvar::new(),
            changed: Condvar::new(),
            closing: watch::Sender::new(false),
        }
    }

    /// Does something with the state, and then what comes of that; nothing once it is over.
    pub fn on<T>(self: &Arc<Self>, work: impl FnOnce(&mut State, Time, &mut Effects) -> T) -> Option<T> {
        let mut effects = Effects::default();
        let done = {
            let mut state = self.state.lock();
            if state.departure.is_some() {
                // What `work` holds is dropped outside of the lock.
                drop(state);
                return None;
            }
            work(&mut state, self.clock.now(), &mut effects)
        };
        self.carry_out(effects);
        Some(done)
    }

    fn carry_out(self: &Arc<Self>, effects: Effects) {
        let Effects {
            garbage,
            files,
            fetches,
            spills,
            restores,
            forgotten,
            has_said,
            n_jobs,
            has_resumed,
            departure,
            ..
        } = effects;
        if has_resumed {
            self.changed.notify_all();
        }
        if has_said {
            self.has_said.notify_one();
        }
        for _ in 0..n_jobs {
            self.filled.notify_one();
        }
        self.let_go(garbage);
        if !files.is_empty() {
            self.help(move |_| drop(files));
        }
        for fetch in fetches {
            drop(self.runtime.spawn(peers::fetch(Arc::clone(self), fetch)));
        }
        for spill in spills {
            self.help(move |core| spilling::write(core, spill));
        }
        for restore in restores {
            self.help(move |core| spilling::read(core, restore));
        }
        if !forgotten.is_empty() {
            self.help(move |core| {
                core.registry.runtimes().iter().for_each(|runtime| runtime.forget(&forgotten))
            });
        }
        if let Some(departure) = departure {
            self.depart(departure);
        }
    }

    /// Drops values where nobody waits: what is foreign goes in its runtime, and what is large takes its time.
    fn let_go(self: &Arc<Self>, garbage: Vec<Content>) {
        let is_light = |content: &Content| match content {
            Content::Value(Value::Str(_)) => true,
            // As it came: its memory is this process's own.
            Content::Value(Value::Opaque(object)) => object
                .as_any()
                .downcast_ref::<Sealed>()
                .is_some_and(|sealed| sealed.payload().size_bytes() < LIGHT),
            Content::Value(value) => value.is_immediate(),
            Content::Unsendable(_) => false,
        };
        let garbage: Vec<Content> = garbage.into_iter().filter(|content| !is_light(content)).collect();
        if !garbage.is_empty() {
            self.help(move |core| core.free(garbage));
        }
    }

    /// Drops values, and says how much memory there is where that was much.
    fn free(self: &Arc<Self>, garbage: Vec<Content>) {
        let n_bytes = garbage.iter().map(Content::n_bytes).sum();
        drop(garbage);
        self.freed(n_bytes);
    }

    /// So much was let go of: it goes back to the system, and the machine hears how much there is where that was much.
    pub fn freed(self: &Arc<Self>, n_bytes: u64) {
        spilling::trim(self, n_bytes);
        if n_bytes >= LIGHT {
            self.collect();
        }
        if let Some(process_bytes) = self.measure_after(n_bytes) {
            self.on(|state, now, effects| state.measured(Some(process_bytes), 0, now, effects));
        }
    }

    /// Has a helper enter the runtimes of foreign objects. Those that were let go of outside of their runtime wait for somebody to
    /// come in: tasks in native lanes drop tables that look at Python's memory, and a worker that is short of memory may have
    /// no other task to run.
    pub fn collect(self: &Arc<Self>) {
        if self.is_collecting.swap(true, Ordering::AcqRel) {
            return;
        }
        self.help(|core| {
            core.is_collecting.store(false, Ordering::Release);
            enter_lanes(&core.registry, 0, &mut || {});
            spilling::trim_again();
            let process_bytes = core.measure();
            core.on(|state, now, effects| state.measured(process_bytes, 0, now, effects));
        });
    }

    /// How much counts against memory, where that is what the process takes. Freed memory is kept for the next value only
    /// while there is plenty.
    pub fn measure(&self) -> Option<u64> {
        let machine = &self.options.machine;
        let process_bytes = match self.options.measure {
            Measure::Process => process_bytes()?,
            Measure::Values => return None,
        };
        self.unmeasured_bytes.store(0, Ordering::Relaxed);
        let has_plenty = process_bytes < machine.memory_bytes / 100 * machine.target_percent;
        set_recycling(has_plenty && machine.memory_bytes >= PLENTY_BYTES);
        Some(process_bytes)
    }

    /// The same, if values of `n_bytes` together with others before are worth it.
    pub fn measure_after(&self, n_bytes: u64) -> Option<u64> {
        let before = self.unmeasured_bytes.fetch_add(n_bytes, Ordering::Relaxed);
        let due = self.options.machine.memory_bytes / MEASURE_PART;
        if n_bytes > 0 && before.saturating_add(n_bytes) >= due { self.measure() } else { None }
    }

    /// Where connections are served.
    pub fn runtime(&self) -> &Handle {
        &self.runtime
    }

    /// Has a helper do something.
    pub fn help(self: &Arc<Self>, errand: impl FnOnce(&Arc<Self>) + Send + 'static) {
        let core = Arc::clone(self);
        self.helpers.run(&self.registry, move || errand(&core));
    }

    /// What the scheduler is told next; none for nothing.
    ///
    /// # Errors
    /// [`raskt_core::ErrorKind::NotEncodable`]: all that is told was [`closed`](super::job::closed) before.
    pub fn take_said(&self) -> Result<Option<Payload>> {
        let said = std::mem::take(&mut self.state.lock().said);
        let mut batch = Batch::with_functions();
        said.iter().try_for_each(|message| batch.push(message))?;
        Ok(batch.take().map(|(frame, _)| frame))
    }

    /// Waits for a job; none once it is over.
    pub fn next_job(&self) -> Option<Job> {
        let mut state = self.state.lock();
        loop {
            if state.departure.is_some() {
                return None;
            }
            if let Some(job) = state.jobs.pop_front() {
                return Some(job);
            }
            if state.threads().is_gt() {
                state.n_leaving += 1;
                return None;
            }
            self.filled.wait(&mut state);
        }
    }

    /// The thread of a task does not count any more: there is another one in its place.
    pub fn secede(self: &Arc<Self>, attempt: Attempt) {
        let is_short = self.on(|state, now, effects| {
            state.handle(WorkerEvent::Seceded(attempt), now, effects);
            state.threads().is_lt()
        });
        if is_short == Some(true)
            && let Err(error) = executor::start(self)
        {
            // Whoever has seceded may wait for ever for a task that no thread would run.
            let what = "starting a thread of a worker".to_owned();
            self.depart(Departure::Lost(ErrorKind::System { what, reason: error.to_string() }.into()));
        }
    }

    /// Waits until the thread of a task that has seceded may count again, or until it is over.
    pub fn rejoin(self: &Arc<Self>, attempt: Attempt) {
        self.on(|state, now, effects| state.handle(WorkerEvent::Rejoining(attempt), now, effects));
        let mut state = self.state.lock();
        while state.departure.is_none() && !state.resumed.remove(&attempt) {
            self.changed.wait(&mut state);
        }
    }

    /// Reports what became of a task; the caller may run the next one, if there is one.
    pub fn report(
        self: &Arc<Self>,
        attempt: Attempt,
        outcome: Result<Made>,
        duration: Duration,
    ) -> Option<Job> {
        let process_bytes = self.measure_after(outcome.as_ref().map_or(0, Made::n_bytes));
        self.on(|state, now, effects| {
            state.ended(attempt, outcome, duration, process_bytes, now, effects);
            let next = state.jobs.pop_front();
            effects.n_jobs = effects.n_jobs.saturating_sub(usize::from(next.is_some()));
            next
        })?
    }

    /// Whether it is over, for those who serve connections.
    pub fn closing(&self) -> watch::Receiver<bool> {
        self.closing.subscribe()
    }

    /// A thread that runs tasks begins; how many there were before.
    pub fn enter(&self) -> usize {
        let mut state = self.state.lock();
        state.n_executors += 1;
        state.n_executors - 1
    }

    /// A thread that runs tasks ends.
    pub fn leave(&self) {
        let mut state = self.state.lock();
        state.n_executors -= 1;
        state.n_leaving = state.n_leaving.saturating_sub(1);
        drop(state);
        self.changed.notify_all();
    }

    /// It is over, unless it was before.
    pub fn depart(self: &Arc<Self>, departure: Departure) {
        let (values, jobs) = {
            let mut state = self.state.lock();
            if state.departure.is_some() {
                return;
            }
            state.departure = Some(departure);
            state.cancel_all();
            (state.values.take_all(), std::mem::take(&mut state.jobs))
        };
        self.help(move |_| drop((values, jobs)));
        self.helpers.close();
        self.closing.send_replace(true);
        self.filled.notify_all();
        self.changed.notify_all();
    }

    /// Waits until it is over, or for `timeout`.
    pub fn wait(&self, timeout: Option<Duration>) -> Option<Departure> {
        let deadline = timeout.map(|timeout| Instant::now() + timeout);
        let mut state = self.state.lock();
        while state.departure.is_none() {
            match deadline {
                None => self.changed.wait(&mut state),
                Some(deadline) if self.changed.wait_until(&mut state, deadline).timed_out() => break,
                Some(_) => {}
            }
        }
        state.departure.clone()
    }

    /// Once it is over: gives threads a moment to end; how many go on, held by tasks that cannot be stopped.
    pub fn settle(&self, moment: Duration) -> usize {
        let deadline = Instant::now() + moment;
        let n_held = {
            let mut state = self.state.lock();
            while state.n_executors > 0 && !self.changed.wait_until(&mut state, deadline).timed_out() {}
            state.n_executors
        };
        self.helpers.wait_until(deadline);
        if let Some(folder) = &self.folder {
            folder.remove();
        }
        n_held
    }
}
