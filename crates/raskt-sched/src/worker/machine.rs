//! The worker itself: what it knows, and what the scheduler tells it.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use raskt_core::{Error, Name};
use raskt_graph::TaskTable;
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::forecast::Forecast;
use crate::ids::{Attempt, TaskRef, WorkerId};
use crate::messages::{Compute, FromWorker, InputAt, Pressure, ToWorker, Work, WorkerInfo};
use crate::options::WorkerOptions;
use crate::priority::Priority;
use crate::time::Time;

/// What happens to a worker.
#[derive(Clone, Debug)]
pub enum WorkerEvent {
    /// The scheduler says something.
    Scheduler(ToWorker),
    /// Another worker has answered a request; what came is in memory.
    Arrived {
        /// Which request.
        request: u64,
        /// The values, and the size of each.
        values: Vec<(TaskRef, u64)>,
        /// What the other worker does not hold.
        denied: Vec<TaskRef>,
    },
    /// Another worker could not be reached, or its answer broke off.
    Unreachable {
        /// Which request.
        request: u64,
    },
    /// Another worker or a client asks for values.
    Asked {
        /// What the answer is known by.
        asker: u64,
        /// The values.
        values: Vec<TaskRef>,
    },
    /// A client has put a value here.
    Put {
        /// The value.
        value: TaskRef,
        /// Its size.
        n_bytes: u64,
    },
    /// A task has ended; see [`Expanded`](Self::Expanded) for those that become graphs.
    Ended {
        /// Which attempt.
        attempt: Attempt,
        /// The size of its value, or what it raised.
        outcome: Result<u64, Error>,
        /// How long it ran.
        duration: Duration,
    },
    /// A task that runs waits for others, or goes on for long: its thread counts no more, and another task may begin.
    Seceded(Attempt),
    /// A task that has seceded wants its thread counted again. It waits for [`WorkerAction::Resume`].
    Rejoining(Attempt),
    /// A task has ended and asks to be tried again, wherever the scheduler wants.
    GivenBack(Attempt),
    /// A value is on disk, and in memory no more.
    Spilled {
        /// The value.
        value: TaskRef,
        /// What it takes when it is read back.
        n_bytes: u64,
    },
    /// A value could not be written: the disk is full.
    NotSpilled(TaskRef),
    /// A value is in memory again, and on disk no more.
    Restored(TaskRef),
    /// How much memory the process has, as the system says. Without, what counts is the values alone.
    Measured {
        /// In bytes.
        process_bytes: u64,
    },
    /// Time has passed. Said a few times a second.
    Tick,
    /// A task has ended, and has given a graph in place of a value.
    Expanded {
        /// Which attempt.
        attempt: Attempt,
        /// The graph: see [`FromWorker::Expanded`].
        table: Arc<TaskTable>,
        /// How long it ran.
        duration: Duration,
    },
}

/// What a worker wants done.
#[derive(Clone, Debug)]
pub enum WorkerAction {
    /// Tell the scheduler, in this order.
    Tell(FromWorker),
    /// Ask another worker for values; the answer is [`WorkerEvent::Arrived`] or [`WorkerEvent::Unreachable`].
    Fetch {
        /// What the answer is known by.
        request: u64,
        /// The other worker.
        from: WorkerId,
        /// The values.
        values: Vec<TaskRef>,
    },
    /// Run a task; then comes [`WorkerEvent::Ended`] or [`WorkerEvent::Expanded`].
    Run {
        /// Which attempt.
        attempt: Attempt,
        /// What to run.
        work: Work,
        /// The inputs, all in memory, in the order of the row's.
        inputs: Vec<TaskRef>,
    },
    /// A task that [rejoins](WorkerEvent::Rejoining) goes on.
    Resume(Attempt),
    /// What the attempt made is its task's value from now on.
    Keep(Attempt),
    /// What the attempt made is not needed.
    Discard(Attempt),
    /// Answer who asked with the values that are here, in memory or on disk.
    Serve {
        /// Who.
        asker: u64,
        /// What is here.
        held: Vec<TaskRef>,
        /// What is not.
        denied: Vec<TaskRef>,
    },
    /// Values are not needed any more, wherever they are.
    Drop(Vec<TaskRef>),
    /// Write a value to disk.
    Spill(TaskRef),
    /// Read a value back.
    Restore(TaskRef),
    /// Nothing is needed of this worker: it may end.
    Leave,
}

/// Where a value is, as seen from here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum At {
    /// Not here, and not asked for: it is in the queue of what is to be fetched, or no worker is known to hold it.
    Elsewhere,
    /// On its way here, with a request.
    Coming(u64),
    Memory,
    /// In memory, and being written to disk.
    Leaving,
    Disk,
    /// On disk, and being read.
    Returning,
}

impl At {
    pub fn is_here(self) -> bool {
        !matches!(self, Self::Elsewhere | Self::Coming(_))
    }
}

/// A value that is here, or should be.
#[derive(Debug)]
pub(super) struct Value {
    pub at: At,
    pub n_bytes: u64,
    /// What the scheduler said of where it is.
    pub holders: SmallVec<[WorkerId; 4]>,
    /// Holders that say that they do not have it.
    pub denied: SmallVec<[WorkerId; 2]>,
    /// How often holders could not be reached.
    pub n_tries: u32,
    /// Who needs it first, of those that need it fetched or read back.
    pub priority: Priority,
    /// Tasks that wait here and need it, once for each mention.
    pub consumers: Vec<TaskRef>,
    /// The scheduler wants it here, whether a task does or not.
    pub is_wanted: bool,
    /// Tasks that run with it.
    pub n_pins: u32,
    /// What made it here.
    pub made_by: Option<Attempt>,
    /// When it was last used, as a number that grows.
    pub used: u64,
}

/// A task that was sent here, and has not begun.
#[derive(Debug)]
pub(super) struct Pending {
    pub attempt: Attempt,
    pub priority: Priority,
    pub work: Work,
    pub inputs: Vec<TaskRef>,
    pub resources: Arc<[(Name, u64)]>,
    /// Inputs that are not in memory.
    pub n_missing: usize,
}

/// A task that runs.
#[derive(Debug)]
pub(super) struct Running {
    pub inputs: Vec<TaskRef>,
    pub resources: Arc<[(Name, u64)]>,
    pub work: Work,
    /// How large its value is expected to be.
    pub expected_bytes: u64,
    /// The scheduler does not want it any more.
    pub is_withdrawn: bool,
    /// Its thread does not count.
    pub has_seceded: bool,
}

/// A worker: a state machine.
#[derive(Debug)]
pub struct Worker {
    pub(super) options: WorkerOptions,
    pub(super) n_threads: usize,
    pub(super) resources: Vec<(Name, u64)>,
    pub(super) now: Time,
    pub(super) values: FxHashMap<TaskRef, Value>,
    pub(super) pending: FxHashMap<TaskRef, Pending>,
    pub(super) running: BTreeMap<Attempt, Running>,
    /// How many of them have seceded.
    pub(super) n_seceded: usize,
    /// Tasks that have seceded and wait to go on.
    pub(super) rejoining: VecDeque<Attempt>,
    /// Tasks whose inputs are in memory.
    pub(super) ready: BTreeSet<(Priority, TaskRef)>,
    /// Values to be asked for.
    pub(super) to_fetch: BTreeSet<(Priority, TaskRef)>,
    /// Requests under way: whom, what, how many bytes, since when.
    pub(super) requests: BTreeMap<u64, Request>,
    pub(super) incoming_bytes: u64,
    /// Values on disk that tasks here need.
    pub(super) to_restore: BTreeSet<(Priority, TaskRef)>,
    /// Of values that are being read.
    pub(super) returning_bytes: u64,
    /// How large the values of kinds of tasks were.
    pub(super) forecast: Forecast,
    /// What running tasks are expected to make.
    pub(super) expected_bytes: u64,
    /// Workers that could not be reached, until when they are left alone.
    pub(super) left_alone: BTreeMap<WorkerId, Time>,
    pub(super) n_requests: u64,
    /// Values in memory that nothing pins, the least recently used first.
    pub(super) spillable: BTreeSet<(u64, TaskRef)>,
    pub(super) memory_bytes: u64,
    pub(super) leaving_bytes: u64,
    pub(super) process_bytes: u64,
    pub(super) is_disk_full: bool,
    /// When it was found to be full.
    pub(super) disk_full_at: Time,
    pub(super) pressure: Pressure,
    /// Since when nothing has been under way that would free memory.
    pub(super) at_rest_since: Option<Time>,
    pub(super) n_uses: u64,
    pub(super) actions: Vec<WorkerAction>,
}

/// A request to another worker.
#[derive(Debug)]
pub(super) struct Request {
    pub from: WorkerId,
    pub values: Vec<TaskRef>,
    pub n_bytes: u64,
    pub since: Time,
}

impl Worker {
    /// A worker that holds nothing.
    #[must_use]
    pub fn new(info: &WorkerInfo, mut options: WorkerOptions) -> Self {
        // Small workers ask for little at a time.
        options.request_bytes_max = options.request_bytes_max.min(options.memory_bytes / 16);
        options.incoming_bytes_max = options.incoming_bytes_max.min(options.memory_bytes / 8);
        Self {
            options,
            n_threads: info.n_threads.max(1) as usize,
            resources: info.resources.clone(),
            now: Time::default(),
            values: FxHashMap::default(),
            pending: FxHashMap::default(),
            running: BTreeMap::new(),
            n_seceded: 0,
            rejoining: VecDeque::new(),
            ready: BTreeSet::new(),
            to_fetch: BTreeSet::new(),
            requests: BTreeMap::new(),
            incoming_bytes: 0,
            to_restore: BTreeSet::new(),
            returning_bytes: 0,
            forecast: Forecast::default(),
            expected_bytes: 0,
            left_alone: BTreeMap::new(),
            n_requests: 0,
            spillable: BTreeSet::new(),
            memory_bytes: 0,
            leaving_bytes: 0,
            process_bytes: 0,
            is_disk_full: false,
            disk_full_at: Time::default(),
            pressure: Pressure::Low,
            at_rest_since: None,
            n_uses: 0,
            actions: Vec::new(),
        }
    }

    /// Handles an event; what is to be done is appended to `actions`, in order.
    pub fn handle(&mut self, event: WorkerEvent, now: Time, actions: &mut Vec<WorkerAction>) {
        self.now = now;
        match event {
            WorkerEvent::Scheduler(message) => self.hear(message),
            WorkerEvent::Arrived { request, values, denied } => self.arrived(request, &values, &denied),
            WorkerEvent::Unreachable { request } => self.unreachable(request),
            WorkerEvent::Asked { asker, values } => {
                let is_held =
                    |value: &TaskRef| self.values.get(value).is_some_and(|value| value.at.is_here());
                let (held, denied) = values.into_iter().partition(is_held);
                self.actions.push(WorkerAction::Serve { asker, held, denied });
            }
            WorkerEvent::Put { value, n_bytes } => {
                self.keep(value, n_bytes, None);
                self.tell(FromWorker::Acquired { values: vec![(value, n_bytes)], duration: None });
            }
            WorkerEvent::Ended { attempt, outcome, duration } => self.ended(attempt, outcome, duration),
            WorkerEvent::Expanded { attempt, table, duration } => self.expanded(attempt, table, duration),
            WorkerEvent::Seceded(attempt) => self.secede(attempt),
            WorkerEvent::Rejoining(attempt) => self.rejoining.push_back(attempt),
            WorkerEvent::GivenBack(attempt) => {
                if self.end(attempt).is_some_and(|ended| !ended.is_withdrawn) {
                    self.tell(FromWorker::Returned(attempt));
                }
            }
            WorkerEvent::Spilled { value, n_bytes } => self.spilled(value, n_bytes),
            WorkerEvent::NotSpilled(value) => self.not_spilled(value),
            WorkerEvent::Restored(value) => self.restored(value),
            WorkerEvent::Measured { process_bytes } => self.process_bytes = process_bytes,
            WorkerEvent::Tick => {
                // Room on a disk is made by others, and nobody says so.
                let is_due = self.now.since(self.disk_full_at) >= self.options.disk_retry_delay;
                self.is_disk_full &= !is_due;
                self.tell(FromWorker::Heartbeat { pressure: self.pressure });
            }
        }
        self.relieve();
        self.start();
        self.fetch();
        self.bring_back();
        actions.append(&mut self.actions);
    }

    /// Whether the worker holds the value, in memory or on disk.
    #[must_use]
    pub fn holds(&self, value: TaskRef) -> bool {
        self.values.get(&value).is_some_and(|value| value.at.is_here())
    }

    /// How many tasks run that have [seceded](WorkerEvent::Seceded).
    #[must_use]
    pub fn n_seceded(&self) -> usize {
        self.n_seceded
    }

    /// How many values it holds.
    #[must_use]
    pub fn n_held(&self) -> usize {
        self.values.values().filter(|value| value.at.is_here()).count()
    }

    pub(super) fn tell(&mut self, message: FromWorker) {
        self.actions.push(WorkerAction::Tell(message));
    }

    fn hear(&mut self, message: ToWorker) {
        match message {
            ToWorker::Compute(compute) => self.receive(*compute),
            ToWorker::Withdraw(attempt) => {
                self.take_back(attempt);
                if let Some(running) = self.running.get_mut(&attempt) {
                    running.is_withdrawn = true;
                }
                // Its report and the withdrawal have crossed.
                if self.values.get(&attempt.of).is_some_and(|value| value.made_by == Some(attempt)) {
                    self.drop_value(attempt.of);
                }
            }
            ToWorker::Return(attempt) => {
                if self.take_back(attempt) {
                    self.tell(FromWorker::Returned(attempt));
                }
            }
            ToWorker::Free(values) => {
                for value in values {
                    self.drop_value(value);
                }
            }
            ToWorker::Acquire(inputs) => {
                for input in inputs {
                    self.acquire(input);
                }
            }
            ToWorker::Located(input) => {
                if self.values.get(&input.value).is_some_and(|value| value.at == At::Elsewhere) {
                    self.locate(&input);
                }
            }
            ToWorker::Dismiss => self.actions.push(WorkerAction::Leave),
        }
    }

    fn receive(&mut self, compute: Compute) {
        let Compute { attempt, priority, work, inputs, resources } = compute;
        let task = attempt.of;
        let is_known = self.pending.get(&task).is_some_and(|pending| pending.attempt == attempt);
        let is_made = self.values.get(&task).is_some_and(|value| value.made_by == Some(attempt));
        if is_known || is_made || self.running.contains_key(&attempt) {
            return;
        }
        let mut n_missing = 0;
        for input in &inputs {
            let value = self.value(input, priority);
            value.consumers.push(task);
            if !matches!(value.at, At::Memory | At::Leaving) {
                n_missing += 1;
            }
            match value.at {
                At::Elsewhere => self.locate(input),
                At::Disk => self.want_back(input.value, priority),
                At::Coming(_) | At::Memory | At::Leaving | At::Returning => {}
            }
        }
        let inputs = inputs.into_iter().map(|input| input.value).collect();
        self.pending.insert(task, Pending { attempt, priority, work, inputs, resources, n_missing });
        if n_missing == 0 {
            self.ready.insert((priority, task));
        }
    }

    /// What is known of a value, or is to be.
    fn value(&mut self, input: &InputAt, priority: Priority) -> &mut Value {
        self.values.entry(input.value).or_insert_with(|| Value::elsewhere(input.n_bytes, priority))
    }

    fn acquire(&mut self, input: InputAt) {
        let value = self.value(&input, Priority::new(0, u32::MAX, u32::MAX));
        match value.at {
            At::Elsewhere | At::Coming(_) => {
                value.is_wanted = true;
                if value.at == At::Elsewhere {
                    self.locate(&input);
                }
            }
            At::Memory | At::Leaving | At::Disk | At::Returning => {
                self.tell(FromWorker::Acquired {
                    values: vec![(input.value, input.n_bytes)],
                    duration: None,
                });
            }
        }
    }

    /// Takes back an attempt that has not begun; whether it was here.
    fn take_back(&mut self, attempt: Attempt) -> bool {
        if self.pending.get(&attempt.of).is_none_or(|pending| pending.attempt != attempt) {
            return false;
        }
        if let Some(pending) = self.pending.remove(&attempt.of) {
            self.ready.remove(&(pending.priority, attempt.of));
            for input in pending.inputs {
                self.forget_consumer(input, attempt.of);
            }
        }
        true
    }

    /// A task does not wait for a value any more. One that nobody else needs is not fetched.
    pub(super) fn forget_consumer(&mut self, input: TaskRef, consumer: TaskRef) {
        let Some(value) = self.values.get_mut(&input) else { return };
        if let Some(place) = value.consumers.iter().position(|&other| other == consumer) {
            value.consumers.swap_remove(place);
        }
        if value.consumers.is_empty() {
            self.to_restore.remove(&(value.priority, input));
        }
        if value.consumers.is_empty() && !value.is_wanted && !value.at.is_here() {
            self.to_fetch.remove(&(value.priority, input));
            self.values.remove(&input);
        }
    }

    /// A value need not be here any more. Tasks that wait here need it nevertheless, and the scheduler hears of that.
    fn drop_value(&mut self, of: TaskRef) {
        let Some(value) = self.values.get_mut(&of) else { return };
        value.is_wanted = false;
        if value.at.is_here() {
            self.leave_memory(of);
            self.actions.push(WorkerAction::Drop(vec![of]));
        }
        let Some(value) = self.values.get_mut(&of) else { return };
        if value.consumers.is_empty() {
            self.to_fetch.remove(&(value.priority, of));
            self.values.remove(&of);
        } else if value.at.is_here() {
            let was_in_memory = matches!(value.at, At::Memory | At::Leaving);
            (value.at, value.made_by) = (At::Elsewhere, None);
            value.holders.clear();
            let consumers = value.consumers.clone();
            if was_in_memory {
                for consumer in consumers {
                    self.lacks(consumer);
                }
            }
            self.miss(of);
        }
    }
}

impl Value {
    pub fn elsewhere(n_bytes: u64, priority: Priority) -> Self {
        Self {
            at: At::Elsewhere,
            n_bytes,
            holders: SmallVec::new(),
            denied: SmallVec::new(),
            n_tries: 0,
            priority,
            consumers: Vec::new(),
            is_wanted: false,
            n_pins: 0,
            made_by: None,
            used: 0,
        }
    }
}
