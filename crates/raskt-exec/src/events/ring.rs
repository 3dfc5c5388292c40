//! One thread's ring of records: one writer, any number of readers, no lock.

use super::names::NameId;
use crate::sync::{AtomicU64, Ordering, fence};

/// What a record tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum EventKind {
    /// Tasks ran and returned values.
    Finished = 1,
    /// A task ran and failed.
    Failed = 2,
    /// A value was written to disk to make room.
    Spilled = 3,
    /// A spilled value was read back.
    ReadBack = 4,
    /// Tasks that need nothing waited: there was no room for their results, and tasks with inputs went first.
    WaitedBehindUsers = 5,
    /// Tasks that need nothing waited: there was no room for their results, and only running tasks could make some.
    WaitedBehindRunning = 6,
    /// A worker gave a task back that it had not begun, for another to run.
    GivenBack = 7,
    /// Values came from other workers or from a client.
    Received = 8,
}

impl EventKind {
    const ALL: [Self; 8] = [
        Self::Finished,
        Self::Failed,
        Self::Spilled,
        Self::ReadBack,
        Self::WaitedBehindUsers,
        Self::WaitedBehindRunning,
        Self::GivenBack,
        Self::Received,
    ];

    pub(super) fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|&kind| kind as u8 == number)
    }
}

/// Something that took time on a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record {
    /// What it was.
    pub kind: EventKind,
    /// Whether it was in another process, for which the thread speaks.
    pub is_elsewhere: bool,
    /// The number of the worker within its run.
    pub worker: u16,
    /// When it began, in nanoseconds since the process's epoch.
    pub start_ns: u64,
    /// How long it took: up to three days.
    pub duration_ns: u64,
    /// What the tasks are called.
    pub name: NameId,
    /// How many tasks: one, or a batch of short ones.
    pub n_tasks: u32,
    /// Bytes of the result, or that were written or read; 0 for batches.
    pub bytes: u64,
    /// The run it belongs to: [`Gauge::run`](super::Gauge::run).
    pub run: u32,
    /// The task's number in the run; of a batch, the first one's.
    pub task: u32,
}

const N_WORDS: usize = 5;
const DURATION_BITS: u32 = 48;
const DURATION_MAX: u64 = (1 << DURATION_BITS) - 1;
const ELSEWHERE: u8 = 0x80;

const fn pair(high: u32, low: u32) -> u64 {
    (high as u64) << 32 | low as u64
}

#[allow(clippy::cast_possible_truncation, reason = "the halves of a word")]
const fn halves(word: u64) -> (u32, u32) {
    ((word >> 32) as u32, word as u32)
}

impl Record {
    fn to_words(self) -> [u64; N_WORDS] {
        let kind = self.kind as u8 | if self.is_elsewhere { ELSEWHERE } else { 0 };
        [
            self.start_ns,
            self.duration_ns.min(DURATION_MAX) | u64::from(kind) << DURATION_BITS,
            pair(self.name.0, self.n_tasks),
            self.bytes.min(DURATION_MAX) | u64::from(self.worker) << DURATION_BITS,
            pair(self.run, self.task),
        ]
    }

    #[allow(clippy::cast_possible_truncation, reason = "the parts of a word")]
    fn from_words(words: [u64; N_WORDS]) -> Option<Self> {
        let kind = (words[1] >> DURATION_BITS) as u8;
        let (name, n_tasks) = halves(words[2]);
        let (run, task) = halves(words[4]);
        Some(Self {
            kind: EventKind::from_number(kind & !ELSEWHERE)?,
            is_elsewhere: kind & ELSEWHERE != 0,
            worker: (words[3] >> DURATION_BITS) as u16,
            start_ns: words[0],
            duration_ns: words[1] & DURATION_MAX,
            name: NameId(name),
            n_tasks,
            bytes: words[3] & DURATION_MAX,
            run,
            task,
        })
    }
}

/// The last records of one thread, and what it is doing. Only one thread may write at a time.
#[derive(Debug)]
pub struct Ring {
    slots: Box<[[AtomicU64; N_WORDS]]>,
    /// Records written so far; the next one goes to this slot, modulo the number of slots.
    head: AtomicU64,
    /// Since when the thread does what it does now.
    since_ns: AtomicU64,
    /// Name plus 1 and number of the task that runs; 0 where none does.
    current: AtomicU64,
    /// The run of that task, and its worker.
    current_run: AtomicU64,
}

/// Slots of zeros. The system gives their memory when they are first written to: a thread that records little takes little,
/// and does not wait for it.
#[cfg(not(feature = "shuttle"))]
fn empty(n_slots: usize) -> Box<[[AtomicU64; N_WORDS]]> {
    let slots = Box::new_zeroed_slice(n_slots);
    // SAFETY: an atomic number has the form of the number, for which zeros are valid.
    unsafe { slots.assume_init() }
}

#[cfg(feature = "shuttle")]
fn empty(n_slots: usize) -> Box<[[AtomicU64; N_WORDS]]> {
    (0..n_slots).map(|_| std::array::from_fn(|_| AtomicU64::new(0))).collect()
}

impl Ring {
    /// A ring of `n_slots` records; at least 2.
    #[must_use]
    pub fn new(n_slots: usize) -> Self {
        Self {
            slots: empty(n_slots.max(2)),
            head: AtomicU64::new(0),
            since_ns: AtomicU64::new(0),
            current: AtomicU64::new(0),
            current_run: AtomicU64::new(0),
        }
    }

    fn slot(&self, at: u64) -> &[AtomicU64; N_WORDS] {
        let n_slots = self.slots.len() as u64;
        #[allow(clippy::cast_possible_truncation, reason = "less than the number of slots")]
        &self.slots[(at % n_slots) as usize]
    }

    /// Writes a record over the oldest one. Only for the thread that owns the ring.
    pub fn push(&self, record: &Record) {
        let head = self.head.load(Ordering::Relaxed);
        // Whoever sees a word of this record sees a head that is no older than the one stored before it.
        fence(Ordering::Release);
        for (word, new) in self.slot(head).iter().zip(record.to_words()) {
            word.store(new, Ordering::Relaxed);
        }
        self.head.store(head + 1, Ordering::Release);
    }

    /// Records written so far.
    #[must_use]
    pub fn head(&self) -> u64 {
        self.head.load(Ordering::Acquire)
    }

    /// Appends the records from number `from` on to `out`; the number to go on with, and how many were overwritten.
    pub fn read(&self, from: u64, out: &mut Vec<Record>) -> (u64, u64) {
        let n_slots = self.slots.len() as u64;
        let head = self.head();
        let first = from.max(head.saturating_sub(n_slots)).min(head);
        let begun = out.len();
        let mut words = Vec::new();
        for at in first..head {
            words.push(std::array::from_fn(|i| self.slot(at)[i].load(Ordering::Relaxed)));
        }
        fence(Ordering::Acquire);
        // The writer may be at the slot after the head: what lay there is torn.
        let kept = (self.head.load(Ordering::Relaxed) + 1).saturating_sub(n_slots).max(first).min(head);
        let n_torn = usize::try_from(kept - first).unwrap_or(usize::MAX);
        out.extend(words.into_iter().skip(n_torn).filter_map(Record::from_words));
        debug_assert!(out.len() - begun <= self.slots.len());
        (head, kept - from.min(kept))
    }

    /// Notes what the thread begins now.
    #[inline]
    pub(super) fn begin(&self, name: NameId, task: u32) {
        self.current.store(pair(name.0 + 1, task), Ordering::Relaxed);
    }

    /// Notes since when, and of which run.
    pub(super) fn begin_at(&self, now_ns: u64, run: u32, worker: u16) {
        self.since_ns.store(now_ns, Ordering::Relaxed);
        self.current_run.store(pair(run, worker.into()), Ordering::Relaxed);
    }

    /// Notes that nothing runs.
    pub(super) fn end(&self) {
        self.current.store(0, Ordering::Relaxed);
    }

    /// What the thread is doing, to [go on](Ring::go_on) with.
    pub(super) fn doing(&self) -> [u64; 3] {
        [&self.current, &self.current_run, &self.since_ns].map(|word| word.load(Ordering::Relaxed))
    }

    /// The thread does again what it was doing before.
    pub(super) fn go_on(&self, doing: [u64; 3]) {
        for (word, was) in [&self.current, &self.current_run, &self.since_ns].into_iter().zip(doing) {
            word.store(was, Ordering::Relaxed);
        }
    }

    /// What runs: name, task, run, since when.
    pub(super) fn current(&self) -> Option<(NameId, u32, u32, u64)> {
        let (name, task) = halves(self.current.load(Ordering::Relaxed));
        let (run, _) = halves(self.current_run.load(Ordering::Relaxed));
        Some((NameId(name.checked_sub(1)?), task, run, self.since_ns.load(Ordering::Relaxed)))
    }
}

#[cfg(all(test, not(feature = "shuttle")))]
mod tests {
    use super::*;

    fn record(number: u64) -> Record {
        Record {
            kind: EventKind::ALL[number as usize % EventKind::ALL.len()],
            is_elsewhere: number.is_multiple_of(2),
            worker: (number % 1000) as u16,
            start_ns: number << 20,
            duration_ns: number << 7,
            name: NameId(number as u32 ^ 5),
            n_tasks: number as u32,
            bytes: number * 3,
            run: number as u32 + 1,
            task: number as u32 ^ 9,
        }
    }

    #[test]
    fn records_come_back_as_they_were_written() {
        let ring = Ring::new(16);
        let written: Vec<Record> = (0..10).map(record).collect();
        written.iter().for_each(|record| ring.push(record));
        let mut found = Vec::new();
        assert_eq!(ring.read(0, &mut found), (10, 0));
        assert_eq!(found, written);
        assert_eq!(ring.read(10, &mut found), (10, 0));
        assert_eq!(found.len(), 10);
    }

    #[test]
    fn a_reader_that_comes_late_learns_how_many_it_missed() {
        let ring = Ring::new(8);
        (0..100).for_each(|number| ring.push(&record(number)));
        let mut found = Vec::new();
        // The oldest slot counts as torn: the writer could be at it.
        assert_eq!(ring.read(0, &mut found), (100, 93));
        assert_eq!(found, (93..100).map(record).collect::<Vec<_>>());
        assert_eq!(ring.read(95, &mut Vec::new()), (100, 0));
    }

    #[test]
    fn what_is_longer_than_a_field_is_cut_off_at_its_end() {
        let ring = Ring::new(2);
        ring.push(&Record { duration_ns: u64::MAX, bytes: u64::MAX, worker: u16::MAX, ..record(0) });
        let mut found = Vec::new();
        ring.read(0, &mut found);
        assert_eq!((found[0].duration_ns, found[0].bytes), (DURATION_MAX, DURATION_MAX));
        assert_eq!((found[0].worker, found[0].kind), (u16::MAX, EventKind::Finished));
    }

    #[test]
    fn a_reader_beside_a_writer_never_sees_a_torn_record() {
        let ring = Ring::new(8);
        const N: u64 = 20_000;
        std::thread::scope(|scope| {
            scope.spawn(|| (0..N).for_each(|number| ring.push(&record(number))));
            let (mut at, mut n_missed, mut n_found) = (0, 0, 0);
            while at < N {
                let mut found = Vec::new();
                let (next, missed) = ring.read(at, &mut found);
                let first = next - found.len() as u64;
                assert_eq!(missed, first - at);
                for (number, found) in (first..next).zip(&found) {
                    assert_eq!(*found, record(number));
                }
                (at, n_missed, n_found) = (next, n_missed + missed, n_found + found.len() as u64);
            }
            assert_eq!(n_missed + n_found, N);
        });
    }
}
