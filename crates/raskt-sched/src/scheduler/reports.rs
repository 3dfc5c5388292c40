//! What workers say.

use std::time::Duration;

use raskt_core::Error;
use smallvec::SmallVec;

use super::machine::Scheduler;
use super::task::{Progress, State, Ties};
use crate::failure::Reason;
use crate::ids::{Attempt, TaskId, TaskRef, WorkerId};
use crate::messages::{FromWorker, Pressure, ToWorker};

/// Transfers of fewer bytes say more of latency than of bandwidth.
const MEASURED_BYTES_MIN: u64 = 1 << 16;
/// How much the newest measured bandwidth counts.
const NEWEST: f64 = 0.1;

impl Scheduler {
    pub(super) fn hear_worker(&mut self, worker: WorkerId, message: FromWorker) {
        let now = self.now;
        match self.workers.get_mut(worker) {
            Some(speaker) => speaker.heard = now,
            None => return,
        }
        match message {
            FromWorker::Started(attempt) => self.started(worker, attempt),
            FromWorker::Finished { attempt, n_bytes, duration } => {
                if let Some(task) = self.current(worker, attempt) {
                    self.learn(task, duration);
                    self.unassign(task);
                    self.holders.insert(task, worker, 0);
                    self.complete(task, n_bytes);
                }
            }
            FromWorker::Failed { attempt, error } => {
                if let Some(task) = self.current(worker, attempt) {
                    self.raised(worker, task, error);
                }
            }
            FromWorker::Expanded { attempt, table, duration } => {
                if let Some(task) = self.current(worker, attempt) {
                    self.learn(task, duration);
                    self.unassign(task);
                    if let Err(error) = self.grow(task, &table) {
                        self.raised(worker, task, error);
                    }
                }
            }
            FromWorker::Returned(attempt) => {
                if let Some(task) = self.current(worker, attempt) {
                    self.unassign(task);
                    self.wait_again(task);
                }
            }
            FromWorker::Seceded(attempt) => {
                if let Some(task) = self.current(worker, attempt)
                    && !self.workers[worker].seceded.contains(&task)
                {
                    self.workers[worker].seceded.push(task);
                    self.workers.reindex(worker, &self.options.prefill);
                    self.hungry.push(worker);
                }
            }
            FromWorker::Rejoined(attempt) => {
                if let Some(task) = self.current(worker, attempt) {
                    self.workers[worker].seceded.retain(|&other| other != task);
                    self.workers.reindex(worker, &self.options.prefill);
                }
            }
            FromWorker::Exchanged { attempt, has_sent, has_received, .. } => {
                if let Some(task) = self.current(worker, attempt) {
                    self.tasks[task].ties = Ties { is_rooted: has_sent, needs_inputs: false, has_received };
                }
            }
            FromWorker::Acquired { values, duration } => self.acquired(worker, &values, duration),
            FromWorker::Missing { value, denied, unreachable } => {
                self.worker_misses(worker, value, &denied, !unreachable.is_empty());
            }
            FromWorker::Heartbeat { pressure } => self.pressed(worker, pressure),
        }
    }

    fn learn(&mut self, task: TaskId, duration: Duration) {
        let family = self.tasks[task].family;
        if self.families.learn(family, duration) {
            self.estimate_again(family);
        }
    }

    fn raised(&mut self, worker: WorkerId, task: TaskId, error: Error) {
        let worker = self.workers[worker].info.name.clone();
        self.unassign(task);
        if self.tasks[task].n_retries > 0 {
            self.tasks[task].n_retries -= 1;
            self.wait_again(task);
        } else {
            self.fail(task, Reason::Raised { worker, error });
        }
    }

    /// The task of an attempt that is under way at the worker; what is said of another one is late.
    fn current(&self, worker: WorkerId, attempt: Attempt) -> Option<TaskId> {
        let task = self.tasks.resolve(attempt.of)?;
        let is_there = matches!(self.tasks[task].state, State::Assigned { worker: at, .. } if at == worker);
        (is_there && self.attempt(task) == attempt).then_some(task)
    }

    fn started(&mut self, worker: WorkerId, attempt: Attempt) {
        if let Some(task) = self.current(worker, attempt) {
            self.forget_recall(task);
            if self.tasks[task].state != (State::Assigned { worker, progress: Progress::Running }) {
                self.end_transfers(task, worker);
                self.tasks.set_state(task, State::Assigned { worker, progress: Progress::Running });
                self.tasks[task].ties = Ties::default();
                self.tasks[task].since = self.now;
            }
        }
    }

    fn acquired(&mut self, worker: WorkerId, values: &[(TaskRef, u64)], duration: Option<Duration>) {
        let n_bytes: u64 = values.iter().map(|&(_, n_bytes)| n_bytes).sum();
        if let Some(duration) = duration
            && n_bytes >= MEASURED_BYTES_MIN
        {
            let measured = n_bytes as f64 / duration.as_secs_f64().max(1e-6);
            self.bandwidth += NEWEST * (measured - self.bandwidth);
        }
        for &(value, n_bytes) in values {
            match self.tasks.resolve(value) {
                Some(task) => self.hold(task, worker, n_bytes),
                None => self.to_free.push((worker, value)),
            }
        }
    }

    /// A worker holds a value. One that is not, or not any more, to be held anywhere is freed.
    pub(super) fn hold(&mut self, task: TaskId, worker: WorkerId, n_bytes: u64) {
        if self.workers.get(worker).is_none() {
            return;
        }
        let donor = self.end_incoming(task, worker);
        self.end_transfer(task, worker);
        let is_known = self.holders.of_left(task).any(|(_, holder)| holder == worker);
        match self.tasks[task].state {
            State::InMemory if is_known => {}
            State::InMemory => {
                self.holders.insert(task, worker, 0);
            }
            State::Reserved => {
                self.holders.insert(task, worker, 0);
                self.complete(task, n_bytes);
            }
            State::Vacant
            | State::Released
            | State::Waiting { .. }
            | State::Queued(_)
            | State::Assigned { .. }
            | State::Failed => self.to_free.push((worker, self.tasks.reference(task))),
        }
        if let Some(donor) = donor {
            self.drop_moved(task, donor);
        }
    }

    /// A worker says that it does not hold a value, which it may have got since: it need not, from now on.
    pub(super) fn deny(&mut self, task: TaskId, worker: WorkerId) {
        if self.holders.of_left(task).any(|(_, holder)| holder == worker) {
            self.to_free.push((worker, self.tasks.reference(task)));
            self.drop_holder(task, worker);
        }
    }

    fn worker_misses(&mut self, worker: WorkerId, value: TaskRef, denied: &[WorkerId], is_cut_off: bool) {
        let Some(task) = self.tasks.resolve(value) else { return };
        self.end_incoming(task, worker);
        for &holder in denied {
            self.deny(task, holder);
        }
        if self.tasks[task].state != State::InMemory {
            // It is computed again, and who waited for it at the worker does so here.
            return;
        }
        let needs = |consumer: &TaskId| {
            let is_sent = match self.tasks[*consumer].state {
                State::Assigned { progress, .. } => progress != Progress::Running,
                _ => false,
            };
            is_sent && self.tasks.loaded_inputs(*consumer).any(|input| input == task)
        };
        let consumers: SmallVec<[TaskId; 4]> =
            self.workers[worker].assigned.iter().copied().filter(needs).collect();
        if consumers.is_empty() {
            return;
        }
        if is_cut_off {
            for consumer in consumers {
                self.wait_again(consumer);
            }
        } else {
            let input = self.located(task, None);
            self.tell_worker(worker, ToWorker::Located(input));
        }
    }

    fn pressed(&mut self, worker: WorkerId, pressure: Pressure) {
        let old = std::mem::replace(&mut self.workers[worker].pressure, pressure);
        if old == pressure {
            return;
        }
        self.workers.reindex(worker, &self.options.prefill);
        match pressure {
            Pressure::Paused => self.clear_out(worker),
            Pressure::Low | Pressure::High => self.hungry.push(worker),
        }
    }
}
