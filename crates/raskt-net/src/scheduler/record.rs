//! What the scheduler hears of tasks that ran, in a ring for whoever watches.

use std::sync::Arc;
use std::time::Duration;

use raskt_core::Key;
use raskt_exec::events::{EventKind, NameId, Record, Ring, now_ns};
use raskt_graph::Body;
use raskt_sched::{FromWorker, Scheduler, WorkerId};

/// Records: at 10,000 tasks a second those of the last second.
const N_SLOTS: usize = 16_384;

/// Writes a record for each task that a worker reports.
pub(super) struct Recorder {
    ring: Arc<Ring>,
}

impl Recorder {
    pub fn new() -> Self {
        Self { ring: Arc::new(Ring::new(N_SLOTS)) }
    }

    /// What it writes to.
    pub fn ring(&self) -> &Arc<Ring> {
        &self.ring
    }

    /// A worker said something, and the machine has not heard it yet.
    pub fn note(&self, machine: &Scheduler, worker: WorkerId, message: &FromWorker) {
        let (attempt, kind, n_bytes, duration) = match message {
            FromWorker::Finished { attempt, n_bytes, duration } => {
                (attempt, EventKind::Finished, *n_bytes, *duration)
            }
            FromWorker::Expanded { attempt, duration, .. } => (attempt, EventKind::Finished, 0, *duration),
            FromWorker::Failed { attempt, .. } => (attempt, EventKind::Failed, 0, Duration::ZERO),
            _ => return,
        };
        let Some(key) = machine.key_of(attempt.of) else { return };
        // When it ended is told by when it was heard: clocks of machines differ.
        let duration_ns = u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
        self.ring.push(&Record {
            kind,
            is_elsewhere: true,
            worker: u16::try_from(worker.0).unwrap_or(u16::MAX),
            start_ns: now_ns().saturating_sub(duration_ns),
            duration_ns,
            name: NameId::of(&label(&key)),
            n_tasks: 1,
            bytes: n_bytes,
            run: 0,
            task: 0,
        });
    }
}

/// What tasks are called together: their name up to its token.
fn label(key: &Key) -> Arc<str> {
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
