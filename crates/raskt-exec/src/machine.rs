//! The ready set and its transitions as a pure state machine: which task may start, what a finished task
//! sets free, how a graph grows while it runs. It knows no values, no threads and no clock.
//!
//! Tasks are reported and taken many at a time. What a report touches lies all over memory in a graph of a
//! million tasks, so [`Machine::finish`] goes over the tasks in passes of one kind of access each: the processor
//! then waits for many of them at once.

use std::sync::Arc;

use raskt_core::{ErrorKind, Result, vast_vec};
use raskt_graph::{Adjacency, Subgraph, TaskTable};

use crate::lane::LaneId;
use crate::ready::{Next, Ready};
use crate::segment::{Lanes, Segment};

/// Where a task is in its life.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Phase(u32);

impl Phase {
    /// No input is missing: it is in a ready set.
    const READY: Self = Self(0);
    /// Somebody has it.
    const TAKEN: Self = Self(u32::MAX - 2);
    /// It became a graph, whose output will stand in for it; its inputs were given up.
    const GROWN: Self = Self(u32::MAX - 1);
    /// It is finished, failed or skipped.
    const SETTLED: Self = Self(u32::MAX);

    /// Inputs, counted as often as they are named, are not there yet.
    fn waiting(n: usize) -> Self {
        Self(n as u32)
    }

    /// One input more is there; whether it was the last.
    #[inline]
    fn advance(&mut self) -> bool {
        // A consumer that was skipped stays settled.
        let waits = self.0 < Self::TAKEN.0;
        self.0 -= u32::from(waits);
        waits && self.0 == 0
    }
}

/// The rank of a task that has none yet.
const UNRANKED: u32 = u32::MAX;

/// What is asked of a task all the time, side by side in memory.
#[derive(Clone, Copy)]
struct Cell {
    phase: Phase,
    /// Uses of the value still to come; a value that was asked for has one that never comes.
    n_users: u32,
    /// The rank of a planned task, [`UNRANKED`] until it is known.
    rank: u32,
}

/// When tasks without inputs, the sources, are served: they are the ones that only take memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sources {
    /// By their rank among the others.
    InTurn,
    /// Once no task with inputs is ready in any lane: memory is short.
    Last,
}

/// The state of every task of one running graph.
pub struct Machine {
    segments: Vec<Segment>,
    /// How many tasks were planned: those of later numbers came while the graph ran.
    n_planned: usize,
    /// Planned task of each rank that is known.
    at_rank: Vec<u32>,
    cells: Vec<Cell>,
    ready: Vec<Ready>,
    sources: Sources,
    n_left: usize,
    n_running: usize,
    scratch: Vec<u32>,
    woken: Vec<u32>,
}

impl Machine {
    /// The machine of `table`, whose edges `consumers` are backwards. No task is ready before it has a
    /// [rank](Self::rank).
    #[must_use]
    pub fn new(table: Arc<TaskTable>, consumers: Arc<Adjacency>, lanes: Lanes, n_lanes: usize) -> Self {
        let n = table.n_tasks();
        let cell = |(inputs, users): (&[u32], &[u32])| Cell {
            phase: Phase::waiting(inputs.len()),
            n_users: users.len() as u32,
            rank: UNRANKED,
        };
        let mut cells = vast_vec(n);
        cells.extend(table.inputs().rows().zip(consumers.rows()).map(cell));
        let mut machine = Self {
            cells,
            ready: (0..n_lanes).map(|_| Ready::new(n)).collect(),
            sources: Sources::InTurn,
            n_left: n,
            n_running: 0,
            segments: vec![Segment::planned(table, consumers, lanes)],
            n_planned: n,
            at_rank: vast_vec(n),
            scratch: Vec::new(),
            woken: Vec::new(),
        };
        let table = Arc::clone(machine.segments[0].table());
        table.outputs().iter().for_each(|&output| machine.cells[output as usize].n_users += 1);
        machine
    }

    /// Gives the next ranks to `tasks`, first to start first. Those that wait for nothing are ready with that.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidGraph`] where a task is not of the planned graph, or has a rank already.
    pub fn rank(&mut self, tasks: &[u32]) -> Result<()> {
        for &task in tasks {
            match self.cells.get_mut(task as usize) {
                Some(cell) if cell.rank == UNRANKED && (task as usize) < self.n_planned => {
                    cell.rank = self.at_rank.len() as u32;
                }
                _ => {
                    return Err(
                        ErrorKind::InvalidGraph(format!("the order names task {task} wrongly")).into()
                    );
                }
            }
            self.at_rank.push(task);
            if self.cells[task as usize].phase == Phase::READY {
                self.make_ready(task, self.is_source(task));
            }
        }
        Ok(())
    }

    /// How many tasks of the planned graph have no rank yet.
    #[must_use]
    pub fn n_unranked(&self) -> usize {
        self.n_planned - self.at_rank.len()
    }

    fn start(&mut self, tasks: std::ops::Range<u32>) {
        for task in tasks {
            if self.cells[task as usize].phase == Phase::READY {
                self.make_ready(task, self.is_source(task));
            }
        }
    }

    /// Tasks in all, late ones included.
    #[must_use]
    pub fn n_tasks(&self) -> usize {
        self.cells.len()
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
        self.ready[lane.0 as usize].len(self.has_sources())
    }

    /// Says when sources are served from here on.
    pub fn serve_sources(&mut self, sources: Sources) {
        self.sources = sources;
    }

    /// Tasks that have inputs and could start in any lane.
    #[must_use]
    pub fn n_ready_users(&self) -> usize {
        self.ready.iter().map(|ready| ready.users.len()).sum()
    }

    /// Whether sources are among what is served at the moment.
    #[inline]
    fn has_sources(&self) -> bool {
        self.sources == Sources::InTurn || self.n_ready_users() == 0
    }

    /// Tasks that could start in any lane.
    #[must_use]
    pub fn n_ready_all(&self) -> usize {
        let has_sources = self.has_sources();
        self.ready.iter().map(|ready| ready.len(has_sources)).sum()
    }

    /// The lane whose first task is served first.
    #[must_use]
    pub fn first_lane(&self) -> Option<LaneId> {
        let has_sources = self.has_sources();
        let first = |lane: usize| Some((self.ready[lane].first_rank(has_sources)?, lane));
        (0..self.ready.len()).filter_map(first).min().map(|(_, lane)| LaneId(lane as u8))
    }

    /// The segment that the task belongs to, and its number there.
    #[must_use]
    #[inline]
    pub fn segment_of(&self, task: u32) -> (usize, u32) {
        if (task as usize) < self.n_planned {
            return (0, task);
        }
        let at = self.segments.partition_point(|segment| segment.base() <= task) - 1;
        (at, task - self.segments[at].base())
    }

    /// The segments, the planned graph first.
    #[must_use]
    pub fn segments(&self) -> &[Segment] {
        &self.segments
    }

    #[inline]
    fn place(&self, task: u32) -> (&Segment, u32) {
        let (at, local) = self.segment_of(task);
        (&self.segments[at], local)
    }

    /// Which body of its table the task runs.
    #[inline]
    pub(crate) fn body_index(&self, task: u32) -> u32 {
        let (segment, local) = self.place(task);
        segment.table().body_index(local)
    }

    /// The tasks whose values `task` needs, in the order of its arguments.
    #[must_use]
    #[inline]
    pub fn inputs(&self, task: u32) -> &[u32] {
        let (segment, local) = self.place(task);
        segment.inputs(local)
    }

    /// Takes up to `n` tasks of `lane` that are ready, the first first; they count as running until they are
    /// reported. Where sources are last, one call takes sources or others, not both.
    pub fn take(&mut self, lane: LaneId, n: usize, taken: &mut Vec<u32>) {
        let has_sources = self.has_sources();
        let ready = &mut self.ready[lane.0 as usize];
        for next in std::iter::from_fn(|| ready.pop(has_sources)).take(n) {
            let task = match next {
                Next::Ranked(rank) => self.at_rank[rank as usize],
                Next::Late(task) => task,
            };
            self.cells[task as usize].phase = Phase::TAKEN;
            self.n_running += 1;
            taken.push(task);
        }
    }

    /// Puts back a task that was taken and did not start, or is to start again.
    pub fn put_back(&mut self, task: u32) {
        self.n_running -= 1;
        self.cells[task as usize].phase = Phase::READY;
        self.make_ready(task, self.is_source(task));
    }

    /// Whether the task needs no other: a source.
    #[must_use]
    pub fn is_source(&self, task: u32) -> bool {
        self.inputs(task).is_empty()
    }

    /// Whether another task needs the task's value.
    #[must_use]
    pub fn has_consumers(&self, task: u32) -> bool {
        let (segment, local) = self.place(task);
        !segment.consumers(local).is_empty()
    }

    /// Whether one mention alone asks for the task's value, from the beginning to the end. (The last of several is no
    /// different from the others: what a task may do must not depend on the order.)
    #[must_use]
    #[inline]
    pub fn is_only_use(&self, task: u32) -> bool {
        self.cells[task as usize].n_users == 1 && {
            let (segment, local) = self.place(task);
            segment.consumers(local).len() <= 1
        }
    }

    /// When the task's value is needed next, for [`raskt_store::Store::next_spill`]: one more than the rank of
    /// its first unsettled consumer; 0 while a consumer runs, `u64::MAX` where it waits for the end only.
    #[must_use]
    pub fn next_need(&self, task: u32) -> u64 {
        let (segment, local) = self.place(task);
        let need = |&consumer: &u32| match self.cells[(segment.base() + consumer) as usize].phase {
            Phase::SETTLED => None,
            Phase::TAKEN | Phase::GROWN => Some(0),
            _ => Some(u64::from(self.rank_of(segment.base() + consumer)) + 1),
        };
        segment.consumers(local).iter().filter_map(need).min().unwrap_or(u64::MAX)
    }

    /// The tasks that `task` stands in for, the nearest first: its value is theirs too.
    pub fn origins(&self, task: u32) -> impl Iterator<Item = u32> + '_ {
        let origin = |task: u32| {
            let (segment, local) = self.place(task);
            segment.stands_for(local)
        };
        std::iter::successors(origin(task), move |&task| origin(task))
    }

    /// The tasks are done, and those they stand in for: their consumers may start. `released` gains the tasks
    /// whose values nobody needs any more.
    pub fn finish(&mut self, tasks: &mut Vec<u32>, released: &mut Vec<u32>) {
        if self.segments.len() > 1 {
            for at in 0..tasks.len() {
                let known = tasks.len();
                tasks.extend(self.origins(tasks[at]));
                if tasks.len() > known {
                    // The one user that only standing in for the origin was, all along the line.
                    self.cells[tasks[at] as usize].n_users -= 1;
                    (known..tasks.len() - 1).for_each(|i| self.cells[tasks[i] as usize].n_users -= 1);
                }
            }
        }
        let mut scratch = std::mem::take(&mut self.scratch);
        for &task in tasks.iter() {
            let phase = self.cells[task as usize].phase;
            self.settle(task);
            if phase != Phase::GROWN {
                self.n_running -= 1;
                scratch.extend_from_slice(self.inputs(task));
            }
        }
        self.drop_uses(&scratch, released);
        scratch.clear();
        released.extend(tasks.iter().filter(|&&task| self.cells[task as usize].n_users == 0));
        for &task in tasks.iter() {
            let (segment, local) = self.place(task);
            scratch.extend(segment.consumers(local).iter().map(|&consumer| segment.base() + consumer));
        }
        self.wake(&scratch);
        scratch.clear();
        self.scratch = scratch;
    }

    /// An input of each of `consumers` is there.
    fn wake(&mut self, consumers: &[u32]) {
        let mut woken = std::mem::take(&mut self.woken);
        for &consumer in consumers {
            if self.cells[consumer as usize].phase.advance() {
                woken.push(consumer);
            }
        }
        woken.drain(..).for_each(|task| self.make_ready(task, false));
        self.woken = woken;
    }

    /// Each of `values` was used once.
    fn drop_uses(&mut self, values: &[u32], released: &mut Vec<u32>) {
        for &value in values {
            let cell = &mut self.cells[value as usize];
            cell.n_users -= 1;
            if cell.n_users == 0 && cell.phase == Phase::SETTLED {
                released.push(value);
            }
        }
    }

    /// The task failed for good: everything that needs it is skipped. `released` as in [`Machine::finish`].
    pub fn failed(&mut self, task: u32, released: &mut Vec<u32>) {
        self.n_running -= 1;
        let mut pending = vec![task];
        while let Some(task) = pending.pop() {
            let phase = self.cells[task as usize].phase;
            if phase == Phase::SETTLED {
                continue;
            }
            self.settle(task);
            if phase != Phase::GROWN {
                let inputs = self.inputs(task).to_vec();
                self.drop_uses(&inputs, released);
            }
            let (segment, local) = self.place(task);
            pending.extend(segment.consumers(local).iter().map(|&consumer| segment.base() + consumer));
            pending.extend(segment.stands_for(local));
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
        lanes: Lanes,
        released: &mut Vec<u32>,
    ) -> Result<()> {
        let table = Arc::new(graph.into_table());
        let base = self.n_tasks();
        let n_all = base + table.n_tasks();
        if n_all >= Phase::TAKEN.0 as usize {
            return Err(ErrorKind::InvalidGraph("the graph grew past 2³² tasks".into()).into());
        }
        let outer = self.inputs(task).to_vec();
        let hangs_on = (task, self.rank_of(task), outer.as_slice());
        let segment = Segment::grown(Arc::clone(&table), lanes, base as u32, hangs_on)?;
        for local in 0..table.n_tasks() as u32 {
            let inputs = segment.inputs(local);
            let n_inner = inputs.iter().filter(|&&input| input as usize >= base).count();
            // The users of an input read the outer value itself.
            let phase = if segment.is_input(local) { Phase::SETTLED } else { Phase::waiting(n_inner) };
            self.n_left += usize::from(phase != Phase::SETTLED);
            self.cells.push(Cell { phase, n_users: segment.consumers(local).len() as u32, rank: UNRANKED });
            let outer = inputs.iter().filter(|&&input| (input as usize) < base);
            outer.for_each(|&input| self.cells[input as usize].n_users += 1);
        }
        self.cells[base + table.outputs()[0] as usize].n_users += 1;
        self.segments.push(segment);
        self.start(base as u32..n_all as u32);
        self.n_running -= 1;
        self.cells[task as usize].phase = Phase::GROWN;
        self.drop_uses(&outer, released);
        Ok(())
    }

    #[inline]
    fn settle(&mut self, task: u32) {
        self.cells[task as usize].phase = Phase::SETTLED;
        self.n_left -= 1;
    }

    /// The rank under which the task is served.
    #[must_use]
    pub fn rank_of(&self, task: u32) -> u32 {
        match self.place(task).0.origin() {
            None => self.cells[task as usize].rank,
            Some(origin) => origin,
        }
    }

    #[inline]
    fn make_ready(&mut self, task: u32, is_source: bool) {
        let (at, local) = self.segment_of(task);
        let segment = &self.segments[at];
        let Ready { users, sources } = &mut self.ready[segment.lane(local).0 as usize];
        let ready = if is_source { sources } else { users };
        match segment.origin() {
            None => match self.cells[task as usize].rank {
                // It becomes ready when it gets its rank.
                UNRANKED => {}
                rank => ready.insert(rank),
            },
            Some(origin) => ready.insert_late(origin, task),
        }
    }

    /// Cross-checks everything that is counted against the tasks; for tests.
    ///
    /// # Panics
    /// Where two disagree.
    pub fn sanity_check(&self) {
        let count = |phase: Phase| self.cells.iter().filter(|cell| cell.phase == phase).count();
        assert_eq!(self.n_left, self.n_tasks() - count(Phase::SETTLED), "tasks left");
        assert_eq!(self.n_running, count(Phase::TAKEN), "tasks running");
        let n_ready: usize = self.ready.iter().map(|ready| ready.len(true)).sum();
        let is_unranked = |cell: &&Cell| cell.rank == UNRANKED && cell.phase == Phase::READY;
        let n_unranked = self.cells[..self.n_planned].iter().filter(is_unranked).count();
        assert_eq!(n_ready + n_unranked, count(Phase::READY), "tasks ready");
        for task in 0..self.n_tasks() as u32 {
            let Phase(n_waiting) = self.cells[task as usize].phase;
            if n_waiting < Phase::TAKEN.0 {
                let missing = |&&input: &&u32| self.cells[input as usize].phase != Phase::SETTLED;
                assert_eq!(n_waiting as usize, self.inputs(task).iter().filter(missing).count(), "inputs");
            }
        }
    }
}

impl std::fmt::Debug for Machine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Machine({} of {} tasks left, {} running)", self.n_left, self.n_tasks(), self.n_running)
    }
}
