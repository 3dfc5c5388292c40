//! Memory: which tasks may start under the budget, what goes to disk to make room, and reading it back.

use std::time::Duration;

use raskt_core::{ErrorKind, Result, Value};
use raskt_store::{Fetch, SpillJob, Spilled, trim_allocator};

use crate::admission::family;
use crate::run::{Run, State};
use crate::sync::wait_for;

/// Whether a task may start as far as memory goes.
enum Admission {
    Go,
    /// After this value has been spilled.
    After(SpillJob),
    /// When another task has finished.
    Wait,
}

/// What [`Run::admit`] came to.
pub(crate) struct Admitted {
    /// How many of the tasks may start.
    pub n: usize,
    /// A value that has to be spilled before the next may.
    pub relief: Option<SpillJob>,
}

impl Run {
    pub(crate) fn is_limited(&self) -> bool {
        self.options().memory_limit_bytes.is_some()
    }

    /// How many of the tasks in `state.taken`, which were just taken, may start; what they are expected to
    /// return is reserved.
    pub(crate) fn admit(&self, state: &mut State) -> Admitted {
        for n in 0..state.taken.len() {
            let n_others = state.machine.n_running() - (state.taken.len() - n);
            match self.admission(state, state.taken[n], n_others) {
                Admission::Go => {}
                Admission::After(job) => return Admitted { n, relief: Some(job) },
                Admission::Wait => return Admitted { n, relief: None },
            }
        }
        Admitted { n: state.taken.len(), relief: None }
    }

    /// Whether the task may start beside `n_others` that run. It always may when nothing else runs and nothing
    /// can be spilled; a task that has inputs may as soon as nothing can be spilled, for it frees memory.
    fn admission(&self, state: &mut State, task: u32, n_others: usize) -> Admission {
        if state.forecast.is_empty() {
            return Admission::Go;
        }
        let bytes = state.forecast.expected_bytes(family_of(state, task));
        if bytes == 0 {
            return Admission::Go;
        }
        state.store.reserve(bytes);
        if state.store.excess_bytes() > 0 {
            let relief = next_spill(state);
            let wait = n_others > 0 && state.machine.is_source(task);
            if relief.is_some() || wait {
                state.store.unreserve(bytes);
                return relief.map_or(Admission::Wait, Admission::After);
            }
        }
        state.reserved.insert(task, bytes);
        Admission::Go
    }

    /// Runs `first`, if there is one, and spills more until the budget holds again, or no value is left that
    /// could go. A full disk ends the run.
    pub fn relieve(&self, first: Option<SpillJob>) {
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
