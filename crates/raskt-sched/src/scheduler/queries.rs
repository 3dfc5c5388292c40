//! What there is: questions that change nothing.

use std::fmt;

use raskt_core::{Key, Name};
use smallvec::SmallVec;

use super::machine::Scheduler;
use super::task::{Progress, State};
use crate::ids::{TaskId, TaskRef, WorkerId};
use crate::messages::{Pressure, WorkerInfo};
use crate::time::Time;

/// Where a task is in its life, as its users see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TaskState {
    /// Nobody needs its value, which may have been there.
    Released,
    /// A client is about to put its value onto workers.
    Reserved,
    /// Inputs are not in memory.
    Waiting,
    /// It could run, and no worker has it yet.
    Queued,
    /// A worker has it, and runs it or is about to.
    Processing,
    /// Workers hold its value.
    InMemory,
    /// Its value does not come.
    Failed,
}

impl fmt::Display for TaskState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Released => "released",
            Self::Reserved => "reserved",
            Self::Waiting => "waiting",
            Self::Queued => "queued",
            Self::Processing => "processing",
            Self::InMemory => "in memory",
            Self::Failed => "failed",
        })
    }
}

/// A task among others that are told together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaskSnapshot {
    /// Which.
    pub key: Key,
    /// Where it is in its life.
    pub state: TaskState,
    /// Whether a worker has begun it.
    pub is_running: bool,
    /// What it needs: places in the list of all, each once.
    pub inputs: Vec<usize>,
}

/// How many tasks are in which state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "named as the states are")]
pub struct StateCounts {
    pub n_released: usize,
    pub n_reserved: usize,
    pub n_waiting: usize,
    pub n_queued: usize,
    pub n_processing: usize,
    pub n_in_memory: usize,
    pub n_failed: usize,
}

impl StateCounts {
    /// The count of a state; nothing for numbers that no task has.
    pub(super) fn of(&mut self, state: State) -> Option<&mut usize> {
        Some(match state {
            State::Vacant => return None,
            State::Released => &mut self.n_released,
            State::Reserved => &mut self.n_reserved,
            State::Waiting { .. } => &mut self.n_waiting,
            State::Queued(_) => &mut self.n_queued,
            State::Assigned { .. } => &mut self.n_processing,
            State::InMemory => &mut self.n_in_memory,
            State::Failed => &mut self.n_failed,
        })
    }
}

/// What is known of a worker.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkerSnapshot {
    /// Its number.
    pub id: WorkerId,
    /// What it said of itself when it joined.
    pub info: WorkerInfo,
    /// What is left of each of its resources, in the order of [`WorkerInfo::resources`].
    pub resources_free: Vec<u64>,
    /// How much its memory is in demand.
    pub pressure: Pressure,
    /// Whether it gives away what it holds, to end then.
    pub is_retiring: bool,
    /// Tasks that run there, and since when.
    pub running: Vec<(Key, Time)>,
    /// Tasks that were sent there and have not begun, and since when.
    pub sent: Vec<(Key, Time)>,
    /// How many tasks wait here until it has room, since their inputs are there.
    pub n_queued: usize,
    /// How many values it holds.
    pub n_values: usize,
    /// The size of these.
    pub held_bytes: u64,
    /// When it was last heard of.
    pub heard: Time,
}

impl Scheduler {
    /// The workers that are there, by number.
    pub fn workers(&self) -> impl Iterator<Item = WorkerId> + '_ {
        self.workers.ids()
    }

    /// The workers that are called so, or that run on a host that is called so.
    #[must_use]
    pub fn workers_named(&self, name: &Name) -> Vec<WorkerId> {
        let is_named = |worker: &WorkerId| {
            let info = &self.workers[*worker].info;
            info.name == *name || info.host == *name
        };
        self.workers.ids().filter(is_named).collect()
    }

    /// What is known of a worker, if it is there.
    #[must_use]
    pub fn worker(&self, id: WorkerId) -> Option<WorkerSnapshot> {
        let worker = self.workers.get(id)?;
        let begun = |task: &TaskId| {
            matches!(self.tasks[*task].state, State::Assigned { progress: Progress::Running, .. })
        };
        let (running, sent): (Vec<TaskId>, Vec<TaskId>) =
            self.assigned_in_order(id).into_iter().partition(begun);
        let dated = |tasks: Vec<TaskId>| {
            tasks.into_iter().map(|task| (self.tasks.key(task), self.tasks[task].since)).collect()
        };
        let held = self.holders.of_right(id).map(|(_, value)| self.tasks[value].n_bytes);
        Some(WorkerSnapshot {
            id,
            info: worker.info.clone(),
            resources_free: worker.resources_free.clone(),
            pressure: worker.pressure,
            is_retiring: worker.is_retiring,
            running: dated(running),
            sent: dated(sent),
            n_queued: worker.n_home as usize,
            n_values: self.holders.n_of_right(id),
            held_bytes: held.sum(),
            heard: worker.heard,
        })
    }

    /// Tasks that a worker has, those that go first before others.
    fn assigned_in_order(&self, id: WorkerId) -> SmallVec<[TaskId; 16]> {
        let assigned = self.workers.get(id).map_or(&[][..], |worker| &worker.assigned);
        let mut tasks = SmallVec::from_slice(assigned);
        tasks.sort_unstable_by_key(|&task| (self.tasks[task].priority, task));
        tasks
    }

    /// The key of a task, if it is still known under its number.
    #[must_use]
    pub fn key_of(&self, task: TaskRef) -> Option<Key> {
        self.tasks.resolve(task).map(|task| self.tasks.key(task))
    }

    /// The keys that a task needs, if it is still known under its number.
    #[must_use]
    pub fn inputs_of(&self, task: TaskRef) -> Vec<Key> {
        let inputs = self.tasks.resolve(task).map(|task| self.tasks.inputs(task));
        inputs.into_iter().flatten().map(|input| self.tasks.key(input)).collect()
    }

    /// Of what a running task needs the key that was there last, where it waited for any.
    #[must_use]
    pub fn last_input_of(&self, task: TaskRef) -> Option<Key> {
        let task = self.tasks.resolve(task)?;
        let input = *self.tasks.last_inputs.get(&task)?;
        // Its number may be another task's by now, where this one was computed again.
        self.tasks.inputs(task).any(|is| is == input).then(|| self.tasks.key(input))
    }

    /// The size of the value of a key, where workers hold it.
    #[must_use]
    pub fn n_bytes_of(&self, key: &Key) -> Option<u64> {
        let task = &self.tasks[self.tasks.find(key)?];
        matches!(task.state, State::InMemory).then_some(task.n_bytes)
    }

    /// The workers that hold the value of a key.
    #[must_use]
    pub fn who_has(&self, key: &Key) -> Vec<WorkerId> {
        let task = self.tasks.find(key);
        task.map(|task| self.holders.of_left(task).map(|(_, worker)| worker).collect()).unwrap_or_default()
    }

    /// The values that a worker holds.
    #[must_use]
    pub fn has_what(&self, worker: WorkerId) -> Vec<Key> {
        self.holders.of_right(worker).map(|(_, task)| self.tasks.key(task)).collect()
    }

    /// The tasks that a worker has, whether they have begun or not.
    #[must_use]
    pub fn processing(&self, worker: WorkerId) -> Vec<Key> {
        self.assigned_in_order(worker).into_iter().map(|task| self.tasks.key(task)).collect()
    }

    /// Where the task of a key is in its life; nothing where no such task is known.
    #[must_use]
    pub fn state(&self, key: &Key) -> Option<TaskState> {
        self.tasks.find(key).and_then(|task| self.state_of(task))
    }

    pub(super) fn state_of(&self, task: TaskId) -> Option<TaskState> {
        match self.tasks[task].state {
            State::Vacant => None,
            State::Released => Some(TaskState::Released),
            State::Reserved => Some(TaskState::Reserved),
            State::Waiting { .. } => Some(TaskState::Waiting),
            State::Queued(_) => Some(TaskState::Queued),
            State::Assigned { .. } => Some(TaskState::Processing),
            State::InMemory => Some(TaskState::InMemory),
            State::Failed => Some(TaskState::Failed),
        }
    }

    /// The values that workers hold, and their sizes; all tasks are looked at.
    pub fn values_in_memory(&self) -> impl Iterator<Item = (Key, u64)> + '_ {
        let is_there = |task: &TaskId| self.tasks[*task].state == State::InMemory;
        self.tasks.ids().filter(is_there).map(|task| (self.tasks.key(task), self.tasks[task].n_bytes))
    }

    /// All tasks that are known, where these are `n_max` at most.
    #[must_use]
    pub fn all_tasks(&self, n_max: usize) -> Option<Vec<TaskSnapshot>> {
        if self.tasks.len() > n_max {
            return None;
        }
        let ids: Vec<TaskId> = self.tasks.ids().collect();
        let described = |&id: &TaskId| {
            let mut inputs: Vec<usize> =
                self.tasks.inputs(id).filter_map(|input| ids.binary_search(&input).ok()).collect();
            inputs.sort_unstable();
            inputs.dedup();
            let is_running =
                matches!(self.tasks[id].state, State::Assigned { progress: Progress::Running, .. });
            Some(TaskSnapshot { key: self.tasks.key(id), state: self.state_of(id)?, is_running, inputs })
        };
        ids.iter().map(described).collect()
    }

    /// How many tasks are in which state.
    #[must_use]
    pub fn state_counts(&self) -> StateCounts {
        self.tasks.counts()
    }

    /// How long what is queued, sent and running is expected to take one thread, in microseconds.
    #[must_use]
    pub fn busy_us(&self) -> u64 {
        let assigned: u64 = self.workers.ids().map(|worker| self.workers[worker].assigned_us).sum();
        let queued = self.tasks.queued_families();
        assigned
            + queued
                .map(|(family, n)| u64::from(n) * u64::from(self.families.estimate_us(family)))
                .sum::<u64>()
    }
}
