//! A worker's local queue: the jobs it took and has not started. Workers without jobs steal from it.

use std::collections::VecDeque;

use crate::job::Job;
use crate::lane::LaneId;
use crate::sync::{AtomicU32, AtomicU64, Mutex, Ordering};

/// The jobs of one worker that have not started, and the task it is running. Two queues never share a cache line.
#[derive(Default)]
#[repr(align(128))]
pub(crate) struct LocalQueue {
    waiting: Mutex<Waiting>,
    /// The running task's number plus one; 0 while none runs.
    current: AtomicU32,
    /// How many jobs were finished here.
    ticks: AtomicU64,
}

#[derive(Default)]
struct Waiting {
    jobs: VecDeque<Job>,
    lane: LaneId,
}

impl LocalQueue {
    /// Adds jobs, in their order.
    pub fn put(&self, jobs: &mut VecDeque<Job>, lane: LaneId) {
        let mut waiting = self.waiting.lock();
        waiting.lane = lane;
        if waiting.jobs.is_empty() {
            std::mem::swap(&mut waiting.jobs, jobs);
        } else {
            waiting.jobs.append(jobs);
        }
    }

    /// Takes the next job.
    pub fn next(&self) -> Option<Job> {
        let job = self.waiting.lock().jobs.pop_front();
        self.current.store(job.as_ref().map_or(0, |job| job.task + 1), Ordering::Relaxed);
        job
    }

    /// Notes which task is being run.
    pub fn note(&self, task: Option<u32>) {
        self.current.store(task.map_or(0, |task| task + 1), Ordering::Relaxed);
    }

    /// Notes that the job being run is finished.
    pub fn tick(&self) {
        self.ticks.store(self.ticks.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
    }

    /// How many jobs were finished here so far.
    pub fn ticks(&self) -> u64 {
        self.ticks.load(Ordering::Relaxed)
    }

    /// The task that is being run.
    pub fn current(&self) -> Option<u32> {
        self.current.load(Ordering::Relaxed).checked_sub(1)
    }

    /// The lane of the jobs that wait here, if any does.
    pub fn waiting_lane(&self) -> Option<LaneId> {
        let waiting = self.waiting.lock();
        (!waiting.jobs.is_empty()).then_some(waiting.lane)
    }

    /// Takes the later half of the jobs that wait here, if they are of `lane`.
    pub fn steal(&self, lane: LaneId) -> VecDeque<Job> {
        let mut waiting = self.waiting.lock();
        if waiting.lane != lane {
            return VecDeque::new();
        }
        let keep = waiting.jobs.len() / 2;
        waiting.jobs.split_off(keep)
    }

    /// Takes all jobs away.
    pub fn clear(&self) -> VecDeque<Job> {
        std::mem::take(&mut self.waiting.lock().jobs)
    }
}
