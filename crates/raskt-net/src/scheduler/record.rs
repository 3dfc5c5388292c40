//! What the scheduler hears of tasks that ran, in a ring for whoever watches.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use raskt_core::{Error, Fit, Key, Payload, Sealed};
use raskt_exec::events::{EventKind, NameId, Record, Ring, now_ns};
use raskt_graph::Body;
use raskt_sched::{FromWorker, Scheduler, TaskRef, WorkerId};
use rustc_hash::FxHashMap;

use super::activity::Activity;
use super::heard::{Event, Heard, TaskHeard};

/// Records: at 10,000 tasks a second those of the last second.
const N_SLOTS: usize = 16_384;

/// Larger exceptions are remembered without what they hold.
const PACKED_BYTES_MAX: u64 = 64 << 10;
/// Failures that are remembered.
const N_FAILURES_MAX: usize = 100;
/// So many tasks of a name are asked what they need; their like needs the same.
const N_ASKED_MAX: u32 = 32;
/// Names of which that is remembered.
const N_LINKS_MAX: usize = 4096;

/// A task that failed.
#[derive(Clone, Debug)]
pub struct Failed {
    /// When the scheduler heard of it, in nanoseconds since the process's epoch.
    pub at_ns: u64,
    /// The task.
    pub key: String,
    /// The worker.
    pub worker: WorkerId,
    /// What it raised.
    pub error: String,
    /// The exception as its process packed it, unless it is large.
    pub packed: Option<Payload>,
}

/// What is remembered beside the ring, for whoever watches.
#[derive(Debug, Default)]
pub struct Remembered {
    failures: Mutex<VecDeque<Failed>>,
    links: Mutex<FxHashMap<(NameId, NameId), u64>>,
}

impl Remembered {
    /// The tasks that failed last, oldest first.
    #[must_use]
    pub fn failures(&self) -> Vec<Failed> {
        self.failures.lock().iter().cloned().collect()
    }

    /// How many values the first tasks of a name got from those of another: from, to, number.
    #[must_use]
    pub fn links(&self) -> Vec<(NameId, NameId, u64)> {
        self.links.lock().iter().map(|(&(from, to), &n)| (from, to, n)).collect()
    }
}

/// Writes a record for each task that a worker reports.
pub(super) struct Recorder {
    ring: Arc<Ring>,
    remembered: Arc<Remembered>,
    activity: Arc<Activity>,
    /// How many tasks of each name were asked what they need.
    n_asked: FxHashMap<NameId, u32>,
    /// The same with keys.
    pub heard: Heard,
}

impl Recorder {
    pub fn new() -> Self {
        let (ring, remembered) = (Arc::new(Ring::new(N_SLOTS)), Arc::default());
        let (n_asked, heard) = (FxHashMap::default(), Heard::default());
        Self { ring, remembered, activity: Arc::default(), n_asked, heard }
    }

    /// What it writes to.
    pub fn ring(&self) -> &Arc<Ring> {
        &self.ring
    }

    /// Where the scheduler notes what it does at each moment.
    pub fn activity(&self) -> &Arc<Activity> {
        &self.activity
    }

    /// What it remembers.
    pub fn remembered(&self) -> &Arc<Remembered> {
        &self.remembered
    }

    /// A worker said something, and the machine has not heard it yet.
    pub fn note(&mut self, machine: &Scheduler, worker: WorkerId, message: &FromWorker) {
        let (task, kind, n_tasks, bytes, duration) = match message {
            FromWorker::Finished { attempt, n_bytes, duration } => {
                (attempt.of, EventKind::Finished, 1, *n_bytes, *duration)
            }
            FromWorker::Expanded { attempt, duration, .. } => {
                (attempt.of, EventKind::Finished, 1, 0, *duration)
            }
            FromWorker::Failed { attempt, .. } => (attempt.of, EventKind::Failed, 1, 0, Duration::ZERO),
            FromWorker::Returned(attempt) => (attempt.of, EventKind::GivenBack, 1, 0, Duration::ZERO),
            FromWorker::Acquired { values, duration } => {
                let Some(&(first, _)) = values.first() else { return };
                let bytes = values.iter().map(|(_, bytes)| bytes).sum();
                let n_values = values.len().fit::<u32>();
                (first, EventKind::Received, n_values, bytes, duration.unwrap_or_default())
            }
            FromWorker::Exchanged { attempt, n_pieces, n_bytes, waited, .. } if *n_pieces > 0 => {
                (attempt.of, EventKind::Received, *n_pieces, *n_bytes, *waited)
            }
            _ => return,
        };
        let Some(key) = machine.key_of(task) else { return };
        // When it ended is told by when it was heard: clocks of machines differ.
        let duration_ns = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        let name = NameId::of(&label(&key));
        let start_ns = now_ns().saturating_sub(duration_ns);
        self.heard.task(TaskHeard {
            key: key.clone(),
            kind,
            worker,
            start_ns,
            duration_ns,
            n: n_tasks,
            bytes,
            after: if kind == EventKind::Finished { machine.last_input_of(task) } else { None },
        });
        self.ring.push(&Record {
            kind,
            is_elsewhere: true,
            worker: u16::try_from(worker.0).unwrap_or(u16::MAX),
            start_ns,
            duration_ns,
            name,
            n_tasks,
            bytes,
            run: 0,
            task: 0,
        });
        match (kind, message) {
            (_, FromWorker::Failed { error, .. }) => self.remember_failure(&key, worker, error),
            (EventKind::Finished, _) => self.remember_inputs(machine, task, name),
            _ => {}
        }
    }

    fn remember_failure(&mut self, key: &Key, worker: WorkerId, error: &Error) {
        self.heard.note(Event::TaskFailed, key, &format_args!("task {key} failed on worker {worker}"));
        let mut failures = self.remembered.failures.lock();
        if failures.len() >= N_FAILURES_MAX {
            failures.pop_front();
        }
        let sealed = error.foreign().and_then(|foreign| foreign.as_any().downcast_ref::<Sealed>());
        let packed = sealed.map(|sealed| sealed.payload().clone());
        let packed = packed.filter(|packed| packed.size_bytes() <= PACKED_BYTES_MAX);
        let (key, error) = (key.to_string(), error.to_string());
        failures.push_back(Failed { at_ns: now_ns(), key, worker, error, packed });
    }

    fn remember_inputs(&mut self, machine: &Scheduler, task: TaskRef, name: NameId) {
        if self.n_asked.len() >= N_LINKS_MAX && !self.n_asked.contains_key(&name) {
            return;
        }
        let n_asked = self.n_asked.entry(name).or_default();
        if *n_asked >= N_ASKED_MAX {
            return;
        }
        *n_asked += 1;
        let mut links = self.remembered.links.lock();
        for input in machine.inputs_of(task).iter().take(N_ASKED_MAX as usize) {
            *links.entry((NameId::of(&label(input)), name)).or_default() += 1;
        }
    }
}

/// What tasks are called together: their name up to its token.
pub(super) fn label(key: &Key) -> Arc<str> {
    Body::native(key.name.as_str()).label_of(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_go_by_their_name_without_its_token() {
        let token = "9d4b4b3c9d4b4b3c9d4b4b3c9d4b4b3c";
        assert_eq!(&*label(&Key::block(&*format!("mean-{token}"), &[0])), "mean");
        assert_eq!(&*label(&Key::named("my-own-name")), "my-own-name");
    }
}
