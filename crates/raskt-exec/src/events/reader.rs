//! Reading what threads recorded.

use std::sync::Arc;

use raskt_core::Fit;

use super::names::NameId;
use super::ring::Record;
use super::rings::PLACES;

/// Where something happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Lane {
    /// A thread of this process, by the number of its ring.
    Thread(u32),
    /// A child process, by the number of its worker.
    Process(u16),
}

/// A record, and where it was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Event {
    /// Where.
    pub lane: Lane,
    /// What.
    pub record: Record,
}

/// A thread that has a ring.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaneInfo {
    /// The lane.
    pub lane: Lane,
    /// The thread's name.
    pub thread: Arc<str>,
    /// Whether the thread has not ended.
    pub is_alive: bool,
}

/// What a thread is running.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Running {
    /// Where.
    pub lane: Lane,
    /// What the task is called.
    pub name: NameId,
    /// The task, and its run.
    pub task: u32,
    /// The run.
    pub run: u32,
    /// Since when, in nanoseconds since the process's epoch; of a batch of short tasks, since the first one.
    pub since_ns: u64,
}

/// Somebody who reads records, and how far they have come.
#[derive(Clone, Debug, Default)]
pub struct Reader {
    next: Vec<u64>,
}

impl Reader {
    /// Reads on from the oldest records that there are.
    #[must_use]
    pub fn from_oldest() -> Self {
        Self::default()
    }

    /// Reads on from now.
    #[must_use]
    pub fn from_now() -> Self {
        Self { next: PLACES.lock().iter().map(|place| place.ring.head()).collect() }
    }

    /// Appends what was recorded since the last call to `events`, of each lane in the order of its ends; how many records
    /// were overwritten before that.
    pub fn read(&mut self, events: &mut Vec<Event>) -> u64 {
        let rings: Vec<_> = PLACES.lock().iter().map(|place| Arc::clone(&place.ring)).collect();
        let is_first = self.next.is_empty();
        self.next.resize(rings.len(), 0);
        let (mut records, mut n_missed) = (Vec::new(), 0);
        for ((number, ring), next) in (0_usize..).zip(&rings).zip(&mut self.next) {
            records.clear();
            let (now, missed) = ring.read(*next, &mut records);
            // What was overwritten before the first look was never to be seen.
            n_missed += if is_first { 0 } else { missed };
            *next = now;
            let thread = Lane::Thread(number.fit::<u32>());
            events.extend(records.iter().map(|&record| Event {
                lane: if record.is_elsewhere { Lane::Process(record.worker) } else { thread },
                record,
            }));
        }
        n_missed
    }
}

/// The threads that record.
#[must_use]
pub fn lanes() -> Vec<LaneInfo> {
    let places = PLACES.lock();
    let info = |(number, place): (usize, &super::rings::Place)| LaneInfo {
        lane: Lane::Thread(number.fit::<u32>()),
        thread: Arc::clone(&place.thread),
        is_alive: place.is_taken,
    };
    places.iter().enumerate().map(info).collect()
}

/// What threads are running at this moment.
#[must_use]
pub fn running() -> Vec<Running> {
    let places = PLACES.lock();
    let find = |(number, place): (usize, &super::rings::Place)| {
        let (name, task, run, since_ns) = place.ring.current()?;
        Some(Running { lane: Lane::Thread(number.fit::<u32>()), name, task, run, since_ns })
    };
    places.iter().enumerate().filter_map(find).collect()
}
