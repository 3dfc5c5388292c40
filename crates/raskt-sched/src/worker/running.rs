//! Tasks that have their inputs.

use std::sync::Arc;
use std::time::Duration;

use raskt_core::{Error, Name};
use raskt_graph::TaskTable;

use super::machine::{At, Pending, Running, Worker, WorkerAction};
use crate::ids::{Attempt, TaskRef};
use crate::messages::FromWorker;

impl Worker {
    /// Starts what goes first, as far as there are threads, resources and memory for what it is expected to make. Where that
    /// is short, and no value leaves, one task runs at a time: it may be what frees memory, and nothing else would.
    pub(super) fn start(&mut self) {
        while self.n_active() < self.n_threads {
            if let Some(attempt) = self.rejoining.pop_front() {
                self.resume(attempt);
                continue;
            }
            let has_free = |resources: &[(Name, u64)]| {
                let has =
                    |(name, n): &(Name, u64)| self.resources.iter().any(|(own, m)| own == name && m >= n);
                resources.iter().all(has)
            };
            let fits =
                |task: &TaskRef| self.pending.get(task).is_some_and(|pending| has_free(&pending.resources));
            let Some(&(priority, task)) = self.ready.iter().find(|(_, task)| fits(task)) else { return };
            let expected_bytes = self.expected_of(task);
            let is_alone = self.n_active() == 0 && self.leaving_bytes == 0;
            if !is_alone && self.committed_bytes() + expected_bytes > self.part(self.options.pause_percent) {
                return;
            }
            self.ready.remove(&(priority, task));
            let Some(pending) = self.pending.remove(&task) else { continue };
            for (name, n) in pending.resources.iter() {
                if let Some((_, free)) = self.resources.iter_mut().find(|(own, _)| own == name) {
                    *free = free.saturating_sub(*n);
                }
            }
            for &input in &pending.inputs {
                self.forget_consumer(input, task);
                self.pin(input);
            }
            let attempt = pending.attempt;
            self.tell(FromWorker::Started(attempt));
            let Pending { inputs, resources, work, .. } = pending;
            self.actions.push(WorkerAction::Run { attempt, work: work.clone(), inputs: inputs.clone() });
            let running =
                Running { inputs, resources, work, expected_bytes, is_withdrawn: false, has_seceded: false };
            self.expected_bytes += expected_bytes;
            self.running.insert(attempt, running);
        }
    }

    pub(super) fn secede(&mut self, attempt: Attempt) {
        if let Some(running) = self.running.get_mut(&attempt)
            && !running.has_seceded
        {
            running.has_seceded = true;
            self.n_seceded += 1;
            self.tell(FromWorker::Seceded(attempt));
        }
    }

    fn resume(&mut self, attempt: Attempt) {
        self.actions.push(WorkerAction::Resume(attempt));
        if let Some(running) = self.running.get_mut(&attempt)
            && running.has_seceded
        {
            running.has_seceded = false;
            self.n_seceded -= 1;
            self.tell(FromWorker::Rejoined(attempt));
        }
    }

    pub(super) fn ended(&mut self, attempt: Attempt, outcome: Result<u64, Error>, duration: Duration) {
        let Some(ended) = self.end(attempt) else { return };
        if let Ok(n_bytes) = outcome {
            self.forecast.learn(&ended.work, ended.expected_bytes, n_bytes);
        }
        let is_withdrawn = ended.is_withdrawn;
        match outcome {
            Ok(_) if is_withdrawn => self.actions.push(WorkerAction::Discard(attempt)),
            Ok(n_bytes) => {
                self.actions.push(WorkerAction::Keep(attempt));
                self.keep(attempt.of, n_bytes, Some(attempt));
                self.tell(FromWorker::Finished { attempt, n_bytes, duration });
            }
            Err(_) if is_withdrawn => {}
            Err(error) => self.tell(FromWorker::Failed { attempt, error }),
        }
    }

    pub(super) fn expanded(&mut self, attempt: Attempt, table: Arc<TaskTable>, duration: Duration) {
        if self.end(attempt).is_some_and(|ended| !ended.is_withdrawn) {
            self.tell(FromWorker::Expanded { attempt, table, duration });
        }
    }

    /// How many tasks run and have a thread of the worker's.
    pub(super) fn n_active(&self) -> usize {
        self.running.len() - self.n_seceded
    }

    /// A task runs no more.
    pub(super) fn end(&mut self, attempt: Attempt) -> Option<Running> {
        let ended = self.running.remove(&attempt)?;
        self.n_seceded -= usize::from(ended.has_seceded);
        self.expected_bytes -= ended.expected_bytes;
        for (name, n) in ended.resources.iter() {
            if let Some((_, free)) = self.resources.iter_mut().find(|(own, _)| own == name) {
                *free = free.saturating_add(*n);
            }
        }
        for &input in &ended.inputs {
            self.unpin(input);
        }
        Some(ended)
    }

    /// A value has come into memory.
    pub(super) fn provide(&mut self, of: TaskRef) {
        let consumers = self.values.get(&of).map(|value| value.consumers.clone()).unwrap_or_default();
        for consumer in consumers {
            if let Some(pending) = self.pending.get_mut(&consumer) {
                pending.n_missing -= 1;
                if pending.n_missing == 0 {
                    self.ready.insert((pending.priority, consumer));
                }
            }
        }
    }

    /// An input of a task has left memory.
    pub(super) fn lacks(&mut self, consumer: TaskRef) {
        if let Some(pending) = self.pending.get_mut(&consumer) {
            pending.n_missing += 1;
            self.ready.remove(&(pending.priority, consumer));
        }
    }

    /// Whether a value can be used at once.
    pub(super) fn is_in_memory(&self, of: TaskRef) -> bool {
        self.values.get(&of).is_some_and(|value| matches!(value.at, At::Memory | At::Leaving))
    }
}
