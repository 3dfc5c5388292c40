//! The machine's state, and what may be asked of it.

use std::sync::Arc;

use raskt_core::{Error, Fit, Result, Value};
use raskt_graph::{Adjacency, TaskTable};
use raskt_store::{Fetch, Limits, SpillFolder, Store};
use rustc_hash::FxHashMap;

use super::forecast::Forecast;
use super::graph::{Graph, OwnerId, OwnerOptions};
use super::tasks::Tasks;
use crate::lane::LaneId;
use crate::resolved::Part;

/// What a machine decides by.
#[derive(Clone)]
pub struct MachineOptions {
    /// Workers that will ask for jobs: none is given more than its share of what is ready.
    pub n_workers: usize,
    /// How many lanes there are.
    pub n_lanes: usize,
    /// Bytes of values to hold in memory; `None` for no limit.
    pub memory_limit_bytes: Option<u64>,
    /// Where values go that do not fit; without it nothing is spilled.
    pub spill: Option<Arc<SpillFolder>>,
}

/// How an owner stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Nobody has the number.
    Vacant,
    /// Its tasks are run.
    Open,
    /// No more of its tasks start.
    Stopped,
    /// It is forgotten as soon as nothing hangs on its tasks.
    Closed,
}

pub(super) struct Owner {
    pub options: OwnerOptions,
    pub standing: Standing,
    pub errors: Vec<Error>,
    /// Some of its tasks may be tried again: they must find their inputs as they were.
    pub has_retries: bool,
    /// Nothing was left to do when that was last looked at.
    pub is_idle: bool,
}

/// Ready set, admission and values of the graphs of any number of owners.
pub struct Machine {
    pub(super) options: MachineOptions,
    pub(super) tasks: Tasks,
    pub(super) store: Store,
    pub(super) forecast: Forecast,
    /// Bytes reserved for what running tasks are expected to return.
    pub(super) reserved: FxHashMap<u32, u64>,
    pub(super) owners: Vec<Owner>,
    pub(super) retries_of: FxHashMap<u32, u32>,
    pub(super) attempts: FxHashMap<u32, u32>,
    /// Buffers of one event, kept for the next: what is being taken, what is done, and whose values go.
    pub(super) taken: Vec<u32>,
    pub(super) done: Vec<u32>,
    pub(super) released: Vec<u32>,
    /// The inputs of what is being taken, one task's after the other's; whether nobody else will ask for each
    /// again; where each task's end.
    pub(super) needs: Vec<u32>,
    pub(super) lasts: Vec<bool>,
    pub(super) ends: Vec<usize>,
}

impl Machine {
    /// A machine without owners.
    #[must_use]
    pub fn new(options: MachineOptions) -> Self {
        let limits =
            Limits { budget_bytes: options.memory_limit_bytes.unwrap_or(u64::MAX), ..Limits::default() };
        Self {
            tasks: Tasks::new(options.n_lanes),
            store: Store::new(0, limits, options.spill.clone()),
            options,
            forecast: Forecast::default(),
            reserved: FxHashMap::default(),
            owners: Vec::new(),
            retries_of: FxHashMap::default(),
            attempts: FxHashMap::default(),
            taken: Vec::new(),
            done: Vec::new(),
            released: Vec::new(),
            needs: Vec::new(),
            lasts: Vec::new(),
            ends: Vec::new(),
        }
    }

    /// A new owner, which may add graphs until it is stopped or closed.
    pub fn open(&mut self, options: OwnerOptions) -> OwnerId {
        let has_retries = options.retries > 0;
        let owner =
            Owner { options, standing: Standing::Open, errors: Vec::new(), has_retries, is_idle: true };
        if let Some(at) = self.owners.iter().position(|owner| owner.standing == Standing::Vacant) {
            self.owners[at] = owner;
            return OwnerId(at.fit::<u32>());
        }
        self.owners.push(owner);
        self.tasks.n_left.push(0);
        OwnerId(self.owners.len().fit::<u32>() - 1)
    }

    /// Adds a graph of `owner`'s; the number of its first task. No task starts before it is [ordered](super::Event).
    ///
    /// # Errors
    /// [`raskt_core::ErrorKind::InvalidGraph`] where the owner is not open, an input has no value and gets none, or there
    /// are too many tasks.
    pub fn add(&mut self, owner: OwnerId, mut graph: Graph, out: &mut super::Actions) -> Result<u32> {
        let known = self.owners.get_mut(owner.0 as usize);
        let Some(known) = known.filter(|owner| owner.standing == Standing::Open) else {
            return Err(super::segment::invalid(format!("owner {} takes no more graphs", owner.0)));
        };
        let retries_of = std::mem::take(&mut graph.retries_of);
        known.has_retries |= !retries_of.is_empty();
        let mut released = std::mem::take(&mut self.released);
        let base = self.tasks.add(owner, graph, &mut released);
        self.released = released;
        let base = base?;
        self.store.grow(self.tasks.cells.len());
        self.retries_of.extend(retries_of.into_iter().map(|(local, n)| (base + local, n)));
        self.settle_accounts(out);
        Ok(base)
    }

    /// Tasks in all, of every owner; they grow more where a task becomes a graph.
    #[must_use]
    pub fn n_tasks(&self) -> usize {
        self.tasks.segments.iter().map(|segment| segment.tasks().len()).sum()
    }

    /// Tasks of every owner that are not settled yet.
    #[must_use]
    pub fn n_left(&self) -> usize {
        self.tasks.n_left.iter().sum()
    }

    /// Tasks without a rank.
    #[must_use]
    pub fn n_unranked(&self) -> usize {
        self.tasks.n_unranked
    }

    /// Jobs that were handed out, and have not been reported or returned.
    #[must_use]
    pub fn n_running(&self) -> usize {
        self.tasks.n_running
    }

    /// Tasks that could start in `lane`.
    #[must_use]
    pub fn n_ready(&self, lane: LaneId) -> usize {
        self.tasks.n_ready(lane)
    }

    /// Tasks that could start in any lane.
    #[must_use]
    pub fn n_ready_all(&self) -> usize {
        let has_sources = self.tasks.has_sources();
        let n_lanes = self.options.n_lanes;
        let of_queue = |queue: &super::queue::Queue| -> usize {
            (0..n_lanes).map(|lane| queue.n_ready(lane, has_sources)).sum()
        };
        self.tasks.queues.iter().map(of_queue).sum()
    }

    /// The lane whose first task is served first.
    #[must_use]
    pub fn first_lane(&self) -> Option<LaneId> {
        self.tasks.first_lane()
    }

    /// Whether nothing of an owner's is left to do: it was stopped, or everything is done.
    #[must_use]
    pub fn is_over(&self, owner: OwnerId) -> bool {
        self.owners[owner.0 as usize].standing != Standing::Open || self.tasks.n_left[owner.0 as usize] == 0
    }

    /// What went wrong of an owner's tasks since this was asked last.
    pub fn take_errors(&mut self, owner: OwnerId) -> Vec<Error> {
        self.owners
            .get_mut(owner.0 as usize)
            .map(|owner| std::mem::take(&mut owner.errors))
            .unwrap_or_default()
    }

    /// The table that a task is of, and its number there, if there is such a task.
    #[must_use]
    pub fn find(&self, task: u32) -> Option<(&Arc<TaskTable>, u32)> {
        let segment = &self.tasks.segments[self.tasks.segment_at(task)?];
        Some((segment.table(), task - segment.base()))
    }

    /// The table that a task is of, with its bodies found.
    #[must_use]
    pub fn part_of(&self, task: u32) -> Option<&Arc<Part>> {
        Some(self.tasks.segments[self.tasks.segment_at(task)?].part())
    }

    /// The edges, backwards, of the table that a task is of.
    #[must_use]
    pub fn consumers_of_table(&self, task: u32) -> Option<Arc<Adjacency>> {
        Some(self.tasks.segments[self.tasks.segment_at(task)?].shared_consumers())
    }

    /// Whether another task needs the task's value.
    #[must_use]
    pub fn has_consumers(&self, task: u32) -> bool {
        self.tasks.segment_at(task).is_some() && self.tasks.consumers(task).next().is_some()
    }

    /// The value of a task if it is in memory.
    pub fn peek(&mut self, task: u32) -> Option<Value> {
        self.tasks.segment_at(task).and_then(|_| self.store.peek(task))
    }

    /// The value of a task, or the job that reads it back, whose outcome [`Machine::loaded`] is told.
    pub fn fetch(&mut self, task: u32) -> Fetch {
        match self.tasks.segment_at(task) {
            Some(_) => self.store.fetch(task),
            None => Fetch::Empty,
        }
    }

    /// What came of reading a value back; it is handed on.
    ///
    /// # Errors
    /// The one that was passed in.
    pub fn loaded(&mut self, task: u32, outcome: Result<Value>) -> Result<Value> {
        self.store.loaded(task, outcome)
    }

    /// Bytes that values hold in memory now, at the most so far, and on disk.
    #[must_use]
    pub fn memory(&self) -> (u64, u64, u64) {
        (self.store.memory_bytes(), self.store.peak_bytes(), self.store.spilled_bytes())
    }

    /// Bytes of values in memory, and of what running tasks are expected to return.
    #[must_use]
    pub fn used_bytes(&self) -> u64 {
        self.store.used_bytes()
    }
}

impl std::fmt::Debug for Machine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Machine({} of {} tasks left, {} running)", self.n_left(), self.n_tasks(), self.n_running())
    }
}
