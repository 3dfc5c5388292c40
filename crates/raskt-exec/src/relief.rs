//! Memory: which tasks may start under the budget, what goes to disk to make room, and reading it back.

use std::time::Duration;

use raskt_core::{ErrorKind, Result, Value};
use raskt_store::{Fetch, SpillJob, Spilled, trim_allocator};

use crate::admission::family;
use crate::run::{Run, State};
use crate::sync::wait_for;

/// A task that reads or returns that much is taken alone.
const HEAVY_BYTES: u64 = 4 << 20;

/// Why a task may not start.
pub(crate) enum Held {
    /// This value has to be spilled first.
    Until(SpillJob),
    /// It is a source, and there is no room. Tasks that have inputs are ready: they go first.
    BehindUsers,
    /// It is a source, and there is no room. Only tasks that run can make some.
    BehindRunning,
}

impl Run {
    pub(crate) fn is_limited(&self) -> bool {
        self.options().memory_limit_bytes.is_some()
    }

    /// Keeps of the tasks in `state.taken`, which were just taken, those that may start; the first `n_admitted` are
    /// known to. What they are expected to return is reserved; the others are put back.
    pub(crate) fn admit(&self, state: &mut State, n_admitted: usize) -> Option<Held> {
        for n in n_admitted..state.taken.len() {
            // What one worker takes at once is counted only when all of it is done: not more than one large task.
            let crowd = n > 0 && (is_heavy(state, n) || n == 1 && is_heavy(state, 0));
            let held = if crowd { None } else { self.admission(state, n) };
            if crowd || held.is_some() {
                state.taken.drain(n..).for_each(|task| state.machine.put_back(task));
                return held;
            }
        }
        None
    }

    /// Whether the task `state.taken[n]` may start beside those that run and those taken before it. A source starts
    /// only while the budget holds, unless nothing else could happen; a task that has inputs as soon as nothing can be
    /// spilled, for it frees memory.
    fn admission(&self, state: &mut State, n: usize) -> Option<Held> {
        let task = state.taken[n];
        let bytes = match state.forecast.is_empty() {
            true => 0,
            false => state.forecast.expected_bytes(family_of(state, task)),
        };
        let is_source = state.machine.is_source(task);
        if bytes == 0 && !is_source {
            return None;
        }
        state.store.reserve(bytes);
        if state.store.excess_bytes() > 0 {
            let n_running = state.machine.n_running() - (state.taken.len() - n);
            let mut later = state.taken[n + 1..].iter();
            let has_users =
                state.machine.n_ready_users() > 0 || later.any(|&task| !state.machine.is_source(task));
            let held = if is_source && has_users {
                Some(Held::BehindUsers)
            } else if let Some(job) = next_spill(state) {
                Some(Held::Until(job))
            } else {
                (is_source && n_running > 0).then_some(Held::BehindRunning)
            };
            if held.is_some() {
                state.store.unreserve(bytes);
                return held;
            }
        }
        if bytes > 0 {
            state.reserved.insert(task, bytes);
        }
        None
    }

    /// Runs `first`, if there is one, and spills more until the budget holds again, or no value is left that
    /// could go. A full disk ends the run.
    pub fn relieve(&self, first: Option<SpillJob>) {
        if first.is_some() {
            // Memory is short: none is kept for later.
            raskt_core::set_recycling(false);
        }
        let mut next = first;
        loop {
            let job = next.take().or_else(|| {
                let mut state = self.lock();
                if state.store.excess_bytes() == 0 { None } else { next_spill(&mut state) }
            });
            let Some(job) = job else { return };
            let slot = job.slot();
            let outcome = job.run();
            let mut state = self.lock();
            let spilled = state.store.spilled(slot, outcome);
            let trim = state.store.trim_due();
            if let Spilled::Failed(error) = &spilled
                && matches!(error.kind(), ErrorKind::DiskFull { .. } | ErrorKind::Io { .. })
                && !state.over
            {
                state.errors.push(error.clone());
                self.stop(&mut state);
            }
            drop(state);
            drop(spilled);
            if trim {
                trim_allocator();
            }
        }
    }

    /// The value of a finished task, read back where it was spilled.
    ///
    /// # Errors
    /// [`ErrorKind::Corrupt`], [`ErrorKind::Io`] from reading back; [`ErrorKind::Cancelled`] where there is
    /// no value.
    pub fn fetch(&self, task: u32) -> Result<Value> {
        loop {
            let mut state = self.lock();
            match state.store.fetch(task) {
                Fetch::Ready(value) => return Ok(value),
                Fetch::Empty => return Err(ErrorKind::Cancelled.into()),
                Fetch::Busy => wait_for(&self.changed, &mut state, Some(Duration::from_millis(50))),
                Fetch::Load(job) => {
                    // The store counts what is being read; the encoded form is held for a moment beside it.
                    drop(state);
                    self.relieve(None);
                    let outcome = job.run(self.registry().as_ref());
                    let mut state = self.lock();
                    let outcome = state.store.loaded(task, outcome);
                    self.changed.notify_all();
                    return outcome;
                }
            }
        }
    }
}

/// Whether the task `state.taken[n]` reads or is expected to return so much that it should be taken alone.
fn is_heavy(state: &State, n: usize) -> bool {
    if state.forecast.is_empty() {
        return false;
    }
    let task = state.taken[n];
    let inputs = state.machine.inputs(task).iter().map(|&input| state.store.value_bytes(input));
    inputs.sum::<u64>() + state.forecast.expected_bytes(family_of(state, task)) >= HEAVY_BYTES
}

/// The family of a task, for the forecast.
pub(crate) fn family_of(state: &State, task: u32) -> u64 {
    let (at, local) = state.machine.segment_of(task);
    let table = state.machine.segments()[at].table();
    family(table.body(local), table.body_index(local))
}

/// The next value that should go to disk.
pub(crate) fn next_spill(state: &mut State) -> Option<SpillJob> {
    let State { machine, store, .. } = state;
    store.next_spill(&mut |slot| machine.next_need(slot))
}
