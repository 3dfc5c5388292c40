//! The ready set and its transitions as a pure state machine: which task may start, what a finished task
//! sets free, how a graph grows while it runs. It knows no values, no threads and no clock.

use std::sync::Arc;

use raskt_core::{ErrorKind, Result};
use raskt_graph::{Adjacency, Body, Subgraph, TaskTable};

use crate::lane::LaneId;
use crate::ready::{Next, ReadySet};

/// Tasks that came together: those of the planned graph, or of one expansion. Their numbers start at `base`.
#[derive(Debug)]
pub struct Segment {
    base: u32,
    table: Arc<TaskTable>,
    /// Who of the same segment needs each task, in its own numbers.
    consumers: Adjacency,
    lanes: Vec<LaneId>,
    growth: Option<Growth>,
}

/// How a segment that came late hangs on the rest.
#[derive(Debug)]
struct Growth {
    /// The task that the segment's output stands in for.
    stands_for: u32,
    /// The rank under which its tasks wait.
    origin: u32,
    /// Where each row of `targets` starts.
    offsets: Vec<u32>,
    /// The inputs of each task as numbers of the whole graph, those of the expanded task included.
    targets: Vec<u32>,
}

impl Segment {
    /// The number of its first task.
    #[must_use]
    pub fn base(&self) -> u32 {
        self.base
    }

    /// Its tasks.
    #[must_use]
    pub fn table(&self) -> &Arc<TaskTable> {
        &self.table
    }
}

/// What became of a task that was reported finished.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finished {
    /// It is done, and that is all.
    Done,
    /// It was the output of an expansion: its value is that of this task too, which is to be reported next.
    StandsFor(u32),
}

/// The state of every task of one running graph.
#[derive(Debug)]
pub struct Machine {
    segments: Vec<Segment>,
    /// Rank of each planned task.
    rank: Vec<u32>,
    /// Planned task of each rank.
    at_rank: Vec<u32>,
    /// Inputs, counted as often as they are named, that are not there yet.
    n_waiting: Vec<u32>,
    /// Uses of the value still to come; a value that was asked for has one that never comes.
    n_users: Vec<u32>,
    /// Tasks that are finished, failed or skipped: a bit each.
    settled: Vec<u64>,
    /// Tasks that were taken: a bit each.
    taken: Vec<u64>,
    ready: Vec<ReadySet>,
    n_left: usize,
    n_running: usize,
}

impl Machine {
    /// The machine of `table`, to be run in the order of `sequence` (the tasks, first to start first).
    /// `lanes` gives the lane of each of the table's bodies.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidGraph`] where `sequence` is not a permutation of the tasks.
    pub fn new(
        table: Arc<TaskTable>,
        consumers: Adjacency,
        sequence: Vec<u32>,
        lanes: Vec<LaneId>,
        n_lanes: usize,
    ) -> Result<Self> {
        let n = table.n_tasks();
        let mut rank = vec![u32::MAX; n];
        for (at, &task) in sequence.iter().enumerate() {
            match rank.get_mut(task as usize) {
                Some(slot) if *slot == u32::MAX => *slot = at as u32,
                _ => {
                    return Err(
                        ErrorKind::InvalidGraph(format!("the order names task {task} wrongly")).into()
                    );
                }
            }
        }
        if sequence.len() != n {
            return Err(
                ErrorKind::InvalidGraph(format!("an order of {} for {n} tasks", sequence.len())).into()
            );
        }
        let mut machine = Self {
            n_waiting: (0..n as u32).map(|task| table.inputs().row(task).len() as u32).collect(),
            n_users: (0..n as u32).map(|task| consumers.row(task).len() as u32).collect(),
            settled: vec![0; n.div_ceil(64)],
            taken: vec![0; n.div_ceil(64)],
            ready: (0..n_lanes).map(|_| ReadySet::new(n)).collect(),
            n_left: n,
            n_running: 0,
            segments: vec![Segment { base: 0, table, consumers, lanes, growth: None }],
            rank,
            at_rank: sequence,
        };
        machine.start();
        Ok(machine)
    }

    fn start(&mut self) {
        let table = Arc::clone(&self.segments[0].table);
        for &output in table.outputs() {
            self.n_users[output as usize] += 1;
        }
        for task in 0..table.n_tasks() as u32 {
            if self.n_waiting[task as usize] == 0 {
                self.make_ready(task);
            }
        }
    }

    /// Tasks in all, late ones included.
    #[must_use]
    pub fn n_tasks(&self) -> usize {
        self.n_waiting.len()
    }

    /// Tasks not settled yet.
    #[must_use]
    pub fn n_left(&self) -> usize {
        self.n_left
    }

    /// Tasks taken and not reported yet.
    #[must_use]
    pub fn n_running(&self) -> usize {
        self.n_running
    }

    /// Tasks that could start in `lane`.
    #[must_use]
    pub fn n_ready(&self, lane: LaneId) -> usize {
        self.ready[lane.0 as usize].len()
    }

    /// Tasks that could start in any lane.
    #[must_use]
    pub fn n_ready_all(&self) -> usize {
        self.ready.iter().map(ReadySet::len).sum()
    }

    /// The lane whose first task comes first in the order.
    #[must_use]
    pub fn first_lane(&self) -> Option<LaneId> {
        let first = |lane: usize| Some((self.ready[lane].first_rank()?, lane));
        (0..self.ready.len()).filter_map(first).min().map(|(_, lane)| LaneId(lane as u8))
    }

    /// The segment that the task belongs to, and its number there.
    #[must_use]
    pub fn segment_of(&self, task: u32) -> (usize, u32) {
        if (task as usize) < self.rank.len() {
            return (0, task);
        }
        let at = self.segments.partition_point(|segment| segment.base <= task) - 1;
        (at, task - self.segments[at].base)
    }

    /// The segments, the planned graph first.
    #[must_use]
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    /// The tasks whose values `task` needs, in the order of its arguments.
    #[must_use]
    pub fn inputs(&self, task: u32) -> &[u32] {
        let (at, local) = self.segment_of(task);
        let segment = &self.segments[at];
        match &segment.growth {
            None => segment.table.inputs().row(local),
            Some(growth) => {
                let row = |i: u32| growth.offsets[i as usize] as usize;
                &growth.targets[row(local)..row(local + 1)]
            }
        }
    }

    /// Takes the first task of `lane` that is ready; it counts as running until it is reported.
    pub fn take(&mut self, lane: LaneId) -> Option<u32> {
        let task = match self.ready[lane.0 as usize].pop()? {
            Next::Ranked(rank) => self.at_rank[rank as usize],
            Next::Late(task) => task,
        };
        self.n_running += 1;
        self.taken[task as usize / 64] |= 1 << (task % 64);
        Some(task)
    }

    /// Puts back a task that was taken and did not start, or is to start again.
    pub fn put_back(&mut self, task: u32) {
        self.n_running -= 1;
        self.taken[task as usize / 64] &= !(1 << (task % 64));
        self.make_ready(task);
    }

    /// Whether the task needs no other: a source.
    #[must_use]
    pub fn is_source(&self, task: u32) -> bool {
        self.inputs(task).is_empty()
    }

    /// Whether nobody but one mention will ask for the task's value again.
    #[must_use]
    pub fn is_last_use(&self, task: u32) -> bool {
        self.n_users[task as usize] == 1
    }

    /// When the task's value is needed next, for [`raskt_store::Store::next_spill`]: one more than the rank of
    /// its first unsettled consumer; 0 while a consumer runs, `u64::MAX` where it waits for the end only.
    #[must_use]
    pub fn next_need(&self, task: u32) -> u64 {
        let (at, local) = self.segment_of(task);
        let segment = &self.segments[at];
        let needs = segment.consumers.row(local).iter().map(|&consumer| segment.base + consumer);
        let unsettled = needs.filter(|&consumer| !self.is_settled(consumer));
        let need = |consumer: u32| {
            let runs = self.taken[consumer as usize / 64] & (1 << (consumer % 64)) != 0;
            if runs { 0 } else { u64::from(self.rank_of(consumer)) + 1 }
        };
        unsettled.map(need).min().unwrap_or(u64::MAX)
    }

    /// The task is done: its consumers may start. `released` gains the tasks whose values nobody needs any
    /// more.
    pub fn finished(&mut self, task: u32, released: &mut Vec<u32>) -> Finished {
        self.n_running -= 1;
        self.settle(task);
        self.wake_consumers(task);
        self.drop_inputs(task, released);
        let origin = self.stands_for(task);
        if origin.is_some() {
            // The one user that only standing in for the origin was.
            self.n_users[task as usize] -= 1;
        }
        if self.n_users[task as usize] == 0 {
            released.push(task);
        }
        match origin {
            Some(origin) => {
                // The origin stayed unsettled; from here on it is like any task that has just run.
                self.n_running += 1;
                Finished::StandsFor(origin)
            }
            None => Finished::Done,
        }
    }

    /// The task failed for good: everything that needs it is skipped. `released` as in
    /// [`Machine::finished`].
    pub fn failed(&mut self, task: u32, released: &mut Vec<u32>) {
        self.n_running -= 1;
        let mut pending = vec![task];
        while let Some(task) = pending.pop() {
            if self.is_settled(task) {
                continue;
            }
            self.settle(task);
            self.drop_inputs(task, released);
            let (at, local) = self.segment_of(task);
            let segment = &self.segments[at];
            pending.extend(segment.consumers.row(local).iter().map(|&consumer| segment.base + consumer));
            pending.extend(self.stands_for(task));
        }
    }

    /// The task turned out to be a graph. Its tasks run in its place; `lanes` gives the lane of each of the
    /// graph's bodies. The values that the task was given and its graph does not need are released.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidGraph`] where an input is named that the task does not have, or the output is an
    /// input; [`ErrorKind::InvalidGraph`] past 2³² tasks.
    pub fn expanded(
        &mut self,
        task: u32,
        graph: Subgraph,
        lanes: Vec<LaneId>,
        released: &mut Vec<u32>,
    ) -> Result<()> {
        let table = Arc::new(graph.into_table());
        let base = self.n_waiting.len();
        let n_all = base + table.n_tasks();
        if n_all >= u32::MAX as usize {
            return Err(ErrorKind::InvalidGraph("the graph grew past 2³² tasks".into()).into());
        }
        let growth = self.growth(task, &table, base as u32)?;
        let consumers = table.inputs().transpose();
        self.settled.resize(n_all.div_ceil(64), 0);
        self.taken.resize(n_all.div_ceil(64), 0);
        for local in 0..table.n_tasks() as u32 {
            let row = growth.offsets[local as usize] as usize..growth.offsets[local as usize + 1] as usize;
            let n_inner = growth.targets[row.clone()].iter().filter(|&&t| t >= base as u32).count();
            self.n_waiting.push(n_inner as u32);
            self.n_users.push(consumers.row(local).len() as u32);
            for &target in growth.targets[row].iter().filter(|&&t| t < base as u32) {
                self.n_users[target as usize] += 1;
            }
        }
        self.segments.push(Segment { base: base as u32, table, consumers, lanes, growth: Some(growth) });
        self.start_segment(released, task);
        Ok(())
    }

    /// How the graph of `table` hangs on `task`.
    fn growth(&self, task: u32, table: &TaskTable, base: u32) -> Result<Growth> {
        let invalid = |what: String| raskt_core::Error::new(ErrorKind::InvalidGraph(what));
        let outer = self.inputs(task);
        let output = table.outputs()[0];
        if matches!(table.body(output), Body::Input(_)) {
            return Err(invalid("the output of a subgraph must be one of its tasks".into()));
        }
        let mut offsets = vec![0];
        let mut targets = Vec::with_capacity(table.inputs().n_edges());
        for row in table.inputs().rows() {
            for &local in row {
                targets.push(match table.body(local) {
                    Body::Input(i) => *outer.get(*i as usize).ok_or_else(|| {
                        invalid(format!("a subgraph names input {i} of a task with {} inputs", outer.len()))
                    })?,
                    _ => base + local,
                });
            }
            offsets.push(targets.len() as u32);
        }
        let (at, _) = self.segment_of(task);
        let origin = self.segments[at].growth.as_ref().map_or_else(|| self.rank_of(task), |g| g.origin);
        Ok(Growth { stands_for: task, origin, offsets, targets })
    }

    fn start_segment(&mut self, released: &mut Vec<u32>, task: u32) {
        self.n_running -= 1;
        let Some(segment) = self.segments.last() else { return };
        let (base, table) = (segment.base, Arc::clone(&segment.table));
        for local in 0..table.n_tasks() as u32 {
            if matches!(table.body(local), Body::Input(_)) {
                // Its users read the outer value itself.
                self.mark_settled(base + local);
                continue;
            }
            self.n_left += 1;
            if self.n_waiting[(base + local) as usize] == 0 {
                self.make_ready(base + local);
            }
        }
        self.n_users[(base + table.outputs()[0]) as usize] += 1;
        self.drop_inputs(task, released);
        // Its inputs were dropped here; a task that stands in reports it without any.
        self.n_waiting[task as usize] = u32::MAX;
    }

    fn stands_for(&self, task: u32) -> Option<u32> {
        let (at, local) = self.segment_of(task);
        let segment = &self.segments[at];
        let growth = segment.growth.as_ref()?;
        (segment.table.outputs()[0] == local).then_some(growth.stands_for)
    }

    fn settle(&mut self, task: u32) {
        self.mark_settled(task);
        self.n_left -= 1;
    }

    fn mark_settled(&mut self, task: u32) {
        self.settled[task as usize / 64] |= 1 << (task % 64);
    }

    fn is_settled(&self, task: u32) -> bool {
        self.settled[task as usize / 64] & (1 << (task % 64)) != 0
    }

    /// The rank under which the task is served.
    #[must_use]
    pub fn rank_of(&self, task: u32) -> u32 {
        match self.rank.get(task as usize) {
            Some(&rank) => rank,
            None => self.segments[self.segment_of(task).0].growth.as_ref().map_or(0, |growth| growth.origin),
        }
    }

    fn make_ready(&mut self, task: u32) {
        let (at, local) = self.segment_of(task);
        let segment = &self.segments[at];
        let lane = segment.lanes[segment.table.body_index(local) as usize];
        let ready = &mut self.ready[lane.0 as usize];
        match &segment.growth {
            None => ready.insert(self.rank[task as usize]),
            Some(growth) => ready.insert_late(growth.origin, task),
        }
    }

    fn wake_consumers(&mut self, task: u32) {
        let (at, local) = self.segment_of(task);
        let base = self.segments[at].base;
        let n = self.segments[at].consumers.row(local).len();
        for i in 0..n {
            let consumer = base + self.segments[at].consumers.row(local)[i];
            let waiting = &mut self.n_waiting[consumer as usize];
            *waiting -= 1;
            if *waiting == 0 && !self.is_settled(consumer) {
                self.make_ready(consumer);
            }
        }
    }

    fn drop_inputs(&mut self, task: u32, released: &mut Vec<u32>) {
        if self.n_waiting[task as usize] == u32::MAX {
            return;
        }
        for i in 0..self.inputs(task).len() {
            let input = self.inputs(task)[i];
            let users = &mut self.n_users[input as usize];
            *users -= 1;
            if *users == 0 && self.is_settled(input) {
                released.push(input);
            }
        }
    }

    /// Cross-checks every index; for tests and debug builds.
    ///
    /// # Panics
    /// Where two of them disagree.
    pub fn sanity_check(&self) {
        let n_settled: usize = self.settled.iter().map(|word| word.count_ones() as usize).sum();
        let n_inputs: usize = self
            .segments
            .iter()
            .skip(1)
            .map(|s| s.table.bodies().iter().filter(|b| matches!(b, Body::Input(_))).count())
            .sum();
        debug_assert!(n_settled + self.n_left >= self.n_tasks().saturating_sub(n_inputs));
        debug_assert!(self.n_ready_all() + self.n_running <= self.n_left);
    }
}
