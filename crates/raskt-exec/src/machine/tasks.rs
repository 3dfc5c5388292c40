//! The ready set and its transitions: which task may start, what a finished task sets free, how graphs come and grow.
//! It knows no values.
//!
//! Tasks are reported and taken many at a time. What a report touches lies all over memory in a graph of a
//! million tasks, so [`Tasks::finish`] goes over the tasks in passes of one kind of access each: the processor
//! then waits for many of them at once.

use raskt_core::{Fit, Result, vast_vec};
use rustc_hash::{FxHashMap, FxHashSet};

use super::cell::{Cell, Phase, UNRANKED};
use super::graph::{Graph, Input, OwnerId};
use super::queue::Queue;
use super::ready::{Next, Ready};
use super::segment::{Berth, Segment, invalid};
use crate::lane::LaneId;

/// When tasks without inputs, the sources, are served: they are the ones that only take memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sources {
    /// By their rank among the others.
    InTurn,
    /// Once no task with inputs is ready in any lane: memory is short.
    Last,
}

/// The state of every task of a machine.
pub(super) struct Tasks {
    /// By their first number.
    pub segments: Vec<Segment>,
    /// How many tasks the segment that begins at 0 has: most machines have no other, and look no further.
    pub n_first: u32,
    pub cells: Vec<Cell>,
    /// Numbers that a segment had which is gone: (first, how many).
    pub vacant: Vec<(u32, u32)>,
    pub queues: Vec<Queue>,
    pub n_lanes: usize,
    pub sources: Sources,
    /// Tasks of each owner that are not settled.
    pub n_left: Vec<usize>,
    pub n_running: usize,
    /// Tasks of added graphs without a rank.
    pub n_unranked: usize,
    /// Tasks that need a task of another segment, by that task, once for each mention.
    pub outer_consumers: FxHashMap<u32, Vec<u32>>,
    /// Values that were asked for elsewhere, and have not come.
    pub fetching: FxHashSet<u32>,
    /// Of those, what nobody was told yet.
    pub fetches: Vec<u32>,
    /// Tasks that are to run again, whose inputs have not been looked after.
    pub revived: Vec<u32>,
    /// Tasks that were skipped since the machine looked last.
    pub skipped: Vec<u32>,
    /// The tasks that became a graph, or what is taken of one, by the task of the graph whose value theirs will be.
    pub stands_for: FxHashMap<u32, u32>,
    /// The same, the other way.
    pub stand_ins: FxHashMap<u32, u32>,
    /// Tasks that stood in for others which do not need them any more, and are needed by nobody else.
    pub orphans: Vec<u32>,
    /// Values were lost: tasks that come back may have to wait again.
    pub has_losses: bool,
    scratch: Vec<u32>,
    woken: Vec<u32>,
}

impl Tasks {
    pub fn new(n_lanes: usize) -> Self {
        Self {
            segments: Vec::new(),
            n_first: 0,
            cells: Vec::new(),
            vacant: Vec::new(),
            queues: Vec::new(),
            n_lanes,
            sources: Sources::InTurn,
            n_left: Vec::new(),
            n_running: 0,
            n_unranked: 0,
            outer_consumers: FxHashMap::default(),
            fetching: FxHashSet::default(),
            fetches: Vec::new(),
            revived: Vec::new(),
            skipped: Vec::new(),
            stands_for: FxHashMap::default(),
            stand_ins: FxHashMap::default(),
            orphans: Vec::new(),
            has_losses: false,
            scratch: Vec::new(),
            woken: Vec::new(),
        }
    }

    /// Adds a graph; the number of its first task. Its tasks are not ready before they have a [rank](Self::rank).
    /// `released` is as in [`Tasks::finish`].
    ///
    /// # Errors
    /// [`raskt_core::ErrorKind::InvalidGraph`] where an input is not there, or there are too many tasks; nothing has
    /// changed then.
    pub fn add(&mut self, owner: OwnerId, graph: Graph, released: &mut Vec<u32>) -> Result<u32> {
        for input in &graph.inputs {
            if let Input::Task(task) = input
                && !self.may_be_needed(*task)
            {
                return Err(invalid(format!("an input is task {task}, which has no value and gets none")));
            }
        }
        let n = graph.table.table().n_tasks();
        let base = self.free_base(n)?;
        let queue = self.queue_of(owner.0, graph.priority);
        let berth = Berth { base, queue, owner: owner.0 };
        let (is_implied, resolved) = (graph.is_implied, graph.table);
        let mut segment = match Segment::added(resolved, graph.consumers, graph.inputs, berth) {
            Ok(segment) => segment,
            Err(error) => {
                self.give_back(base, n.fit::<u32>());
                return Err(error);
            }
        };
        if let Some(output) = segment.table().outputs().iter().find(|&&output| segment.is_placeholder(output))
        {
            let what = format!("task {output} is asked for, which stands for a task of another graph");
            self.give_back(base, n.fit::<u32>());
            return Err(invalid(what));
        }
        segment.is_implied = is_implied;
        self.place_cells(&segment);
        for &output in segment.table().outputs() {
            self.cells[(base + output) as usize].n_uses |= Cell::WANTED;
        }
        self.queues[queue as usize].grow(n);
        self.n_unranked += n;
        self.insert(segment, released);
        Ok(base)
    }

    /// Whether a task of another graph may need `task`.
    fn may_be_needed(&self, task: u32) -> bool {
        let Some(at) = self.segment_at(task) else { return false };
        let segment = &self.segments[at];
        let is_gone = match self.cells[task as usize].phase {
            Phase::SKIPPED | Phase::ABANDONED => true,
            Phase::DONE => false,
            // The task will not run.
            _ => self.queues[segment.queue as usize].is_stopped,
        };
        !is_gone && !segment.is_placeholder(task - segment.base())
    }

    /// Where `n` tasks have room.
    pub fn free_base(&mut self, n: usize) -> Result<u32> {
        if let Some(at) = self.vacant.iter().position(|&(_, room)| room as usize >= n.max(1)) {
            let (base, room) = self.vacant[at];
            match room as usize == n {
                true => drop(self.vacant.swap_remove(at)),
                false => self.vacant[at] = (base + n.fit::<u32>(), room - n.fit::<u32>()),
            }
            return Ok(base);
        }
        let base = self.cells.len();
        if base + n >= Phase::N_MAX {
            return Err(invalid("the graphs have more than 2³² tasks".into()));
        }
        Ok(base.fit::<u32>())
    }

    /// The queue of `owner` and `priority`; a new one starts where those that are served least are.
    fn queue_of(&mut self, owner: u32, priority: i32) -> u32 {
        let is_it = |queue: &Queue| queue.owner == Some(owner) && queue.priority == priority;
        if let Some(at) = self.queues.iter().position(is_it) {
            return at.fit::<u32>();
        }
        let open = self.queues.iter().filter(|queue| queue.owner.is_some());
        let n_served = open.map(|queue| queue.n_served).min().unwrap_or(0);
        let queue = Queue::new(owner, priority, self.n_lanes, n_served);
        if let Some(at) = self.queues.iter().position(|queue| queue.owner.is_none()) {
            self.queues[at] = queue;
            return at.fit::<u32>();
        }
        self.queues.push(queue);
        self.queues.len().fit::<u32>() - 1
    }

    /// Writes the cells of a graph that was added.
    pub fn place_cells(&mut self, segment: &Segment) {
        let (table, tasks) = (segment.table(), segment.tasks());
        let mut n_left = table.n_tasks();
        if self.cells.is_empty() {
            self.cells = vast_vec(table.n_tasks());
        }
        let n_cells = self.cells.len().max(tasks.end as usize);
        if self.cells.is_empty() && !segment.has_links() {
            let cell = |(inputs, local): (&[u32], u32)| Cell {
                phase: Phase::waiting(inputs.len()),
                n_uses: segment.consumers(local).len().fit::<u32>(),
                rank: UNRANKED,
            };
            self.cells.extend(table.inputs().rows().zip(0..).map(cell));
        } else {
            self.cells.resize(n_cells, Cell::VACANT);
            for local in 0..table.n_tasks().fit::<u32>() {
                let n_uses = segment.consumers(local).len().fit::<u32>();
                let (phase, n_uses) = match segment.stand_in(local) {
                    None => {
                        let inputs = segment.inputs(local);
                        let n_missing = inputs.iter().filter(|&&input| tasks.contains(&input)).count();
                        (Phase::waiting(n_missing), n_uses)
                    }
                    Some(Input::Elsewhere) => {
                        self.fetch(segment.base() + local);
                        (Phase::AWAITED, n_uses)
                    }
                    Some(Input::Task(_)) => {
                        n_left -= 1;
                        (Phase::DONE, 0)
                    }
                };
                self.cells[(segment.base() + local) as usize] = Cell { phase, n_uses, rank: UNRANKED };
            }
        }
        self.n_left[segment.owner as usize] += n_left;
    }

    /// The task's value is to be fetched from elsewhere.
    pub fn fetch(&mut self, task: u32) {
        if self.fetching.insert(task) {
            self.fetches.push(task);
        }
    }

    /// Takes a segment into the list, and its uses of other segments into account.
    pub fn insert(&mut self, segment: Segment, released: &mut Vec<u32>) {
        let outer: Vec<(u32, u32)> = segment.outer_inputs().collect();
        if segment.base() == 0 {
            self.n_first = segment.table().n_tasks().fit::<u32>();
        }
        if segment.table().n_tasks() > 0 {
            let at = self.segments.partition_point(|other| other.base() <= segment.base());
            self.segments.insert(at, segment);
        }
        for (task, consumer) in outer {
            self.outer_consumers.entry(task).or_default().push(consumer);
            self.use_again(task);
            if self.cells[task as usize].phase != Phase::DONE {
                self.cells[consumer as usize].phase.recede();
            }
        }
        self.recompute(released);
    }

    /// Gives the next ranks to `tasks`, first to start first. Those that wait for nothing are ready with that.
    ///
    /// # Errors
    /// [`raskt_core::ErrorKind::InvalidGraph`] where a task is not of an added graph, or has a rank already.
    pub fn rank(&mut self, tasks: &[u32]) -> Result<()> {
        let wrongly = |task: u32| invalid(format!("the order names task {task} wrongly"));
        for &task in tasks {
            let at = self.segment_at(task).ok_or_else(|| wrongly(task))?;
            let (queue, origin) = (self.segments[at].queue, self.segments[at].grew_from());
            let (queue, cell) = (&mut self.queues[queue as usize], &mut self.cells[task as usize]);
            if cell.rank != UNRANKED || origin.is_some() {
                return Err(wrongly(task));
            }
            cell.rank = queue.at_rank.len().fit::<u32>();
            queue.at_rank.push(task);
            self.n_unranked -= 1;
            if cell.phase == Phase::READY {
                self.make_ready(task, self.is_source(task));
            }
        }
        Ok(())
    }

    /// The segment that the task belongs to, by its place in the list, if there is one.
    #[inline]
    pub fn segment_at(&self, task: u32) -> Option<usize> {
        if task < self.n_first {
            // One that begins at 0 and has tasks is the first.
            return Some(0);
        }
        let at = self.segments.partition_point(|segment| segment.base() <= task).checked_sub(1)?;
        self.segments[at].tasks().contains(&task).then_some(at)
    }

    /// The segment of a task that there is, and the task's number there.
    #[inline]
    pub fn locate(&self, task: u32) -> (&Segment, u32) {
        if task < self.n_first {
            return (&self.segments[0], task);
        }
        let at = self.segments.partition_point(|segment| segment.base() <= task) - 1;
        (&self.segments[at], task - self.segments[at].base())
    }

    #[inline]
    fn segment_mut(&mut self, task: u32) -> &mut Segment {
        let at = match task < self.n_first {
            true => 0,
            false => self.segments.partition_point(|segment| segment.base() <= task) - 1,
        };
        &mut self.segments[at]
    }

    /// The tasks whose values `task` needs, in the order of its arguments.
    #[inline]
    pub fn inputs(&self, task: u32) -> &[u32] {
        let (segment, local) = self.locate(task);
        segment.inputs(local)
    }

    /// The tasks whose values `task` is given.
    #[inline]
    pub fn loaded_inputs(&self, task: u32) -> &[u32] {
        let (segment, local) = self.locate(task);
        segment.loaded_inputs(local)
    }

    /// Who needs the task, once for each mention.
    pub fn consumers(&self, task: u32) -> impl Iterator<Item = u32> + '_ {
        let (segment, local) = self.locate(task);
        let base = segment.base();
        let outer = match self.outer_consumers.is_empty() {
            true => &[][..],
            false => self.outer_consumers.get(&task).map_or(&[][..], Vec::as_slice),
        };
        segment.consumers(local).iter().map(move |&consumer| base + consumer).chain(outer.iter().copied())
    }

    /// Whether the task needs no other: a source.
    #[inline]
    pub fn is_source(&self, task: u32) -> bool {
        self.inputs(task).is_empty()
    }

    /// Whether one mention alone asks for the task's value, from the beginning to the end. (The last of several is no
    /// different from the others: what a task may do must not depend on the order.)
    #[inline]
    pub fn is_only_use(&self, task: u32) -> bool {
        self.cells[task as usize].n_uses == 1 && {
            let (segment, local) = self.locate(task);
            let consumers = segment.consumers(local);
            match self.outer_consumers.get(&task).map_or(0, Vec::len) {
                0 => consumers.len() <= 1,
                // The task that expanded does not use its inputs any more.
                n => {
                    n == 1
                        && consumers
                            .iter()
                            .all(|&user| self.cells[(segment.base() + user) as usize].phase == Phase::GROWN)
                }
            }
        }
    }

    /// When the task's value is needed next, for [`raskt_store::Store::next_spill`]: one more than the rank of
    /// its first unsettled consumer; 0 while a consumer runs, `u64::MAX` where it waits for the end only.
    pub fn next_need(&self, task: u32) -> u64 {
        let need = |consumer: u32| match self.cells[consumer as usize].phase {
            Phase::DONE | Phase::SKIPPED => None,
            Phase::TAKEN | Phase::GROWN | Phase::ABANDONED => Some(0),
            _ => Some(u64::from(self.rank_of(consumer)) + 1),
        };
        self.consumers(task).filter_map(need).min().unwrap_or(u64::MAX)
    }

    /// The rank under which the task is served.
    pub fn rank_of(&self, task: u32) -> u32 {
        let (segment, local) = self.locate(task);
        segment.origin(local).unwrap_or(self.cells[task as usize].rank)
    }

    /// The tasks that `task` stands in for, the nearest first: its value is theirs too.
    pub fn origins(&self, task: u32) -> impl Iterator<Item = u32> + '_ {
        let origin = |task: u32| self.stands_for.get(&task).copied();
        std::iter::successors(origin(task), move |&task| origin(task))
    }

    /// Tasks that have inputs and could start in any lane.
    pub fn n_ready_users(&self) -> usize {
        self.queues.iter().map(Queue::n_users).sum()
    }

    /// Whether sources are among what is served at the moment.
    #[inline]
    pub fn has_sources(&self) -> bool {
        self.sources == Sources::InTurn || self.n_ready_users() == 0
    }

    /// Tasks that could start in `lane`.
    pub fn n_ready(&self, lane: LaneId) -> usize {
        let has_sources = self.has_sources();
        self.queues.iter().map(|queue| queue.n_ready(lane.0 as usize, has_sources)).sum()
    }

    /// The lane whose first task is served first.
    pub fn first_lane(&self) -> Option<LaneId> {
        let has_sources = self.has_sources();
        let first = |queue: &Queue| Some((queue.turn(), queue.first(has_sources)?));
        self.queues.iter().filter_map(first).min().map(|(_, (_, lane))| LaneId(lane.fit::<u8>()))
    }

    /// Takes up to `n` tasks of `lane` that are ready, the first first; they count as running until they come back.
    /// Where sources are last, one call takes sources or others, not both.
    pub fn take(&mut self, lane: LaneId, n: usize, taken: &mut Vec<u32>) {
        let has_sources = self.has_sources();
        let mut n_left = n;
        while n_left > 0 {
            let with_work = (0_usize..)
                .zip(&self.queues)
                .filter(|(_, queue)| queue.n_ready(lane.0 as usize, has_sources) > 0);
            let Some((at, _)) = with_work.min_by_key(|(_, queue)| queue.turn()) else { return };
            let queue = &mut self.queues[at];
            let n_before = taken.len();
            let ready = &mut queue.lanes[lane.0 as usize];
            for next in std::iter::from_fn(|| ready.pop(has_sources)).take(n_left) {
                taken.push(match next {
                    Next::Ranked(rank) => queue.at_rank[rank as usize],
                    Next::Late(task) => task,
                });
            }
            let n_taken = taken.len() - n_before;
            queue.n_served += n_taken as u64;
            n_left -= n_taken;
            self.n_running += n_taken;
            for &task in &taken[n_before..] {
                self.cells[task as usize].phase = Phase::TAKEN;
                self.segment_mut(task).n_out += 1;
            }
        }
    }

    /// A job of the task came back.
    #[inline]
    pub fn came_back(&mut self, task: u32) {
        self.n_running -= 1;
        self.segment_mut(task).n_out -= 1;
    }

    /// Puts back a task that was taken and did not start, or is to start again.
    pub fn put_back(&mut self, task: u32, released: &mut Vec<u32>) {
        if self.cells[task as usize].phase != Phase::TAKEN {
            return self.discard(task, released);
        }
        self.came_back(task);
        let n_missing = match self.has_losses {
            true => self.n_missing(task),
            false => 0,
        };
        self.cells[task as usize].phase = Phase::waiting(n_missing);
        if n_missing == 0 {
            self.make_ready(task, self.is_source(task));
        }
    }

    /// How many of the task's inputs, counted as often as they are named, are not there.
    pub fn n_missing(&self, task: u32) -> usize {
        self.inputs(task).iter().filter(|&&input| self.cells[input as usize].phase != Phase::DONE).count()
    }

    /// What came of a job is not wanted: the task is skipped, unless it was reported before. Reports may come twice
    /// where they come from other processes.
    pub fn discard(&mut self, task: u32, released: &mut Vec<u32>) {
        match self.cells[task as usize].phase {
            Phase::TAKEN => self.settle(task, Phase::SKIPPED),
            Phase::ABANDONED => self.cells[task as usize].phase = Phase::SKIPPED,
            _ => return,
        }
        self.came_back(task);
        let inputs = self.inputs(task).to_vec();
        self.drop_uses(&inputs, released);
    }

    /// The tasks are done, and those they stand in for: their consumers may start. `released` gains the tasks
    /// whose values nobody needs any more.
    pub fn finish(&mut self, tasks: &mut Vec<u32>, released: &mut Vec<u32>) {
        if !self.stands_for.is_empty() {
            for at in 0..tasks.len() {
                let mut task = tasks[at];
                while let Some(origin) = self.stands_for.remove(&task) {
                    self.stand_ins.remove(&origin);
                    // The one use that only standing in for the origin was.
                    self.cells[task as usize].n_uses -= 1;
                    tasks.push(origin);
                    task = origin;
                }
            }
        }
        let mut scratch = std::mem::take(&mut self.scratch);
        for &task in tasks.iter() {
            let phase = self.cells[task as usize].phase;
            if phase == Phase::TAKEN {
                self.came_back(task);
                scratch.extend_from_slice(self.inputs(task));
            }
            self.settle(task, Phase::DONE);
        }
        self.drop_uses(&scratch, released);
        scratch.clear();
        released.extend(tasks.iter().filter(|&&task| self.cells[task as usize].n_uses == 0));
        for &task in tasks.iter() {
            let (segment, local) = self.locate(task);
            scratch.extend(segment.consumers(local).iter().map(|&consumer| segment.base() + consumer));
        }
        if !self.outer_consumers.is_empty() {
            for task in tasks.iter() {
                scratch.extend(self.outer_consumers.get(task).into_iter().flatten());
            }
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
    pub fn drop_uses(&mut self, values: &[u32], released: &mut Vec<u32>) {
        for &value in values {
            let cell = &mut self.cells[value as usize];
            cell.n_uses -= 1;
            if cell.n_uses == 0 && cell.phase == Phase::DONE {
                released.push(value);
            }
        }
    }

    /// The task, of which a job was out, failed for good: everything that needs it is skipped. `released` as in
    /// [`Tasks::finish`].
    pub fn failed(&mut self, task: u32, released: &mut Vec<u32>) {
        self.discard(task, released);
        self.skip_users(task, released);
    }

    /// Numbers that no task has any more.
    pub fn give_back(&mut self, base: u32, n: u32) {
        if n > 0 && (base as usize) < self.cells.len() {
            self.vacant.push((base, n));
        }
    }

    #[inline]
    pub fn settle(&mut self, task: u32, phase: Phase) {
        self.cells[task as usize].phase = phase;
        let owner = self.locate(task).0.owner;
        self.n_left[owner as usize] -= 1;
    }

    #[inline]
    pub fn make_ready(&mut self, task: u32, is_source: bool) {
        let at = match task < self.n_first {
            true => 0,
            false => self.segments.partition_point(|segment| segment.base() <= task) - 1,
        };
        let segment = &self.segments[at];
        let queue = &mut self.queues[segment.queue as usize];
        let Ready { users, sources } = &mut queue.lanes[segment.lane(task - segment.base()).0 as usize];
        let ready = if is_source { sources } else { users };
        match segment.origin(task - segment.base()) {
            None => match self.cells[task as usize].rank {
                // It becomes ready when it gets its rank.
                UNRANKED => {}
                rank => ready.insert(rank),
            },
            Some(origin) => ready.insert_late(origin, task),
        }
    }

    /// Takes a task that was ready out of the ready set.
    pub fn make_unready(&mut self, task: u32) {
        let is_source = self.is_source(task);
        let rank = self.cells[task as usize].rank;
        let (segment, local) = self.locate(task);
        let (queue, lane, origin) = (segment.queue, segment.lane(local), segment.origin(local));
        let Ready { users, sources } = &mut self.queues[queue as usize].lanes[lane.0 as usize];
        let ready = if is_source { sources } else { users };
        match (origin, rank) {
            (None, UNRANKED) => {}
            (None, rank) => ready.remove(rank),
            (Some(_), _) => ready.remove_late(task),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use raskt_graph::{Body, Keys, TableBuilder};

    use super::*;
    use crate::kernel::{Call, Kernel, Outcome};
    use crate::lane::NATIVE;
    use crate::registry::BodyRegistry;
    use crate::resolved::ResolvedTable;

    /// A body of the second lane.
    struct Second;

    impl Kernel for Second {
        fn run(&self, _: &mut Call<'_>) -> Result<Outcome> {
            Ok(Outcome::Value(raskt_core::Value::Unit))
        }

        fn lane(&self) -> LaneId {
            LaneId(1)
        }
    }

    #[test]
    fn sources_are_served_last_while_memory_is_short_whatever_their_rank() {
        let mut registry = BodyRegistry::default();
        let native = |_: &mut Call<'_>| Ok(Outcome::Value(raskt_core::Value::Unit));
        registry.add_kernel("s", Arc::new(native)).unwrap();
        registry.add_kernel("far", Arc::new(Second)).unwrap();
        let mut table = TableBuilder::default();
        let (s, far) = (table.body(Body::native("s")), table.body(Body::native("far")));
        for (body, inputs) in [(s, &[][..]), (s, &[]), (s, &[]), (far, &[0]), (s, &[1]), (s, &[2])] {
            table.push(body, inputs).unwrap();
        }
        let table = table.finish(Keys::Indexed("t".into()), vec![3, 4, 5]).unwrap();
        let mut tasks = Tasks::new(2);
        tasks.n_left.push(0);
        let graph = Graph::new(ResolvedTable::new(Arc::new(table), &registry).unwrap());
        let (mut taken, mut released) = (Vec::new(), Vec::new());
        tasks.add(OwnerId(0), graph, &mut released).unwrap();
        tasks.rank(&[0, 1, 2, 3, 4, 5]).unwrap();
        tasks.take(NATIVE, 2, &mut taken);
        assert_eq!(taken, [0, 1]);
        tasks.finish(&mut taken, &mut released);
        taken.clear();

        assert_eq!((tasks.n_ready(NATIVE), tasks.first_lane()), (2, Some(NATIVE)), "2 is next in turn");
        tasks.sources = Sources::Last;
        assert_eq!((tasks.n_ready(NATIVE), tasks.n_ready(LaneId(1))), (1, 1));
        assert_eq!(tasks.first_lane(), Some(LaneId(1)), "3 is the first that has inputs");
        tasks.take(NATIVE, 8, &mut taken);
        assert_eq!(taken, [4], "2 stays behind although its rank is lower");
        tasks.take(NATIVE, 8, &mut taken);
        assert_eq!(taken, [4], "2 stays behind although what goes first waits in another lane");
        tasks.take(LaneId(1), 8, &mut taken);
        assert_eq!(taken, [4, 3]);
        assert_eq!(tasks.first_lane(), Some(NATIVE), "now nothing else could start");
        taken.clear();
        tasks.take(NATIVE, 8, &mut taken);
        assert_eq!(taken, [2]);
    }
}
