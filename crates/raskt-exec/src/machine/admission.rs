//! Admission by memory: which of the tasks that are ready may start under the budget, and what goes to disk so that
//! they can.

use raskt_graph::Body;
use raskt_store::SpillJob;

use super::event::{Actions, Wait};
use super::state::Machine;
use super::tasks::Sources;
use crate::lane::LaneId;

/// A task that reads or returns that much is taken alone.
const HEAVY_BYTES: u64 = 4 << 20;

/// Why a task may not start.
enum Held {
    /// This value has to be spilled first.
    Until(SpillJob),
    /// It is a source, and there is no room.
    Waits(Wait),
}

impl Machine {
    fn is_limited(&self) -> bool {
        self.options.memory_limit_bytes.is_some()
    }

    /// Hands out up to `n_max` jobs of `lane`, as far as the budget allows, or says what has to be spilled first.
    pub(super) fn asked(&mut self, lane: LaneId, n_max: usize, out: &mut Actions) {
        if self.is_limited() {
            let is_full = self.store.excess_bytes() > 0;
            self.tasks.sources = if is_full { Sources::Last } else { Sources::InTurn };
            if is_full && let Some(job) = self.next_spill() {
                out.spill = Some(job);
                return;
            }
        }
        let share = self.tasks.n_ready(lane).div_ceil(2 * self.options.n_workers).max(1);
        let n = n_max.min(share);
        self.tasks.take(lane, n, &mut self.taken);
        let mut held = if self.is_limited() { self.admit(0) } else { None };
        if let Some(Held::Waits(Wait::BehindUsers)) = held {
            let n_admitted = self.taken.len();
            self.tasks.sources = Sources::Last;
            self.tasks.take(lane, n - n_admitted, &mut self.taken);
            held = self.admit(n_admitted);
        }
        self.make_jobs(out);
        match held {
            // The jobs taken so far wait while room is made.
            Some(Held::Until(job)) => out.spill = Some(job),
            Some(Held::Waits(wait)) => out.wait = Some(wait),
            None => {}
        }
    }

    /// Keeps of the tasks that were just taken those that may start; the first `n_admitted` are known to. What they
    /// are expected to return is reserved; the others are put back.
    fn admit(&mut self, n_admitted: usize) -> Option<Held> {
        for n in n_admitted..self.taken.len() {
            // What one worker takes at once is counted only when all of it is done: not more than one large task.
            let crowd = n > 0 && (self.is_heavy(n) || n == 1 && self.is_heavy(0));
            let held = if crowd { None } else { self.admission(n) };
            if crowd || held.is_some() {
                for task in self.taken.drain(n..) {
                    self.tasks.put_back(task, &mut self.released);
                }
                return held;
            }
        }
        None
    }

    /// Whether the task `taken[n]` may start beside those that run and those taken before it. A source starts
    /// only while the budget holds, unless nothing else could happen; a task that has inputs as soon as nothing can be
    /// spilled, for it frees memory.
    fn admission(&mut self, n: usize) -> Option<Held> {
        let task = self.taken[n];
        let bytes = match self.forecast.is_empty() {
            true => 0,
            false => self.forecast.expected_bytes(self.family_of(task)),
        };
        let is_source = self.tasks.is_source(task);
        if bytes == 0 && !is_source {
            return None;
        }
        self.store.reserve(bytes);
        if self.store.excess_bytes() > 0 {
            let n_running = self.tasks.n_running - (self.taken.len() - n);
            let mut later = self.taken[n + 1..].iter();
            let has_users = self.tasks.n_ready_users() > 0 || later.any(|&task| !self.tasks.is_source(task));
            let held = if is_source && has_users {
                Some(Held::Waits(Wait::BehindUsers))
            } else if let Some(job) = self.next_spill() {
                Some(Held::Until(job))
            } else {
                (is_source && n_running > 0).then_some(Held::Waits(Wait::BehindRunning))
            };
            if held.is_some() {
                self.store.unreserve(bytes);
                return held;
            }
        }
        if bytes > 0 {
            self.reserved.insert(task, bytes);
        }
        None
    }

    /// Whether the task `taken[n]` reads or is expected to return so much that it should be taken alone.
    fn is_heavy(&self, n: usize) -> bool {
        if self.forecast.is_empty() {
            return false;
        }
        let task = self.taken[n];
        let inputs = self.tasks.loaded_inputs(task).iter().map(|&input| self.store.value_bytes(input));
        inputs.sum::<u64>() + self.forecast.expected_bytes(self.family_of(task)) >= HEAVY_BYTES
    }

    /// The family of a task, for the forecast: its function for foreign bodies, its body in its table otherwise.
    pub(super) fn family_of(&self, task: u32) -> u64 {
        let (segment, local) = self.tasks.locate(task);
        match segment.table().body(local) {
            Body::Foreign(foreign) => foreign.family(),
            _ => {
                let body = u64::from(segment.table().body_index(local));
                (u64::from(segment.base()) << 32 | body) << 1 | 1
            }
        }
    }

    /// The next value that should go to disk.
    pub(super) fn next_spill(&mut self) -> Option<SpillJob> {
        let Self { tasks, store, .. } = self;
        store.next_spill(&mut |slot| tasks.next_need(slot))
    }
}
