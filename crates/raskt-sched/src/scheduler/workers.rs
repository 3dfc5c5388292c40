//! What the scheduler knows of workers.

use raskt_core::{Arena, Fit, Name, Result};

use super::queue::FairQueue;
use crate::ids::{RestrictionId, TaskId, WorkerId};
use crate::levels::Levels;
use crate::messages::{Pressure, WorkerInfo};
use crate::options::Prefill;
use crate::time::Time;

/// A worker that is there.
#[derive(Debug)]
pub(crate) struct Worker {
    pub info: WorkerInfo,
    pub pressure: Pressure,
    /// It gets no more tasks, and ends when nothing is needed of it.
    pub is_retiring: bool,
    /// Tasks that were sent to it, in any order.
    pub assigned: Vec<TaskId>,
    /// Those of them that run and take no thread, in any order.
    pub seceded: Vec<TaskId>,
    /// How long they are expected to take, together.
    pub assigned_us: u64,
    /// Tasks that should go to it when it has room, since their inputs are there.
    pub home: FairQueue,
    pub home_us: u64,
    pub n_home: u32,
    /// How many tasks it waits for, which other workers were asked to give back.
    pub n_expected: u32,
    /// What is left of each of its resources.
    pub resources_free: Vec<u64>,
    /// Conditions that it meets.
    pub restrictions: Vec<RestrictionId>,
    /// When it was last heard of.
    pub heard: Time,
    /// What it is to send to others, and to receive, for tasks that were sent and have not begun.
    pub sending_bytes: u64,
    pub receiving_bytes: u64,
}

impl Worker {
    fn new(info: WorkerInfo, now: Time) -> Self {
        let resources_free = info.resources.iter().map(|&(_, n)| n).collect();
        Self {
            info,
            pressure: Pressure::Low,
            is_retiring: false,
            assigned: Vec::new(),
            seceded: Vec::new(),
            assigned_us: 0,
            home: FairQueue::default(),
            home_us: 0,
            n_home: 0,
            n_expected: 0,
            resources_free,
            restrictions: Vec::new(),
            heard: now,
            sending_bytes: 0,
            receiving_bytes: 0,
        }
    }

    pub fn n_threads(&self) -> usize {
        self.info.n_threads.max(1) as usize
    }

    /// Whether it may get tasks.
    pub fn is_open(&self) -> bool {
        !self.is_retiring && self.pressure != Pressure::Paused
    }

    /// How many of the tasks that were sent to it take a thread, or will.
    pub fn n_counted(&self) -> usize {
        self.assigned.len() - self.seceded.len()
    }

    /// Threads that run nothing, and for which nothing is on its way.
    pub fn n_idle(&self) -> usize {
        let n_busy = self.n_counted() + self.n_expected as usize;
        self.n_threads().saturating_sub(n_busy)
    }

    /// How long what was sent beyond its threads waits there, in microseconds.
    fn ahead_us(&self) -> u64 {
        let n_ahead = self.n_counted().saturating_sub(self.n_threads()) as u64;
        match n_ahead {
            0 => 0,
            n_ahead => self.assigned_us / self.assigned.len() as u64 * n_ahead / self.n_threads() as u64,
        }
    }

    /// Whether it should get one more task.
    pub fn has_room(&self, prefill: &Prefill) -> bool {
        let n = self.n_counted();
        let n_threads = self.n_threads();
        self.is_open()
            && (n < n_threads + prefill.n_tasks_min as usize
                || n < n_threads + prefill.n_tasks_max as usize
                    && u128::from(self.ahead_us()) < prefill.time.as_micros())
    }

    /// How long a task would wait there, in microseconds.
    pub fn wait_us(&self) -> u64 {
        if self.n_counted() < self.n_threads() && self.n_home == 0 {
            return 0;
        }
        (self.assigned_us + self.home_us) / self.n_threads() as u64
    }

    /// Whether so much of its resources is left.
    pub fn has_free(&self, resources: &[(Name, u64)]) -> bool {
        resources.iter().all(|(name, n)| {
            let mut own = self.info.resources.iter().zip(&self.resources_free);
            own.any(|((other, _), free)| other == name && free >= n)
        })
    }

    /// Takes resources for a task, or gives them back.
    pub fn change_free(&mut self, resources: &[(Name, u64)], change: impl Fn(u64, u64) -> u64) {
        for (name, n) in resources {
            let mut own = self.info.resources.iter().zip(&mut self.resources_free);
            if let Some((_, free)) = own.find(|((other, _), _)| other == name) {
                *free = change(*free, *n);
            }
        }
    }

    /// The level of its load among workers that have room; those that spill come last.
    pub fn room_level(&self, prefill: &Prefill) -> Option<usize> {
        let load = (self.n_counted() * 16 / self.n_threads()).min(31);
        self.has_room(prefill).then_some(if self.pressure == Pressure::Low { load } else { load + 32 })
    }

    /// How long what waits for it, here or there, is expected to take, in microseconds.
    pub fn backlog_us(&self) -> u64 {
        self.home_us / self.n_threads() as u64 + self.ahead_us()
    }

    /// The level of what waits for it, which idle workers could take.
    pub fn backlog_level(&self) -> Option<usize> {
        let waits = self.n_home > 0 || self.n_counted() > self.n_threads();
        waits.then(|| self.backlog_us().max(1).ilog2() as usize)
    }
}

/// All workers, and those with room and those with a backlog by how much it is.
#[derive(Debug)]
pub(crate) struct Workers {
    workers: Arena<WorkerId, Option<Box<Worker>>>,
    /// Numbers of workers that are there, in order.
    present: Vec<WorkerId>,
    pub room: Levels,
    pub backlog: Levels,
}

impl Workers {
    pub fn new() -> Self {
        Self { workers: Arena::new(), present: Vec::new(), room: Levels::new(), backlog: Levels::new() }
    }

    pub fn add(&mut self, info: WorkerInfo, now: Time) -> Result<WorkerId> {
        let id = self.workers.push(Some(Box::new(Worker::new(info, now))))?;
        self.present.push(id);
        Ok(id)
    }

    pub fn remove(&mut self, id: WorkerId) -> Option<Worker> {
        let worker = self.workers.get_mut(id)?.take()?;
        if let Ok(at) = self.present.binary_search(&id) {
            self.present.remove(at);
        }
        self.room.set(id, None);
        self.backlog.set(id, None);
        Some(*worker)
    }

    pub fn get(&self, id: WorkerId) -> Option<&Worker> {
        self.workers.get(id).and_then(Option::as_deref)
    }

    pub fn get_mut(&mut self, id: WorkerId) -> Option<&mut Worker> {
        self.workers.get_mut(id).and_then(Option::as_deref_mut)
    }

    /// The workers that are there, by number.
    pub fn ids(&self) -> impl Iterator<Item = WorkerId> + '_ {
        self.present.iter().copied()
    }

    pub fn len(&self) -> usize {
        self.present.len()
    }

    /// A worker's load has changed.
    pub fn reindex(&mut self, id: WorkerId, prefill: &Prefill) {
        let worker = self.get(id);
        let room = worker.and_then(|worker| worker.room_level(prefill));
        let backlog = worker.and_then(Worker::backlog_level);
        self.room.set(id, room);
        self.backlog.set(id, backlog);
    }

    pub fn clear_restrictions(&mut self) {
        for &id in &self.present {
            if let Some(worker) = self.workers.get_mut(id).and_then(Option::as_deref_mut) {
                worker.restrictions.clear();
            }
        }
    }

    pub fn sanity_check(&self, prefill: &Prefill) {
        let n_present = self.workers.iter().filter(|(_, worker)| worker.is_some()).count();
        assert_eq!(n_present, self.present.len());
        for (id, worker) in self.workers.iter() {
            let worker = worker.as_deref();
            let room = worker.and_then(|worker| worker.room_level(prefill));
            assert_eq!(self.room.get(id), room, "room of worker {id}");
            assert_eq!(
                self.backlog.get(id),
                worker.and_then(Worker::backlog_level),
                "backlog of worker {id}"
            );
            if let Some(worker) = worker {
                let homes = worker.home.iter().count();
                assert_eq!(worker.n_home.fit::<usize>(), homes, "tasks at home at worker {id}");
            }
        }
    }
}

/// A worker that is there.
impl std::ops::Index<WorkerId> for Workers {
    type Output = Worker;

    fn index(&self, id: WorkerId) -> &Worker {
        match self.get(id) {
            Some(worker) => worker,
            None => unreachable!("worker {id} is gone"),
        }
    }
}

impl std::ops::IndexMut<WorkerId> for Workers {
    fn index_mut(&mut self, id: WorkerId) -> &mut Worker {
        match self.get_mut(id) {
            Some(worker) => worker,
            None => unreachable!("worker {id} is gone"),
        }
    }
}
