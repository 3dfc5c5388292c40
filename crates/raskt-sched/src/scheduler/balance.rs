//! Copies of values for the asking, and values that move from fuller workers to emptier ones.

use std::collections::BTreeSet;

use raskt_core::{DenseId, Fit, Key, Name};
use rustc_hash::FxHashSet;

use super::machine::Scheduler;
use super::task::{Progress, State};
use crate::ids::{TaskId, WorkerId};
use crate::messages::ToWorker;

/// What an incoming copy is for: its link's tag. A copy that replaces one has the number of the worker that may drop its own,
/// counted from 1.
const KEEPS_OTHERS: u32 = 0;

impl Scheduler {
    /// The workers that get tasks and are called so, or whose host is; all where no name is given.
    fn open_workers_of(&self, names: &[Name]) -> Vec<WorkerId> {
        let is_meant = |worker: &WorkerId| {
            let worker = &self.workers[*worker];
            let is_named = |name: &Name| *name == worker.info.name || *name == worker.info.host;
            worker.is_open() && (names.is_empty() || names.iter().any(is_named))
        };
        self.workers.ids().filter(is_meant).collect()
    }

    fn is_at(&self, task: TaskId, worker: WorkerId) -> bool {
        self.holders.of_left(task).any(|(_, holder)| holder == worker)
    }

    fn is_coming_to(&self, task: TaskId, worker: WorkerId) -> bool {
        self.incoming.of_left(task).any(|(_, at)| at == worker)
    }

    fn ask_for_copy(&mut self, task: TaskId, to: WorkerId, tag: u32) {
        self.incoming.insert(task, to, tag);
        let input = self.located(task, None);
        self.tell_worker(to, ToWorker::Acquire(vec![input]));
    }

    /// Asks so many workers for copies of a value that it is in `n` places, as far as there are workers.
    pub(super) fn replicate(&mut self, task: TaskId, n: usize) {
        self.replicate_among(task, n, &[]);
    }

    /// Asks so many of some workers for copies of a value that it is at `n` of them, as far as there are so many.
    pub(super) fn replicate_among(&mut self, task: TaskId, n: usize, names: &[Name]) {
        if self.tasks[task].state != State::InMemory {
            return;
        }
        let workers = self.open_workers_of(names);
        let has = |worker: WorkerId| self.is_at(task, worker) || self.is_coming_to(task, worker);
        let n_there = match names {
            [] => self.holders.n_of_left(task) + self.incoming.n_of_left(task),
            _ => workers.iter().filter(|&&worker| has(worker)).count(),
        };
        let from = task.index() % workers.len().max(1);
        let in_turn = workers[from..].iter().chain(&workers[..from]).copied();
        let fit: Vec<WorkerId> =
            in_turn.filter(|&worker| !has(worker)).take(n.saturating_sub(n_there)).collect();
        for worker in fit {
            self.ask_for_copy(task, worker, KEEPS_OTHERS);
        }
    }

    /// Moves values from workers that hold more bytes than others to those that hold less: of the values of these keys and
    /// among these workers, or of all.
    pub(super) fn rebalance(&mut self, keys: &[Key], names: &[Name]) {
        let workers = self.open_workers_of(names);
        let movable: Option<FxHashSet<TaskId>> =
            (!keys.is_empty()).then(|| keys.iter().filter_map(|key| self.tasks.find(key)).collect());
        let mut loads: Vec<(u64, WorkerId)> =
            workers.iter().map(|&worker| (self.held_bytes(worker), worker)).collect();
        let mean = loads.iter().map(|&(n_bytes, _)| n_bytes).sum::<u64>() / loads.len().max(1) as u64;
        let mut by_load: BTreeSet<(u64, WorkerId)> = loads.iter().copied().collect();
        loads.sort_unstable_by(|left, right| right.cmp(left));
        for (mut load, donor) in loads.into_iter().take_while(|&(load, _)| load > mean) {
            by_load.remove(&(load, donor));
            let is_movable = |task: &TaskId| movable.as_ref().is_none_or(|movable| movable.contains(task));
            let of_donor = self.holders.of_right(donor).map(|(_, task)| task).filter(is_movable);
            let mut values: Vec<(u64, TaskId)> =
                of_donor.map(|task| (self.tasks[task].n_bytes, task)).collect();
            values.sort_unstable_by(|left, right| right.cmp(left));
            for (n_bytes, task) in values {
                if load <= mean {
                    break;
                }
                let is_better = |&&(other, to): &&(u64, WorkerId)| {
                    other + n_bytes < load && !self.is_at(task, to) && !self.is_coming_to(task, to)
                };
                let Some(&(other, to)) = by_load.iter().take(workers.len().min(8)).find(is_better) else {
                    continue;
                };
                by_load.remove(&(other, to));
                by_load.insert((other + n_bytes, to));
                load -= n_bytes;
                self.ask_for_copy(task, to, donor.index().fit::<u32>() + 1);
            }
        }
    }

    fn held_bytes(&self, worker: WorkerId) -> u64 {
        let held = self.holders.of_right(worker).chain(self.incoming.of_right(worker));
        held.map(|(_, task)| self.tasks[task].n_bytes).sum()
    }

    /// A copy that was asked for has come, or does not: who may drop its own copy in its place.
    pub(super) fn end_incoming(&mut self, task: TaskId, worker: WorkerId) -> Option<WorkerId> {
        let (link, _) = self.incoming.of_left(task).find(|&(_, at)| at == worker)?;
        let tag = self.incoming.tag(link);
        self.incoming.remove(link);
        tag.checked_sub(1).and_then(|donor| WorkerId::from_index(donor as usize))
    }

    /// A value has moved away from a worker, which may drop it unless it is about to use it.
    pub(super) fn drop_moved(&mut self, task: TaskId, donor: WorkerId) {
        let Some(at) = self.workers.get(donor) else { return };
        let is_about_to = |other: &TaskId| {
            let is_sent = matches!(self.tasks[*other].state,
                State::Assigned { progress, .. } if progress != Progress::Running);
            is_sent && self.tasks.loaded_inputs(*other).any(|input| input == task)
        };
        let is_copy = self.holders.n_of_left(task) > 1 && self.root_of(task) != Some(donor);
        if is_copy && self.is_at(task, donor) && !at.assigned.iter().any(is_about_to) {
            self.holders.cut(task, donor);
            self.to_free.push((donor, self.tasks.reference(task)));
        }
    }
}
