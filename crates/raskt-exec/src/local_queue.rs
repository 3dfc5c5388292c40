//! A worker's desk: the jobs it took and has not started, where others who have nothing to do may steal.

use std::collections::VecDeque;

use crate::job::Job;
use crate::lane::LaneId;
use crate::sync::{AtomicU32, AtomicU64, Mutex, Ordering};

/// Jobs in wait on one worker, and what it does at the moment. A cache line apart from the next.
#[derive(Default)]
#[repr(align(128))]
pub(crate) struct LocalQueue {
    jobs: Mutex<Pile>,
    /// The running task's number plus one; 0 while none runs.
    current: AtomicU32,
    /// How many jobs were finished here.
    ticks: AtomicU64,
}

#[derive(Default)]
struct Pile {
    jobs: VecDeque<Job>,
    lane: LaneId,
}

impl LocalQueue {
    /// Puts jobs down, in their order.
    pub fn put(&self, jobs: &mut VecDeque<Job>, lane: LaneId) {
        let mut pile = self.jobs.lock();
        pile.lane = lane;
        if pile.jobs.is_empty() {
            std::mem::swap(&mut pile.jobs, jobs);
        } else {
            pile.jobs.append(jobs);
        }
    }

    /// Takes the next job.
    pub fn next(&self) -> Option<Job> {
        let job = self.jobs.lock().jobs.pop_front();
        self.current.store(job.as_ref().map_or(0, |job| job.task + 1), Ordering::Relaxed);
        job
    }

    /// Notes which task is in hand.
    pub fn note(&self, task: Option<u32>) {
        self.current.store(task.map_or(0, |task| task + 1), Ordering::Relaxed);
    }

    /// Notes that the job in hand is finished.
    pub fn tick(&self) {
        self.ticks.store(self.ticks.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }

    /// How many jobs were finished here so far.
    pub fn ticks(&self) -> u64 {
        self.ticks.load(Ordering::Relaxed)
    }

    /// The task in hand.
    pub fn current(&self) -> Option<u32> {
        self.current.load(Ordering::Relaxed).checked_sub(1)
    }

    /// The lane of the jobs that wait here, if any does.
    pub fn waiting_lane(&self) -> Option<LaneId> {
        let pile = self.jobs.lock();
        (!pile.jobs.is_empty()).then_some(pile.lane)
    }

    /// Takes the later half of the jobs that wait here, if they are of `lane`.
    pub fn steal(&self, lane: LaneId) -> VecDeque<Job> {
        let mut pile = self.jobs.lock();
        if pile.lane != lane {
            return VecDeque::new();
        }
        let keep = pile.jobs.len() / 2;
        pile.jobs.split_off(keep)
    }

    /// Takes all jobs away.
    pub fn clear(&self) -> VecDeque<Job> {
        std::mem::take(&mut self.jobs.lock().jobs)
    }
}
