//! Writing records while tasks run, at a cost that short tasks do not feel.

use std::cell::RefCell;
use std::sync::Arc;
use std::time::{Duration, Instant};

use raskt_core::{Result, Value};
use raskt_graph::{Body, TaskTable};
use smallvec::SmallVec;

use super::names::NameId;
use super::ring::{EventKind, Record, Ring};
use super::rings::{here, now_ns, since_epoch_ns};
use crate::job::{Job, Report, Reported};
use crate::kernel::Outcome;
use crate::resolved::ResolvedTable;
use crate::run::Run;

/// Tasks of a name that take less than this are recorded by the batch.
const SHORT_NS: u64 = 4_000;
/// Names of short tasks whose batches take more than this a task are measured one by one again.
const LONG_NS: u64 = 16_000;
/// Names that one batch tells apart.
const N_NAMES: usize = 8;

thread_local! {
    /// Which names' tasks are short, a bit a name. Left to the thread's next recorder.
    static SHORT: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
}

/// Tasks of one name in a batch.
#[derive(Clone, Copy)]
struct Tally {
    name: NameId,
    n_tasks: u32,
    first: u32,
}

/// Records what one worker runs of one run.
pub(crate) struct Recorder {
    ring: Option<Arc<Ring>>,
    run: u32,
    worker: u16,
    /// Up to when everything is recorded.
    since_ns: u64,
    batch: SmallVec<[Tally; N_NAMES]>,
    /// The last body or family, and its name.
    last: Option<(u64, NameId)>,
    short: Vec<u64>,
    /// What the thread was doing before: the task around this run, if there is one.
    outer: [u64; 3],
}

/// A task that was begun.
#[derive(Clone, Copy)]
pub(crate) struct Begun {
    name: NameId,
    is_short: bool,
}

impl Recorder {
    /// For `worker` of `run`, on this thread.
    pub fn new(run: &Run, worker: usize) -> Self {
        let ring = here();
        let outer = ring.as_ref().map(|ring| ring.doing()).unwrap_or_default();
        let short = SHORT.try_with(RefCell::take).unwrap_or_default();
        Self {
            ring,
            run: run.gauge().run(),
            worker: u16::try_from(worker).unwrap_or(u16::MAX),
            since_ns: 0,
            batch: SmallVec::new(),
            last: None,
            short,
            outer,
        }
    }

    /// A batch begins.
    pub fn begin_batch(&mut self, now: Instant) {
        if let Some(ring) = &self.ring {
            self.since_ns = since_epoch_ns(now);
            ring.begin_at(self.since_ns, self.run, self.worker);
        }
    }

    /// A batch has ended.
    pub fn end_batch(&mut self, now: Instant) {
        self.flush(since_epoch_ns(now));
        if let Some(ring) = &self.ring {
            ring.end();
        }
    }

    fn is_short(&self, name: NameId) -> bool {
        self.short.get(name.0 as usize / 64).is_some_and(|bits| bits >> (name.0 % 64) & 1 == 1)
    }

    fn set_short(&mut self, name: NameId, is_short: bool) {
        let (at, bit) = (name.0 as usize / 64, 1 << (name.0 % 64));
        match is_short {
            true => {
                if self.short.len() <= at {
                    self.short.resize(at + 1, 0);
                }
                self.short[at] |= bit;
            }
            false => {
                if let Some(bits) = self.short.get_mut(at) {
                    *bits &= !bit;
                }
            }
        }
    }

    /// The task of `resolved` begins, which is number `task` of the run.
    #[inline]
    pub fn begin(&mut self, resolved: &ResolvedTable, local: u32, task: u32) -> Option<Begun> {
        self.ring.as_ref()?;
        let body = resolved.table().body(local);
        let mark = match body {
            Body::Foreign(foreign) => match foreign.family() {
                0 if foreign.is_constant() => return None,
                // Neither families nor serial numbers of tables reach the highest bit.
                family => family | 1 << 63,
            },
            body if body.is_bookkeeping() => return None,
            _ => u64::from(resolved.table().body_index(local)) | u64::from(resolved.serial()) << 32,
        };
        let name = match self.last {
            Some((last, name)) if last == mark => name,
            _ => {
                let name = resolved.name_of(local);
                self.last = Some((mark, name));
                name
            }
        };
        let is_short = self.is_short(name);
        if !is_short && !self.batch.is_empty() {
            let now = now_ns();
            self.flush(now);
        }
        if let Some(ring) = &self.ring {
            ring.begin(name, task);
        }
        Some(Begun { name, is_short })
    }

    /// What was begun has ended: `report` tells how.
    #[inline]
    pub fn end(&mut self, begun: Begun, report: &Report) {
        let Begun { name, is_short } = begun;
        if is_short && report.outcome.is_ok() {
            match self.batch.iter_mut().find(|tally| tally.name == name) {
                Some(tally) => tally.n_tasks += 1,
                None => {
                    if self.batch.len() == N_NAMES {
                        let now = now_ns();
                        self.flush(now);
                    }
                    self.batch.push(Tally { name, n_tasks: 1, first: report.task });
                }
            }
            return;
        }
        self.end_measured(name, report);
    }

    /// Notes a record of one task, whose end is now.
    fn end_measured(&mut self, name: NameId, report: &Report) {
        let now = now_ns();
        let took = now.saturating_sub(self.since_ns);
        let (kind, bytes) = match &report.outcome {
            Ok(Reported::Value(value)) => (EventKind::Finished, size_bytes(value)),
            Ok(Reported::Graph(_)) => (EventKind::Finished, 0),
            Err(_) => (EventKind::Failed, 0),
        };
        if !self.batch.is_empty() {
            self.flush(now);
        } else {
            self.push(kind, self.since_ns, took, Tally { name, n_tasks: 1, first: report.task }, bytes);
            if took < SHORT_NS && kind == EventKind::Finished {
                self.set_short(name, true);
            }
            self.start_over(now);
            return;
        }
        self.push(kind, now, 0, Tally { name, n_tasks: 1, first: report.task }, bytes);
    }

    fn start_over(&mut self, now: u64) {
        self.since_ns = now;
        if let Some(ring) = &self.ring {
            ring.begin_at(now, self.run, self.worker);
        }
    }

    /// Writes a record for each name of the batch, which ended `now`: its tasks share the time by their numbers.
    fn flush(&mut self, now: u64) {
        let batch = std::mem::take(&mut self.batch);
        let n_all: u64 = batch.iter().map(|tally| u64::from(tally.n_tasks)).sum();
        let took = now.saturating_sub(self.since_ns);
        if let Some(mean_ns) = took.checked_div(n_all) {
            let mut start = self.since_ns;
            for tally in &batch {
                let share = mean_ns * u64::from(tally.n_tasks);
                self.push(EventKind::Finished, start, share, *tally, 0);
                start += share;
            }
            if mean_ns > LONG_NS {
                batch.iter().for_each(|tally| self.set_short(tally.name, false));
            }
        }
        self.start_over(now);
    }

    fn push(&self, kind: EventKind, start_ns: u64, duration_ns: u64, tally: Tally, bytes: u64) {
        let Some(ring) = &self.ring else { return };
        ring.push(&Record {
            kind,
            is_elsewhere: false,
            worker: self.worker,
            start_ns,
            duration_ns,
            name: tally.name,
            n_tasks: tally.n_tasks,
            bytes,
            run: self.run,
            task: tally.first,
        });
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        if let Some(ring) = &self.ring {
            ring.go_on(self.outer);
        }
        // On a thread that ends what it learnt goes with it.
        let _ = SHORT.try_with(|short| short.replace(std::mem::take(&mut self.short)));
    }
}

/// Bytes of a value, its buffers included.
pub(super) fn size_bytes(value: &Value) -> u64 {
    let mut bytes = value.own_bytes();
    value.visit_owners(&mut |_, owned| bytes = bytes.saturating_add(owned));
    bytes
}

/// Whether a user's function knows what the task is called.
pub(super) fn has_foreign_key(body: &Body) -> bool {
    match body {
        Body::Foreign(_) => true,
        Body::Fused(program) => program.steps().last().is_some_and(|step| has_foreign_key(&step.body)),
        _ => false,
    }
}

/// What a task of `table` is called in records: users' functions by their name, others by what made them.
pub(crate) fn name_of_task(table: &TaskTable, task: u32) -> NameId {
    match table.body(task) {
        Body::Foreign(foreign) => match foreign.family() {
            0 => NameId::of(&foreign.label()),
            family => NameId::of_family(family, || foreign.label()),
        },
        // Such a key would be asked for in the function's runtime, which may keep one waiting.
        body if has_foreign_key(body) => NameId::of(&body.label()),
        body => NameId::of(&body.label_of(&table.key(task))),
    }
}

/// Notes something of `run` beside its tasks that took place on this thread from `begun` until now.
pub(crate) fn note(run: &Run, kind: EventKind, begun: Instant, name: Option<NameId>, bytes: u64) {
    let start_ns = since_epoch_ns(begun);
    note_span(run, kind, (start_ns, now_ns()), name, bytes);
}

/// As [`note`], with both ends on the clock of records.
pub(crate) fn note_span(run: &Run, kind: EventKind, span: (u64, u64), name: Option<NameId>, bytes: u64) {
    let Some(ring) = here() else { return };
    ring.push(&Record {
        kind,
        is_elsewhere: false,
        worker: 0,
        start_ns: span.0,
        duration_ns: span.1.saturating_sub(span.0),
        name: name.unwrap_or_else(|| {
            NameId::of(match kind {
                EventKind::Spilled => "spill",
                EventKind::ReadBack => "read back",
                _ => "wait for memory",
            })
        }),
        n_tasks: 0,
        bytes,
        run: run.gauge().run(),
        task: 0,
    });
}

/// Notes a task of `run` that ran in another process, and ended `ago` before now. The thread that speaks for the process
/// calls this.
pub fn note_elsewhere(
    run: &Run,
    worker: usize,
    job: &Job,
    outcome: &Result<Outcome>,
    took: Duration,
    ago: Duration,
) {
    let Some(ring) = here() else { return };
    let (resolved, local) = job.resolved(run);
    let ended = now_ns().saturating_sub(nanos(ago));
    let (kind, bytes) = match outcome {
        Ok(Outcome::Value(value)) => (EventKind::Finished, size_bytes(value)),
        Ok(Outcome::Expand(_)) => (EventKind::Finished, 0),
        Err(_) => (EventKind::Failed, 0),
    };
    ring.push(&Record {
        kind,
        is_elsewhere: true,
        worker: u16::try_from(worker).unwrap_or(u16::MAX),
        start_ns: ended.saturating_sub(nanos(took)),
        duration_ns: nanos(took),
        name: resolved.name_of(local),
        n_tasks: 1,
        bytes,
        run: run.gauge().run(),
        task: job.task,
    });
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}
