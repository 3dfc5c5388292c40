//! The simulated run of a graph.
//!
//! Two rules hold whatever the strategy. A task that takes memory is put off until a target needs it: targets are fetched
//! depth-first. A task that gives back at least what it takes runs as soon as it can. Both are kept in constant time an
//! edge: every value knows the exclusive or of its consumers that have not run, which is *the* consumer once a single
//! one is left, and that consumer is told that it now holds the key to this value's memory.

use raskt_core::{Fit, vast_vec};

use super::weights::Weights;
use crate::adjacency::Adjacency;

/// A graph to be simulated, as often as there are strategies.
#[derive(Clone, Copy)]
pub(super) struct Problem<'a> {
    /// A task may name an input repeatedly.
    pub inputs: &'a Adjacency,
    /// The other way round, each consumer once.
    pub consumers: &'a Adjacency,
    pub keep: &'a [u32],
    pub weights: Weights<'a>,
}

impl<'a> Problem<'a> {
    /// The inputs of `task`, each once; `scratch` holds them if they had to be sorted for that.
    #[inline]
    pub fn distinct_inputs<'s>(&self, task: u32, scratch: &'s mut Vec<u32>) -> &'s [u32]
    where
        'a: 's,
    {
        let row = self.inputs.row(task);
        if row.len() <= 1 || self.inputs.n_edges() == self.consumers.n_edges() {
            return row;
        }
        // Most rows are short and have no repetition, even where some have: no need to copy them.
        let is_short = row.len() <= 16;
        if is_short && (1..row.len()).all(|at| !row[..at].contains(&row[at])) {
            return row;
        }
        scratch.clear();
        scratch.extend_from_slice(row);
        scratch.sort_unstable();
        scratch.dedup();
        scratch
    }
}

/// What a simulation came to. The lower peak is better, then the lower area.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Cost {
    /// The most that was live at once.
    pub peak: u64,
    /// What was live while each task ran, summed over all tasks.
    pub area: u128,
}

/// What a value waits for while the graph is executed.
#[derive(Clone, Copy, Default)]
struct Value {
    /// Consumers that have not run; no less than [`Value::KEPT`] if the value is to stay.
    unserved: u32,
    /// The exclusive or of those consumers.
    unserved_xor: u32,
}

impl Value {
    const KEPT: u32 = 1 << 31;
}

/// What a task waits for: how many of its inputs have not run, and whether running it would give back what it takes.
///
/// These words are what a simulation jumps about in, so they are an array of their own and as small as can be.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Waiting(u32);

impl Waiting {
    const DONE: Self = Self(u32::MAX);
    /// No input is missing, and memory would come back.
    const FREE: Self = Self(Self::PAYS);
    const READY: Self = Self(0);
    const PAYS: u32 = 1 << 31;

    fn n_missing(self) -> Option<u32> {
        (self != Self::DONE).then_some(self.0 & !Self::PAYS)
    }
}

/// A simulation under way.
#[derive(Clone)]
pub(super) struct Simulation<'a> {
    problem: Problem<'a>,
    tasks: Vec<Waiting>,
    values: Vec<Value>,
    /// How much memory each task would give back if it ran now, coarsely; empty if all values have one size, since then
    /// any value pays for any task.
    gains: Vec<u32>,
    sequence: Vec<u32>,
    live: u64,
    cost: Cost,
    /// A simulation that has become more expensive than this is given up.
    limit: u64,
    n_tasks_max: usize,
    /// Tasks that can run and give back what they take.
    free: Vec<u32>,
    /// The stack of [`Simulation::fetch`].
    demand: Vec<u32>,
    scratch: Vec<u32>,
    /// How many tasks were put back on `demand` to wait for their inputs.
    n_waits: usize,
}

impl<'a> Simulation<'a> {
    /// A simulation that has run nothing yet and gives up when its peak exceeds `limit`.
    pub fn new(problem: Problem<'a>, limit: u64) -> Self {
        let n_tasks = problem.inputs.n_rows();
        let mut scratch = Vec::new();
        let waiting = (0..n_tasks.fit::<u32>())
            .map(|task| problem.distinct_inputs(task, &mut scratch).len().fit::<u32>());
        let mut tasks = vast_vec(n_tasks);
        tasks.extend(waiting.map(Waiting));
        let mut values = vast_vec(n_tasks);
        values.extend(problem.consumers.rows().map(|row| Value {
            unserved: row.len().fit::<u32>(),
            unserved_xor: row.iter().fold(0, |all, &consumer| all ^ consumer),
        }));
        problem.keep.iter().for_each(|&task| values[task as usize].unserved |= Value::KEPT);
        let mut simulation = Self {
            problem,
            tasks,
            values,
            gains: if problem.weights.are_equal() { Vec::new() } else { vec![0; n_tasks] },
            sequence: vast_vec(n_tasks),
            live: 0,
            cost: Cost { peak: 0, area: 0 },
            limit,
            n_tasks_max: usize::MAX,
            free: Vec::new(),
            demand: Vec::new(),
            scratch,
            n_waits: 0,
        };
        for task in 0..n_tasks.fit::<u32>() {
            match simulation.values[task as usize] {
                Value { unserved: 0, .. } => simulation.promise(task, task),
                Value { unserved: 1, unserved_xor } => simulation.promise(unserved_xor, task),
                Value { .. } => {}
            }
        }
        simulation
    }

    /// How many inputs of `task` have not run, or `None` if the task itself has.
    pub fn pending(&self, task: u32) -> Option<u32> {
        self.tasks[task as usize].n_missing()
    }

    /// The tasks that have run, first one first.
    pub fn sequence(&self) -> &[u32] {
        &self.sequence
    }

    /// The most that was live at once so far.
    pub fn peak(&self) -> u64 {
        self.cost.peak
    }

    /// Ends the simulation when `n_tasks` have run.
    pub fn stop_after(&mut self, n_tasks: usize) {
        self.n_tasks_max = n_tasks;
    }

    /// Whether the limit is exceeded, so that going on is pointless, or enough tasks have run.
    pub fn is_over(&self) -> bool {
        self.cost.peak > self.limit || self.sequence.len() >= self.n_tasks_max
    }

    /// The sequence and its cost, unless the limit is exceeded or a cycle kept tasks from running.
    pub fn finish(self) -> Option<(Cost, Vec<u32>)> {
        (self.cost.peak <= self.limit && self.sequence.len() == self.tasks.len())
            .then_some((self.cost, self.sequence))
    }

    /// The tasks that have run: all of them, if every sink was fetched and there is no cycle.
    pub fn into_sequence(self) -> Vec<u32> {
        self.sequence
    }

    /// Runs `target` after all that it needs. Of several missing inputs the one that `preference` ranks highest is fetched
    /// first; among equals the one that is named first.
    pub fn fetch<P: Ord>(&mut self, target: u32, preference: impl Fn(u32) -> P) {
        self.demand.push(target);
        while let Some(&task) = self.demand.last() {
            match self.tasks[task as usize] {
                Waiting::DONE => {
                    self.demand.pop();
                }
                Waiting::READY | Waiting::FREE => {
                    self.demand.pop();
                    self.run(task);
                }
                Waiting(_) => self.demand_inputs(task, &preference),
            }
            // Without a cycle a task waits once: when it is seen again, its inputs have run.
            if self.is_over() || self.n_waits > self.tasks.len() {
                self.demand.clear();
            }
        }
    }

    fn demand_inputs<P: Ord>(&mut self, task: u32, preference: &impl Fn(u32) -> P) {
        let start = self.demand.len();
        let tasks = &self.tasks;
        let missing = self.problem.inputs.row(task).iter().rev().copied();
        self.demand.extend(missing.filter(|&input| tasks[input as usize] != Waiting::DONE));
        // The last one is on top of the stack.
        self.demand[start..].sort_by_key(|&input| preference(input));
        self.n_waits += 1;
    }

    /// Runs a task whose inputs have run, and then all that can run without taking memory.
    fn run(&mut self, task: u32) {
        self.run_one(task);
        while let Some(task) = self.free.pop() {
            if self.tasks[task as usize] == Waiting::FREE {
                self.run_one(task);
            }
        }
    }

    fn run_one(&mut self, task: u32) {
        let Problem { consumers, weights, .. } = self.problem;
        self.sequence.push(task);
        self.tasks[task as usize] = Waiting::DONE;
        self.live += weights.exact(task);
        self.cost.peak = self.cost.peak.max(self.live);
        self.cost.area += u128::from(self.live);
        let mut scratch = std::mem::take(&mut self.scratch);
        for &input in self.problem.distinct_inputs(task, &mut scratch) {
            self.serve(input, task);
        }
        self.scratch = scratch;
        if self.values[task as usize].unserved == 0 {
            self.live -= weights.exact(task);
        }
        for &consumer in consumers.row(task) {
            let waiting = &mut self.tasks[consumer as usize];
            waiting.0 -= 1;
            if *waiting == Waiting::FREE {
                self.free.push(consumer);
            }
        }
    }

    /// Notes that `consumer` has used `value`.
    #[inline]
    fn serve(&mut self, value: u32, consumer: u32) {
        let state = &mut self.values[value as usize];
        state.unserved -= 1;
        state.unserved_xor ^= consumer;
        match *state {
            Value { unserved: 0, .. } => self.live -= self.problem.weights.exact(value),
            Value { unserved: 1, unserved_xor } => {
                self.promise(unserved_xor, value);
                if self.tasks[unserved_xor as usize] == Waiting::FREE {
                    self.free.push(unserved_xor);
                }
            }
            Value { .. } => {}
        }
    }

    /// Notes that the memory of `value` comes back when `task` runs.
    #[inline]
    fn promise(&mut self, task: u32, value: u32) {
        let weights = self.problem.weights;
        let pays = match self.gains.get_mut(task as usize) {
            Some(gain) => {
                *gain = gain.saturating_add(weights.coarse(value));
                *gain >= weights.coarse(task)
            }
            None => true,
        };
        if pays {
            self.tasks[task as usize].0 |= Waiting::PAYS;
        }
    }
}
