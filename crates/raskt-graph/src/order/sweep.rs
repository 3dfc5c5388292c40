//! The execution of a graph on paper.
//!
//! Two rules hold whatever the strategy. A task that takes memory is put off until a goal needs it: goals are fetched
//! depth-first. A task that gives back at least what it takes runs as soon as it can. Both are kept in constant time an
//! edge: every value knows the exclusive or of its consumers that have not run, which is *the* consumer once a single
//! one is left, and that consumer is told that it now holds the key to this value's memory.

use super::weights::Weights;
use crate::adjacency::Adjacency;

/// A graph to be executed on paper, as often as there are strategies.
#[derive(Clone, Copy)]
pub(super) struct Plan<'a> {
    /// A task may name an input repeatedly.
    pub inputs: &'a Adjacency,
    /// The other way round, each consumer once.
    pub consumers: &'a Adjacency,
    pub keep: &'a [u32],
    pub weights: Weights<'a>,
}

impl<'a> Plan<'a> {
    /// The inputs of `task`, each once; `scratch` holds them if they had to be sorted for that.
    pub fn distinct_inputs<'s>(&self, task: u32, scratch: &'s mut Vec<u32>) -> &'s [u32]
    where
        'a: 's,
    {
        let row = self.inputs.row(task);
        if row.len() <= 1 || self.inputs.n_edges() == self.consumers.n_edges() {
            return row;
        }
        scratch.clear();
        scratch.extend_from_slice(row);
        scratch.sort_unstable();
        scratch.dedup();
        scratch
    }
}

/// What an execution came to. The lower peak is better, then the lower area.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Cost {
    /// The most that was live at once.
    pub peak: u64,
    /// What was live while each task ran, summed over all tasks.
    pub area: u128,
}

/// What is known of a task while the graph is executed.
#[derive(Clone, Copy, Default)]
struct Task {
    /// Inputs that have not run, or [`Task::DONE`].
    pending: u32,
    /// Consumers that have not run; no less than [`Task::KEPT`] if the value is to stay.
    unserved: u32,
    /// The exclusive or of those consumers.
    unserved_xor: u32,
    /// How much memory would come back if this task ran now, coarsely.
    releases: u32,
}

impl Task {
    const DONE: u32 = u32::MAX;
    const KEPT: u32 = 1 << 31;
}

/// An execution under way.
pub(super) struct Sweep<'a> {
    plan: Plan<'a>,
    tasks: Vec<Task>,
    sequence: Vec<u32>,
    live: u64,
    cost: Cost,
    /// An execution that has become dearer than this is given up.
    limit: u64,
    /// Tasks that can run and give back what they take.
    free: Vec<u32>,
    /// The stack of [`Sweep::fetch`].
    demand: Vec<u32>,
    scratch: Vec<u32>,
    /// How many tasks were put back on `demand` to wait for their inputs.
    n_waits: usize,
}

impl<'a> Sweep<'a> {
    /// An execution that has run nothing yet and gives up when its peak exceeds `limit`.
    pub fn new(plan: Plan<'a>, limit: u64) -> Self {
        let n_tasks = plan.inputs.n_rows();
        let mut tasks = vec![Task::default(); n_tasks];
        let mut scratch = Vec::new();
        for ((task, state), consumers) in (0..).zip(&mut tasks).zip(plan.consumers.rows()) {
            state.pending = plan.distinct_inputs(task, &mut scratch).len() as u32;
            state.unserved = consumers.len() as u32;
            state.unserved_xor = consumers.iter().fold(0, |all, &consumer| all ^ consumer);
        }
        plan.keep.iter().for_each(|&task| tasks[task as usize].unserved |= Task::KEPT);
        for task in 0..n_tasks as u32 {
            let Task { unserved, unserved_xor, .. } = tasks[task as usize];
            let keyholder = match unserved {
                0 => task,
                1 => unserved_xor,
                _ => continue,
            };
            let releases = &mut tasks[keyholder as usize].releases;
            *releases = releases.saturating_add(plan.weights.coarse(task));
        }
        Self {
            plan,
            tasks,
            sequence: Vec::with_capacity(n_tasks),
            live: 0,
            cost: Cost { peak: 0, area: 0 },
            limit,
            free: Vec::new(),
            demand: Vec::new(),
            scratch,
            n_waits: 0,
        }
    }

    /// How many inputs of `task` have not run, or `None` if the task itself has.
    pub fn pending(&self, task: u32) -> Option<u32> {
        Some(self.tasks[task as usize].pending).filter(|&pending| pending != Task::DONE)
    }

    /// The tasks that have run, first one first.
    pub fn sequence(&self) -> &[u32] {
        &self.sequence
    }

    /// Whether the limit is exceeded, so that going on is pointless.
    pub fn is_lost(&self) -> bool {
        self.cost.peak > self.limit
    }

    /// The sequence and its cost, unless the limit is exceeded or a cycle kept tasks from running.
    pub fn finish(self) -> Option<(Cost, Vec<u32>)> {
        (!self.is_lost() && self.sequence.len() == self.tasks.len()).then_some((self.cost, self.sequence))
    }

    /// The tasks that have run: all of them, if every sink was fetched and there is no cycle.
    pub fn into_sequence(self) -> Vec<u32> {
        self.sequence
    }

    /// Runs `goal` after all that it needs. Of several missing inputs the one that `preference` ranks highest is fetched
    /// first; among equals the one that is named first.
    pub fn fetch<P: Ord>(&mut self, goal: u32, preference: impl Fn(u32) -> P) {
        self.demand.push(goal);
        while let Some(&task) = self.demand.last() {
            match self.tasks[task as usize].pending {
                Task::DONE => {
                    self.demand.pop();
                }
                0 => {
                    self.demand.pop();
                    self.run(task);
                }
                _ => self.demand_inputs(task, &preference),
            }
            // Without a cycle a task waits once: when it is seen again, its inputs have run.
            if self.is_lost() || self.n_waits > self.tasks.len() {
                self.demand.clear();
            }
        }
    }

    fn demand_inputs<P: Ord>(&mut self, task: u32, preference: &impl Fn(u32) -> P) {
        let start = self.demand.len();
        let tasks = &self.tasks;
        let missing = self.plan.inputs.row(task).iter().rev().copied();
        self.demand.extend(missing.filter(|&input| tasks[input as usize].pending != Task::DONE));
        // The last one is on top of the stack.
        self.demand[start..].sort_by_key(|&input| preference(input));
        self.n_waits += 1;
    }

    /// Runs a task whose inputs have run, and then all that can run without taking memory.
    fn run(&mut self, task: u32) {
        self.run_one(task);
        while let Some(task) = self.free.pop() {
            if self.is_free(task) {
                self.run_one(task);
            }
        }
    }

    #[inline]
    fn is_free(&self, task: u32) -> bool {
        let state = self.tasks[task as usize];
        state.pending == 0 && state.releases >= self.plan.weights.coarse(task)
    }

    fn run_one(&mut self, task: u32) {
        let Plan { consumers, weights, .. } = self.plan;
        self.sequence.push(task);
        self.tasks[task as usize].pending = Task::DONE;
        self.live += weights.exact(task);
        self.cost.peak = self.cost.peak.max(self.live);
        self.cost.area += u128::from(self.live);
        let mut scratch = std::mem::take(&mut self.scratch);
        for &input in self.plan.distinct_inputs(task, &mut scratch) {
            self.serve(input, task);
        }
        self.scratch = scratch;
        if self.tasks[task as usize].unserved == 0 {
            self.live -= weights.exact(task);
        }
        for &consumer in consumers.row(task) {
            self.tasks[consumer as usize].pending -= 1;
            if self.is_free(consumer) {
                self.free.push(consumer);
            }
        }
    }

    /// Notes that `consumer` has used `value`.
    #[inline]
    fn serve(&mut self, value: u32, consumer: u32) {
        let state = &mut self.tasks[value as usize];
        state.unserved -= 1;
        state.unserved_xor ^= consumer;
        match (state.unserved, state.unserved_xor) {
            (0, _) => self.live -= self.plan.weights.exact(value),
            (1, keyholder) => {
                let releases = &mut self.tasks[keyholder as usize].releases;
                *releases = releases.saturating_add(self.plan.weights.coarse(value));
                if self.is_free(keyholder) {
                    self.free.push(keyholder);
                }
            }
            _ => {}
        }
    }
}
