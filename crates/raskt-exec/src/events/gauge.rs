//! How far each run is: numbers that its workers write and anybody reads, without the run's lock.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};

use raskt_core::{Fit, ProcessLock};
use raskt_graph::{Adjacency, TaskTable};

use super::names::NameId;
use super::recorder::{has_foreign_key, name_of_task};
use super::ring::EventKind;
use super::rings::now_ns;

/// So many inputs of a task are looked at to find what made them behind bookkeeping.
const N_LOOKED_THROUGH_MAX: usize = 64;
/// Runs that are remembered after their end.
const N_RUNS_MAX: usize = 64;

/// How far a run is. Its workers write it once a batch.
#[derive(Debug)]
pub struct Gauge {
    run: u32,
    table: Weak<TaskTable>,
    started_ns: u64,
    n_workers: usize,
    memory_limit_bytes: Option<u64>,
    /// 0 while it goes on; 1 plus the moment of its end, doubled; the lowest bit is whether all was computed.
    ended: AtomicU64,
    n_tasks: AtomicUsize,
    n_done: AtomicUsize,
    n_ready: AtomicUsize,
    n_running: AtomicUsize,
    memory_bytes: AtomicU64,
    spilled_bytes: AtomicU64,
    /// Since when it waits for memory, and for whom: 0 while it does not.
    waiting: AtomicU64,
}

/// The tasks that a run began with.
#[derive(Clone, Debug)]
pub struct RunTasks {
    /// What each is called; nothing where it is bookkeeping.
    pub names: Vec<Option<NameId>>,
    /// What each needs.
    pub inputs: Adjacency,
}

/// What a gauge showed at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GaugeState {
    /// Tasks in all, as far as known.
    pub n_tasks: usize,
    /// Tasks that are done.
    pub n_done: usize,
    /// Tasks that could start.
    pub n_ready: usize,
    /// Tasks that were handed to workers.
    pub n_running: usize,
    /// Bytes of values in memory.
    pub memory_bytes: u64,
    /// Bytes of values on disk.
    pub spilled_bytes: u64,
    /// When it ended, in nanoseconds since the process's epoch, and whether all was computed.
    pub ended: Option<(u64, bool)>,
}

static NEXT_RUN: AtomicU32 = AtomicU32::new(1);
static GAUGES: ProcessLock<VecDeque<Arc<Gauge>>> = ProcessLock::new(VecDeque::new());

/// The gauges of the runs that go on, and of the last ones that ended, oldest first.
#[must_use]
pub fn gauges() -> Vec<Arc<Gauge>> {
    GAUGES.lock().iter().cloned().collect()
}

impl Gauge {
    pub(crate) fn new(
        table: &Arc<TaskTable>,
        n_workers: usize,
        memory_limit_bytes: Option<u64>,
    ) -> Arc<Self> {
        let gauge = Arc::new(Self {
            run: NEXT_RUN.fetch_add(1, Ordering::Relaxed),
            table: Arc::downgrade(table),
            started_ns: now_ns(),
            n_workers,
            memory_limit_bytes,
            ended: AtomicU64::new(0),
            n_tasks: AtomicUsize::new(table.n_tasks()),
            n_done: AtomicUsize::new(0),
            n_ready: AtomicUsize::new(0),
            n_running: AtomicUsize::new(0),
            memory_bytes: AtomicU64::new(0),
            spilled_bytes: AtomicU64::new(0),
            waiting: AtomicU64::new(0),
        });
        let mut gauges = GAUGES.lock();
        let mut forgotten = None;
        if gauges.len() >= N_RUNS_MAX {
            let ended = gauges.iter().position(|gauge| gauge.ended.load(Ordering::Relaxed) != 0);
            forgotten = gauges.remove(ended.unwrap_or(0));
        }
        gauges.push_back(Arc::clone(&gauge));
        drop(gauges);
        drop(forgotten);
        gauge
    }

    /// The run's number in this process; records name it.
    #[must_use]
    pub fn run(&self) -> u32 {
        self.run
    }

    /// When it started, in nanoseconds since the process's epoch.
    #[must_use]
    pub fn started_ns(&self) -> u64 {
        self.started_ns
    }

    /// How many workers it may have.
    #[must_use]
    pub fn n_workers(&self) -> usize {
        self.n_workers
    }

    /// Bytes of values that it may hold in memory.
    #[must_use]
    pub fn memory_limit_bytes(&self) -> Option<u64> {
        self.memory_limit_bytes
    }

    /// What it shows now.
    #[must_use]
    pub fn state(&self) -> GaugeState {
        let ended = self.ended.load(Ordering::Acquire);
        GaugeState {
            n_tasks: self.n_tasks.load(Ordering::Relaxed),
            n_done: self.n_done.load(Ordering::Relaxed),
            n_ready: self.n_ready.load(Ordering::Relaxed),
            n_running: self.n_running.load(Ordering::Relaxed),
            memory_bytes: self.memory_bytes.load(Ordering::Relaxed),
            spilled_bytes: self.spilled_bytes.load(Ordering::Relaxed),
            ended: (ended != 0).then_some((ended >> 1, ended & 1 == 1)),
        }
    }

    /// How many tasks of each name the run began with, without bookkeeping; `None` once the run is gone. It looks at every
    /// task.
    #[must_use]
    pub fn n_by_name(&self) -> Option<Vec<(NameId, usize)>> {
        let table = self.table.upgrade()?;
        let mut counts = rustc_hash::FxHashMap::<NameId, usize>::default();
        let mut of_bodies = vec![None; table.bodies().len()];
        for task in (0..table.n_tasks().fit::<u32>()).filter(|&task| !table.body(task).is_bookkeeping()) {
            let body = table.body_index(task) as usize;
            let name = *of_bodies[body].get_or_insert_with(|| name_of_task(&table, task));
            *counts.entry(name).or_default() += 1;
        }
        Some(counts.into_iter().collect())
    }

    /// How many values tasks of one name get from those of another, in the graph that the run began with: from, to, number.
    /// Bookkeeping between them is looked through. `None` once the run is gone. It looks at every edge.
    #[must_use]
    pub fn links_by_name(&self) -> Option<Vec<(NameId, NameId, usize)>> {
        let table = self.table.upgrade()?;
        let mut counts = rustc_hash::FxHashMap::<(NameId, NameId), usize>::default();
        let mut of_bodies = vec![None; table.bodies().len()];
        let mut name = |task: u32| {
            let known = &mut of_bodies[table.body_index(task) as usize];
            *known.get_or_insert_with(|| name_of_task(&table, task))
        };
        let mut behind = Vec::new();
        for (task, inputs) in (0u32..).zip(table.inputs().rows()) {
            if table.body(task).is_bookkeeping() {
                continue;
            }
            let to = name(task);
            behind.extend_from_slice(inputs);
            let mut n_left = N_LOOKED_THROUGH_MAX;
            while let Some(input) = behind.pop() {
                match table.body(input).is_bookkeeping() {
                    false => *counts.entry((name(input), to)).or_default() += 1,
                    true if n_left > 0 => behind.extend_from_slice(table.inputs().row(input)),
                    true => {}
                }
                n_left = n_left.saturating_sub(1);
            }
        }
        Some(counts.into_iter().map(|((from, to), n)| (from, to, n)).collect())
    }

    /// The tasks that the run began with; `None` once it is gone, and where they are more than `n_max`.
    #[must_use]
    pub fn tasks(&self, n_max: usize) -> Option<RunTasks> {
        let table = self.table.upgrade().filter(|table| table.n_tasks() <= n_max)?;
        let mut of_bodies = vec![None; table.bodies().len()];
        let mut name = |task: u32| {
            let known = &mut of_bodies[table.body_index(task) as usize];
            *known.get_or_insert_with(|| name_of_task(&table, task))
        };
        let tasks = 0..table.n_tasks().fit::<u32>();
        let names = tasks.map(|task| (!table.body(task).is_bookkeeping()).then(|| name(task))).collect();
        Some(RunTasks { names, inputs: table.inputs().clone() })
    }

    /// What the run's task is called; `None` once the run is gone, for tasks that it grew, and for users' functions, whose
    /// keys live in their runtime.
    #[must_use]
    pub fn key(&self, task: u32) -> Option<String> {
        let table = self.table.upgrade()?;
        let is_known = (task as usize) < table.n_tasks() && !has_foreign_key(table.body(task));
        is_known.then(|| table.key(task).to_string())
    }

    pub(crate) fn advance(&self, n_tasks: usize, n_done: usize) {
        self.n_tasks.store(n_tasks, Ordering::Relaxed);
        self.n_done.store(n_done, Ordering::Relaxed);
    }

    pub(crate) fn occupy(&self, n_ready: usize, n_running: usize) {
        self.n_ready.store(n_ready, Ordering::Relaxed);
        self.n_running.store(n_running, Ordering::Relaxed);
    }

    pub(crate) fn hold(&self, memory_bytes: u64, spilled_bytes: u64) {
        self.memory_bytes.store(memory_bytes, Ordering::Relaxed);
        self.spilled_bytes.store(spilled_bytes, Ordering::Relaxed);
    }

    pub(crate) fn end(&self, is_complete: bool) {
        let at = (now_ns() << 1 | u64::from(is_complete)).max(1);
        // The first end counts.
        let _ = self.ended.compare_exchange(0, at, Ordering::AcqRel, Ordering::Relaxed);
        self.n_ready.store(0, Ordering::Relaxed);
        self.n_running.store(0, Ordering::Relaxed);
    }

    /// Notes for whom the run waits, by a number that is not 0; what it waited for before that came to an end, and since
    /// when.
    #[inline]
    pub(crate) fn wait(&self, reason: u8) -> Option<(EventKind, u64)> {
        let before = self.waiting.load(Ordering::Relaxed);
        #[allow(clippy::cast_possible_truncation, reason = "the lowest byte")]
        let old = before as u8;
        if old == reason {
            return None;
        }
        let since = now_ns() & !0xff;
        self.waiting.store(if reason == 0 { 0 } else { since | u64::from(reason) }, Ordering::Relaxed);
        EventKind::from_number(old).map(|kind| (kind, before & !0xff))
    }
}
