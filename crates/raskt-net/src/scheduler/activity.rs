//! What the thread of the scheduler does at each moment, for whoever samples it: one word that it alone writes.

use std::sync::atomic::{AtomicU64, Ordering};

use raskt_sched::{Event, FromClient, FromWorker};

/// Something that the scheduler does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Part {
    WorkersSaid = 1,
    ClientsSaid,
    ComeAndGo,
    Questions,
    Graphs,
    Time,
    Started,
    Finished,
    Failed,
    Moved,
    OfWorker,
    Submitted,
    OfClient,
    Records,
    Shared,
    Writes,
    Sends,
}

/// What each is called, by its number.
const NAMES: [&str; 17] = [
    "hears workers",
    "hears clients",
    "workers and clients come and go",
    "answers questions",
    "takes in graphs",
    "time passes",
    "a task started",
    "a task finished",
    "a task failed",
    "values moved",
    "other news of a worker",
    "tasks were submitted",
    "keys are wanted or let go of",
    "records for watchers",
    "locks, queues and variables",
    "writes messages",
    "sends messages",
];

impl Part {
    /// What the machine hears of.
    pub const fn of(event: &Event) -> Self {
        match event {
            Event::Worker(_, said) => match said {
                FromWorker::Started(_) => Self::Started,
                FromWorker::Finished { .. } | FromWorker::Expanded { .. } => Self::Finished,
                FromWorker::Failed { .. } => Self::Failed,
                FromWorker::Acquired { .. } | FromWorker::Exchanged { .. } => Self::Moved,
                _ => Self::OfWorker,
            },
            Event::Client(_, FromClient::Submit(_)) => Self::Submitted,
            Event::Client(..) => Self::OfClient,
            Event::Tick => Self::Time,
            _ => Self::ComeAndGo,
        }
    }
}

/// What the scheduler does now: parts, the innermost in the lowest byte; 0 while it waits.
#[derive(Debug, Default)]
pub struct Activity(AtomicU64);

impl Activity {
    /// The scheduler does `part` now, as a part of what it did before; what to go back to.
    pub(super) fn enter(&self, part: Part) -> u64 {
        let before = self.0.load(Ordering::Relaxed);
        self.0.store(before << 8 | u64::from(part as u8), Ordering::Relaxed);
        before
    }

    /// It does again what it did before.
    pub(super) fn back(&self, before: u64) {
        self.0.store(before, Ordering::Relaxed);
    }

    /// What it does at this moment, as a word.
    #[must_use]
    pub fn now(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// What a word of [`now`](Self::now) says, outermost first; nothing where it waited.
    #[must_use]
    pub fn parts(word: u64) -> Vec<&'static str> {
        let named = |part: u8| NAMES.get(usize::from(part).wrapping_sub(1)).copied();
        word.to_be_bytes().into_iter().filter_map(named).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_done_is_told_with_what_it_is_a_part_of() {
        let activity = Activity::default();
        assert_eq!(Activity::parts(activity.now()), [""; 0]);
        let outer = activity.enter(Part::WorkersSaid);
        let inner = activity.enter(Part::Finished);
        assert_eq!(Activity::parts(activity.now()), ["hears workers", "a task finished"]);
        activity.back(inner);
        let inner = activity.enter(Part::Sends);
        assert_eq!(Activity::parts(activity.now()), ["hears workers", "sends messages"]);
        activity.back(inner);
        activity.back(outer);
        assert_eq!(activity.now(), 0);
    }
}
