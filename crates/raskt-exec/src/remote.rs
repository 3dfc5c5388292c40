//! Workers that do not run their jobs themselves but pass them to a child process or to an executor of the user's.

use raskt_core::Value;

use crate::job::{Job, Report};
use crate::run::{Run, Work};

/// What [`Run::take_away`] found.
#[derive(Debug)]
#[must_use]
pub enum Away {
    /// Jobs, with their inputs read back; each must be reported, or put back.
    Jobs(Vec<Job>),
    /// Nothing at the moment: sleep until the run's waker is told.
    Nothing,
    /// The run is over.
    Over,
}

impl Run {
    /// Reports what is done, and takes up to `n_max` jobs of any lane away from `worker`'s local queue. Jobs
    /// for which `stays` is true are run in place.
    pub fn take_away(
        &self,
        worker: usize,
        n_max: usize,
        reports: &mut Vec<Report>,
        garbage: &mut Vec<Value>,
        stays: &dyn Fn(&Job) -> bool,
    ) -> Away {
        loop {
            let lane = self.first_lane(|_| true).unwrap_or_default();
            self.batch[lane.0 as usize].store(n_max.max(1), crate::sync::Ordering::Relaxed);
            match self.refill(worker, lane, reports, garbage) {
                Work::Jobs => {}
                Work::Spill(job) => self.make_room(Some(job)),
                Work::Nothing => {
                    return if self.is_over() { Away::Over } else { Away::Nothing };
                }
            }
            let mut jobs = Vec::new();
            for mut job in self.local_queues[worker].clear() {
                if stays(&job) {
                    reports.push(self.execute(job, worker, 1));
                } else if let Err(error) = self.prepare(&mut job) {
                    reports.push(Report { task: job.task, outcome: Err(error) });
                } else {
                    jobs.push(job);
                }
            }
            if !jobs.is_empty() {
                return Away::Jobs(jobs);
            }
        }
    }
}

impl std::fmt::Debug for Job {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Job({})", self.task)
    }
}
