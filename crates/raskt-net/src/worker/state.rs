//! The machine with what it decides about: values, jobs, messages on their way out. All of it is behind one lock.

use std::cmp::Ordering;
use std::collections::VecDeque;
use std::time::Duration;

use raskt_core::{Error, ErrorKind, FunctionId, Result, Value};
use raskt_exec::CancelToken;
use raskt_sched::{
    Attempt, FromWorker, TaskRef, Time, ToWorker, Work, Worker, WorkerAction, WorkerEvent, WorkerId,
};
use raskt_store::{Dealings, SpilledFile, value_bytes};
use rustc_hash::{FxHashMap, FxHashSet};

use super::daemon::Departure;
use super::job::{Input, Job, Made};
use super::values::{Content, Held, Source, Values};
use crate::transport::Address;
use crate::wire::WorkerSays;

/// Smaller values stay in memory: a file takes as much.
const SPILL_BYTES_MIN: u64 = 4 << 10;

/// The machine, and what it decides about.
pub(super) struct State {
    pub machine: Worker,
    pub values: Values,
    /// What the scheduler is told, as far as it has not been written.
    pub said: Vec<WorkerSays>,
    /// Tasks that are to be run, as many as there are threads at most.
    pub jobs: VecDeque<Job>,
    /// Where other workers are.
    pub peers: FxHashMap<WorkerId, Address>,
    /// How it came to an end, once it has.
    pub departure: Option<Departure>,
    /// Threads that run tasks, and have not ended.
    pub n_executors: usize,
    /// Those of them that are about to end, since there are more than are needed.
    pub n_leaving: usize,
    id: WorkerId,
    n_threads: u32,
    can_spill: bool,
    /// Tasks that run, or are in `jobs`.
    running: FxHashMap<Attempt, CancelToken>,
    /// Tasks that had seceded and may go on.
    pub resumed: FxHashSet<Attempt>,
    /// What an attempt has made of which the machine has not said yet whether it is kept.
    made: Option<(Attempt, Value)>,
    /// Of which task what was sent through an exchange is the value.
    sent: FxHashMap<u64, TaskRef>,
    events: VecDeque<WorkerEvent>,
    actions: Vec<WorkerAction>,
}

/// A request to another worker.
pub(super) struct Fetch {
    pub request: u64,
    pub from: WorkerId,
    pub address: Option<Address>,
    pub values: Vec<TaskRef>,
}

/// A value that is to be written to disk, or read from there.
pub(super) struct Move<T> {
    pub of: TaskRef,
    pub serial: u64,
    pub what: T,
}

/// What an answer to a request is made of.
#[derive(Default)]
pub(super) struct Served {
    pub held: Vec<(TaskRef, Source)>,
    pub denied: Vec<TaskRef>,
}

/// What is to be done once the lock is free.
#[derive(Default)]
pub(super) struct Effects {
    pub garbage: Vec<Content>,
    pub files: Vec<SpilledFile>,
    pub fetches: Vec<Fetch>,
    pub spills: Vec<Move<Value>>,
    pub restores: Vec<Move<SpilledFile>>,
    pub forgotten: Vec<FunctionId>,
    pub served: Served,
    /// Whether the scheduler is to be told something.
    pub has_said: bool,
    /// How many threads would find a job.
    pub n_jobs: usize,
    /// Whether a task that waits for that may go on.
    pub has_resumed: bool,
    pub departure: Option<Departure>,
}

impl Effects {
    pub fn let_go(&mut self, held: Held) {
        self.garbage.extend(held.content);
        self.files.extend(held.file);
    }
}

impl State {
    pub fn new(machine: Worker, id: WorkerId, n_threads: u32, can_spill: bool) -> Self {
        Self {
            machine,
            values: Values::default(),
            said: Vec::new(),
            jobs: VecDeque::new(),
            peers: FxHashMap::default(),
            departure: None,
            n_executors: 0,
            n_leaving: 0,
            id,
            n_threads,
            can_spill,
            running: FxHashMap::default(),
            resumed: FxHashSet::default(),
            made: None,
            sent: FxHashMap::default(),
            events: VecDeque::new(),
            actions: Vec::new(),
        }
    }

    /// Has the machine handle an event, and does what it says as far as that needs the lock.
    pub fn handle(&mut self, event: WorkerEvent, now: Time, effects: &mut Effects) {
        self.events.push_back(event);
        while let Some(event) = self.events.pop_front() {
            let mut actions = std::mem::take(&mut self.actions);
            self.machine.handle(event, now, &mut actions);
            actions.drain(..).for_each(|action| self.act(action, effects));
            self.actions = actions;
        }
    }

    fn act(&mut self, action: WorkerAction, effects: &mut Effects) {
        match action {
            WorkerAction::Tell(message) => self.tell(WorkerSays::Say(message), effects),
            WorkerAction::Fetch { request, from, values } => {
                let address = self.peers.get(&from).cloned();
                effects.fetches.push(Fetch { request, from, address, values });
            }
            WorkerAction::Run { attempt, work, inputs } => {
                let job = self.job(attempt, work, &inputs);
                self.jobs.push_back(job);
                effects.n_jobs += 1;
            }
            WorkerAction::Resume(attempt) => {
                self.resumed.insert(attempt);
                effects.has_resumed = true;
            }
            WorkerAction::Keep(attempt) => {
                if let Some((_, value)) = self.made.take_if(|(of, _)| *of == attempt) {
                    effects.garbage.extend(self.values.keep(attempt.of, Content::Value(value)));
                }
            }
            WorkerAction::Discard(attempt) => {
                let made = self.made.take_if(|(of, _)| *of == attempt);
                effects.garbage.extend(made.map(|(_, value)| Content::Value(value)));
            }
            WorkerAction::Serve { held, denied, .. } => {
                effects.served = Served { held: self.sources(held), denied };
            }
            WorkerAction::Drop(values) => {
                self.sent.retain(|_, of| !values.contains(of));
                let gone = values.into_iter().filter_map(|of| self.values.remove(of));
                gone.for_each(|held| effects.let_go(held));
            }
            WorkerAction::Spill(of) => self.spill(of, effects),
            WorkerAction::Restore(of) => self.restore(of, effects),
            WorkerAction::Leave => effects.departure = Some(Departure::Dismissed),
        }
    }

    /// Tells the scheduler something, after what it was told before.
    pub fn tell(&mut self, message: WorkerSays, effects: &mut Effects) {
        effects.has_said = true;
        self.said.push(message);
    }

    /// The scheduler says something.
    pub fn hear(&mut self, message: ToWorker, now: Time, effects: &mut Effects) {
        if let ToWorker::Withdraw(attempt) = &message
            && let Some(token) = self.running.get(attempt)
        {
            token.cancel();
        }
        self.handle(WorkerEvent::Scheduler(message), now, effects);
    }

    fn job(&mut self, attempt: Attempt, work: Work, inputs: &[TaskRef]) -> Job {
        let cancel = CancelToken::default();
        self.running.insert(attempt, cancel.clone());
        let n_threads = (self.n_threads as usize / self.running.len()).max(1);
        Job { attempt, work, inputs: self.inputs(inputs), cancel, n_threads }
    }

    /// The values that a task runs with.
    pub fn inputs(&self, inputs: &[TaskRef]) -> Vec<Input> {
        let input = |&of: &TaskRef| {
            let held = self.values.get(of);
            let found = held.and_then(|held| held.source().map(|source| (held.serial, source)));
            debug_assert!(found.is_some(), "{of} is in memory for the machine alone");
            let absent = || ErrorKind::MissingKey { key: of.to_string(), path: Vec::new() };
            let missing = || (0, Source::Memory(Content::Unsendable(absent().into())));
            let (serial, source) = found.unwrap_or_else(missing);
            Input { of, serial, source }
        };
        inputs.iter().map(input).collect()
    }

    /// A task has ended.
    pub fn ended(
        &mut self,
        attempt: Attempt,
        outcome: Result<Made>,
        duration: Duration,
        process_bytes: Option<u64>,
        now: Time,
        effects: &mut Effects,
    ) {
        self.running.remove(&attempt);
        self.measured(process_bytes, outcome.as_ref().map_or(0, Made::n_bytes), now, effects);
        let event = match outcome {
            Ok(Made::Value(value, n_bytes)) => {
                self.made = Some((attempt, value));
                WorkerEvent::Ended { attempt, outcome: Ok(n_bytes), duration }
            }
            Ok(Made::Nothing) => WorkerEvent::GivenBack(attempt),
            Ok(Made::Graph(table)) => WorkerEvent::Expanded { attempt, table, duration },
            Err(error) => WorkerEvent::Ended { attempt, outcome: Err(error), duration },
        };
        self.handle(event, now, effects);
        // Of an attempt that the machine does not know any more.
        let made = self.made.take();
        effects.garbage.extend(made.map(|(_, value)| Content::Value(value)));
    }

    /// A task that is about to end has sent or received pieces.
    pub fn exchanged(&mut self, attempt: Attempt, dealings: Dealings, effects: &mut Effects) {
        let Dealings { sent, has_received, n_from_elsewhere, bytes_from_elsewhere, waited } = dealings;
        let said = FromWorker::Exchanged {
            attempt,
            has_sent: !sent.is_empty(),
            has_received,
            n_pieces: n_from_elsewhere,
            n_bytes: bytes_from_elsewhere,
            waited,
        };
        self.tell(WorkerSays::Say(said), effects);
        self.sent.extend(sent.into_iter().map(|number| (number, attempt.of)));
    }

    /// What was sent under that number cannot be read.
    pub fn lose_pieces(&mut self, number: u64, now: Time, effects: &mut Effects) {
        if let Some(of) = self.sent.remove(&number) {
            self.lose(of, now, effects);
        }
    }

    /// A value that was here is not any more. The scheduler hears it before the machine says that it misses the value, and so does
    /// not name this worker.
    fn lose(&mut self, of: TaskRef, now: Time, effects: &mut Effects) {
        let lost = FromWorker::Missing { value: of, denied: vec![self.id], unreachable: Vec::new() };
        self.tell(WorkerSays::Say(lost), effects);
        self.handle(WorkerEvent::Scheduler(ToWorker::Free(vec![of])), now, effects);
    }

    /// How many threads there are, compared with how many are needed.
    pub fn threads(&self) -> Ordering {
        (self.n_executors - self.n_leaving).cmp(&(self.n_threads as usize + self.machine.n_seceded()))
    }

    /// Everything that runs is to stop.
    pub fn cancel_all(&self) {
        self.running.values().for_each(CancelToken::cancel);
    }

    /// Another worker has answered.
    pub fn arrived(
        &mut self,
        request: u64,
        values: Vec<(TaskRef, Content, u64)>,
        denied: Vec<TaskRef>,
        now: Time,
        effects: &mut Effects,
    ) {
        let keep = |(of, content, n_bytes)| {
            effects.garbage.extend(self.values.keep(of, content));
            (of, n_bytes)
        };
        let values = values.into_iter().map(keep).collect();
        self.handle(WorkerEvent::Arrived { request, values, denied }, now, effects);
    }

    /// A client puts a value here.
    pub fn put(&mut self, value: TaskRef, content: Content, n_bytes: u64, now: Time, effects: &mut Effects) {
        effects.garbage.extend(self.values.keep(value, content));
        self.handle(WorkerEvent::Put { value, n_bytes }, now, effects);
    }

    /// An input was opened: it stays so.
    pub fn opened(&mut self, of: TaskRef, serial: u64, value: Value, effects: &mut Effects) {
        if let Some(held) = self.values.get_mut(of, serial)
            && let Some(content) = held.content.as_mut()
        {
            effects.garbage.push(std::mem::replace(content, Content::Value(value)));
        }
    }

    fn sources(&self, held: Vec<TaskRef>) -> Vec<(TaskRef, Source)> {
        let source = |of| self.values.get(of)?.source().map(|source| (of, source));
        held.into_iter().filter_map(source).collect()
    }

    /// A value is to go to disk. One that is small stays nevertheless, since a file costs more than it frees, and so does one
    /// that has no encoded form: the machine is told that they have gone, so that it chooses others.
    fn spill(&mut self, of: TaskRef, effects: &mut Effects) {
        let serial = self.values.get(of).map_or(0, |held| held.serial);
        let Some(held) = self.values.get_mut(of, serial) else { return };
        let has_file = held.file.is_some();
        let n_bytes = held.n_bytes();
        match &held.content {
            Some(Content::Value(value)) if !has_file && value_bytes(value) >= SPILL_BYTES_MIN => {
                match self.can_spill {
                    true => effects.spills.push(Move { of, serial, what: value.clone() }),
                    false => self.events.push_back(WorkerEvent::NotSpilled(of)),
                }
            }
            _ => {
                if has_file {
                    effects.garbage.extend(held.content.take());
                }
                self.events.push_back(WorkerEvent::Spilled { value: of, n_bytes });
            }
        }
    }

    /// A value was written: here is what was held in memory of it.
    pub fn written(
        &mut self,
        of: TaskRef,
        serial: u64,
        file: SpilledFile,
        effects: &mut Effects,
    ) -> Option<Content> {
        match self.values.get_mut(of, serial) {
            Some(held) => {
                held.file = Some(file);
                held.content.take()
            }
            None => {
                // It was dropped meanwhile.
                effects.files.push(file);
                None
            }
        }
    }

    /// How much the process takes was measured, with `n_bytes` that the machine hears of next.
    pub fn measured(&mut self, process_bytes: Option<u64>, n_bytes: u64, now: Time, effects: &mut Effects) {
        if let Some(process_bytes) = process_bytes {
            let process_bytes = process_bytes.saturating_sub(n_bytes);
            self.handle(WorkerEvent::Measured { process_bytes }, now, effects);
        }
    }

    /// A value was written, and is in memory no more, or could not be written.
    pub fn spilled(
        &mut self,
        of: TaskRef,
        serial: u64,
        outcome: Result<()>,
        now: Time,
        effects: &mut Effects,
    ) {
        let Some(n_bytes) = self.values.get_mut(of, serial).map(|held| held.n_bytes()) else { return };
        let event = match outcome {
            Ok(()) => WorkerEvent::Spilled { value: of, n_bytes },
            Err(error) if matches!(error.kind(), ErrorKind::DiskFull { .. } | ErrorKind::Io { .. }) => {
                WorkerEvent::NotSpilled(of)
            }
            Err(_) => WorkerEvent::Spilled { value: of, n_bytes },
        };
        self.handle(event, now, effects);
    }

    fn restore(&mut self, of: TaskRef, effects: &mut Effects) {
        let Some(held) = self.values.get(of) else { return };
        match (&held.content, &held.file) {
            (Some(_), _) | (None, None) => self.events.push_back(WorkerEvent::Restored(of)),
            (None, Some(file)) => {
                effects.restores.push(Move { of, serial: held.serial, what: file.clone() });
            }
        }
    }

    /// A value was read back. One that could not be is lost: it is computed again.
    pub fn restored(
        &mut self,
        of: TaskRef,
        serial: u64,
        outcome: Result<Value, Error>,
        now: Time,
        effects: &mut Effects,
    ) {
        let Some(held) = self.values.get_mut(of, serial) else {
            return effects.garbage.extend(outcome.map(Content::Value));
        };
        match outcome {
            Ok(value) => {
                held.content = Some(Content::Value(value));
                self.handle(WorkerEvent::Restored(of), now, effects);
            }
            Err(_) => self.lose(of, now, effects),
        }
    }
}
