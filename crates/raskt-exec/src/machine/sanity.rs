//! Recomputing every index of a machine from scratch.

use raskt_core::Fit;
use std::collections::BTreeMap;

use super::cell::{Cell, Phase, UNRANKED};
use super::segment::Segment;
use super::state::{Machine, Standing};
use super::tasks::Tasks;

impl Machine {
    /// Checks everything that is counted or kept twice against the tasks; for tests, it is slow.
    ///
    /// # Panics
    /// Where two differ.
    pub fn sanity_check(&self) {
        self.tasks.sanity_check();
        self.store.sanity_check();
        for (task, cell) in (0..).zip(&self.tasks.cells) {
            assert_eq!(self.store.holds(task), cell.has_value(), "value of task {task}, {:?}", cell.phase);
        }
        for task in self.reserved.keys() {
            let phase = self.tasks.cells[*task as usize].phase;
            assert!(matches!(phase, Phase::TAKEN | Phase::ABANDONED), "bytes are reserved for {task}");
        }
        assert!(self.released.is_empty() && self.done.is_empty() && self.taken.is_empty(), "buffers");
        assert!(self.tasks.fetches.is_empty() && self.tasks.revived.is_empty(), "what an event left undone");
        for (at, owner) in (0_u32..).zip(&self.owners) {
            let has_segments = self.tasks.segments.iter().any(|segment| segment.owner == at);
            assert!(
                owner.standing != Standing::Vacant || !has_segments,
                "a number that nobody has has tasks"
            );
            let is_idle = self.tasks.n_left[at as usize] == 0;
            assert!(owner.is_idle == is_idle || owner.standing != Standing::Open, "owner {at} was not told");
        }
    }
}

impl Tasks {
    fn sanity_check(&self) {
        self.check_numbers();
        self.check_counts();
        self.check_inputs_and_uses();
        self.check_stand_ins();
        self.check_ready();
    }

    fn phase(&self, task: u32) -> Phase {
        self.cells[task as usize].phase
    }

    /// Segments and vacant numbers are all there is, and do not overlap.
    fn check_numbers(&self) {
        let taken =
            self.segments.iter().map(|segment| (segment.tasks().start, segment.tasks().len().fit::<u32>()));
        let mut all: Vec<(u32, u32)> = taken.chain(self.vacant.iter().copied()).collect();
        assert!(self.segments.is_sorted_by_key(Segment::base), "segments are in order");
        all.sort_unstable();
        let end = all.iter().fold(0, |end, &(base, n)| {
            assert_eq!(end, base, "numbers of tasks");
            base + n
        });
        assert_eq!(end as usize, self.cells.len(), "numbers of tasks");
        let first = self.segments.first().filter(|segment| segment.base() == 0);
        assert_eq!(self.n_first, first.map_or(0, |segment| segment.tasks().end), "the first segment");
    }

    fn check_counts(&self) {
        let count = |tasks: std::ops::Range<u32>, is_it: &dyn Fn(Phase) -> bool| {
            tasks.filter(|&task| is_it(self.phase(task))).count()
        };
        let mut n_left = vec![0; self.n_left.len()];
        let is_out = |phase| matches!(phase, Phase::TAKEN | Phase::ABANDONED);
        let (mut n_out, mut n_unranked) = (0, 0);
        for segment in &self.segments {
            n_left[segment.owner as usize] += count(segment.tasks(), &|phase| !phase.is_settled());
            assert_eq!(segment.n_out as usize, count(segment.tasks(), &is_out), "jobs of a segment");
            n_out += segment.n_out as usize;
            if segment.grew_from().is_none() {
                let is_unranked = |task: &u32| self.cells[*task as usize].rank == UNRANKED;
                n_unranked += segment.tasks().filter(is_unranked).count();
            }
        }
        assert_eq!(self.n_left, n_left, "tasks left");
        assert_eq!(self.n_running, n_out, "jobs that are out");
        assert_eq!(self.n_unranked, n_unranked, "tasks without a rank");
        let awaited = (0..self.cells.len().fit::<u32>()).filter(|&task| self.phase(task) == Phase::AWAITED);
        for task in awaited {
            assert!(self.fetching.contains(&task), "nobody fetches {task}");
        }
    }

    /// A use for each mention by a task that may still run, and by what stands in for a task.
    fn check_inputs_and_uses(&self) {
        let mut n_uses = vec![0_u32; self.cells.len()];
        let mut outer: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for segment in &self.segments {
            for (input, consumer) in segment.outer_inputs() {
                outer.entry(input).or_default().push(consumer);
                assert!(self.segment_at(input).is_some(), "{consumer} needs {input}, which is forgotten");
            }
            for task in segment.tasks() {
                let phase = self.phase(task);
                let inputs = segment.inputs(task - segment.base());
                if let Some(n_missing) = phase.n_missing() {
                    assert_eq!(n_missing as usize, self.n_missing(task), "inputs that {task} waits for");
                }
                if phase.n_missing().is_some() || matches!(phase, Phase::TAKEN | Phase::ABANDONED) {
                    inputs.iter().for_each(|&input| n_uses[input as usize] += 1);
                }
            }
        }
        self.stands_for.keys().for_each(|&row| n_uses[row as usize] += 1);
        for (task, cell) in self.cells.iter().enumerate() {
            if !matches!(cell.phase, Phase::SKIPPED | Phase::ABANDONED) {
                assert_eq!(cell.n_uses & !Cell::WANTED, n_uses[task], "uses of {task}, {:?}", cell.phase);
            }
        }
        let sorted = |(task, consumers): (&u32, &Vec<u32>)| {
            let mut consumers = consumers.clone();
            consumers.sort_unstable();
            (*task, consumers)
        };
        let kept: BTreeMap<u32, Vec<u32>> = self.outer_consumers.iter().map(sorted).collect();
        assert_eq!(kept, outer.iter().map(sorted).collect(), "needs across segments");
    }

    /// Each task that grew, or is taken of one that did, waits for one task that will end.
    fn check_stand_ins(&self) {
        let turned: BTreeMap<u32, u32> = self.stand_ins.iter().map(|(&task, &row)| (row, task)).collect();
        let kept: BTreeMap<u32, u32> = self.stands_for.iter().map(|(&row, &task)| (row, task)).collect();
        assert_eq!(kept, turned, "what stands in for what");
        for (row, task) in kept {
            let is_stopped = self.queues[self.locate(row).0.queue as usize].is_stopped;
            assert!(!self.phase(row).is_settled() || is_stopped, "{row} is over, and {task} waits for it");
        }
        for task in 0..self.cells.len().fit::<u32>() {
            let has_stand_in = self.stand_ins.contains_key(&task);
            assert_eq!(self.phase(task) == Phase::GROWN, has_stand_in, "what {task} waits for");
        }
        assert!(self.orphans.is_empty(), "tasks that stand in for nobody");
    }

    /// What is ready stands in the ready set of its queue and lane, and nothing else does.
    fn check_ready(&self) {
        let n_ready: usize =
            self.queues.iter().flat_map(|queue| &queue.lanes).map(|ready| ready.len(true)).sum();
        let mut n = 0;
        for segment in &self.segments {
            let queue = &self.queues[segment.queue as usize];
            assert_eq!(queue.owner, Some(segment.owner), "the queue of a segment");
            for task in segment.tasks().filter(|&task| self.phase(task) == Phase::READY) {
                let local = task - segment.base();
                let ready = &queue.lanes[segment.lane(local).0 as usize];
                let set = if segment.inputs(local).is_empty() { &ready.sources } else { &ready.users };
                let rank = self.cells[task as usize].rank;
                let is_there = match segment.origin(local) {
                    Some(_) => set.late().any(|late| late == task),
                    None if rank == UNRANKED => continue,
                    None => set.contains(rank) && queue.at_rank[rank as usize] == task,
                };
                assert!(is_there, "{task} is ready and waits nowhere");
                n += 1;
            }
        }
        assert_eq!(n, n_ready, "tasks ready");
    }
}
