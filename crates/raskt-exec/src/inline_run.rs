//! Inline runs: the calling thread runs the first tasks itself, before it wakes a pool.
//!
//! A sleeping thread takes tens of microseconds to wake, and a graph over small arrays is over by then. So the caller
//! runs native tasks on small values for half a millisecond, and brief tasks of other lanes that end the graph. The pool
//! is woken only for what is left.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use raskt_core::Value;
use raskt_graph::Body;

use crate::events::Recorder;
use crate::job::{Job, Report};
use crate::lane::{LaneId, NATIVE};
use crate::run::{Run, Work};
use crate::sync::Ordering;

/// How long an inline run takes at most; a task that was begun is finished.
const MOMENT: Duration = Duration::from_micros(500);
/// Jobs taken at once; none is begun after the moment.
const N_JOBS: usize = 8;
/// Tasks that read more than this may take long: others could work meanwhile, and a caller looks out for Ctrl-C.
const N_BYTES: u64 = 1 << 20;

impl Run {
    /// Has the calling thread run native tasks on small values for a moment, and with what these return the
    /// [brief](crate::kernel::Kernel::is_brief) ones that were asked for; whether the run is over with that. Not while
    /// somebody observes the run, and not if it is not [ordered](Run::order) yet.
    pub fn run_inline(&self) -> bool {
        if self.options().observer.is_none() && self.unordered.load(Ordering::Relaxed) == 0 {
            let begun = Instant::now();
            self.run_for_a_moment(NATIVE, begun);
            let mut last =
                self.table().outputs().iter().filter_map(|&output| self.resolved().brief_lane(output));
            if let Some(lane) = last.find(|&lane| self.n_ready(lane) > 0)
                && let Some(entry) = self.registry().lane(lane)
            {
                entry.enter(None, &mut || self.run_for_a_moment(lane, begun));
            }
        }
        self.is_over()
    }

    fn run_for_a_moment(&self, lane: LaneId, begun: Instant) {
        let (mut jobs, mut reports, mut garbage) =
            (VecDeque::new(), Vec::<Report>::new(), Vec::<Value>::new());
        let mut recorder = Recorder::new(self, 0);
        let mut goes_on = true;
        while goes_on {
            let work = self.exchange(lane, N_JOBS, &mut reports, &mut jobs, &mut garbage);
            garbage.clear();
            match work {
                Work::Jobs => {}
                Work::Spill(job) => self.make_room(Some(job)),
                Work::Nothing => return,
            }
            let mut now = Instant::now();
            recorder.begin_batch(now);
            while goes_on && let Some(job) = jobs.pop_front() {
                goes_on = now - begun < MOMENT && self.is_small(&job, lane);
                match goes_on {
                    true => reports.push(self.execute_recorded(job, 0, 1, &mut recorder)),
                    false => jobs.push_front(job),
                }
                now = Instant::now();
            }
            recorder.end_batch(now);
        }
        self.put_back(jobs.drain(..));
        // What is done is reported; nothing is taken.
        let _ = self.exchange(lane, 0, &mut reports, &mut jobs, &mut garbage);
        self.put_back(jobs);
    }

    /// Whether a job of `lane` reads little; one that reads nothing may make much.
    fn is_small(&self, job: &Job, lane: LaneId) -> bool {
        let bytes = |value: &Value| match value {
            Value::Array(array) => array.shape().iter().product::<u64>() * array.item_bytes() as u64,
            other => {
                let mut n_bytes = other.own_bytes();
                other.visit_owners(&mut |_, bytes| n_bytes = n_bytes.saturating_add(bytes));
                n_bytes
            }
        };
        let (resolved, local) = job.resolved(self);
        if lane != NATIVE && resolved.brief_lane(local).is_none() {
            return false;
        }
        match resolved.table().body(local) {
            Body::Value(_) => true,
            _ => !job.inputs.is_empty() && job.inputs.iter().map(bytes).sum::<u64>() <= N_BYTES,
        }
    }
}
