//! The best sequence so far, and how it is improved.

use raskt_core::Fit;

use super::simulation::{Cost, Problem, Simulation};
use crate::shapes::SplitMix;

/// Simulations compete; the cheapest is kept.
pub(super) struct Contest<'a> {
    problem: Problem<'a>,
    cost: Cost,
    /// Empty until the first entry.
    pub sequence: Vec<u32>,
    /// No run has a lower peak: some task needs as much by itself.
    floor: u64,
    random: SplitMix,
}

impl<'a> Contest<'a> {
    pub fn new(problem: Problem<'a>) -> Self {
        let mut scratch = Vec::new();
        let floor = (0..problem.inputs.n_rows().fit::<u32>()).map(|task| {
            let inputs = problem.distinct_inputs(task, &mut scratch).iter();
            inputs.fold(problem.weights.exact(task), |sum, &input| sum + problem.weights.exact(input))
        });
        Self {
            problem,
            cost: Cost { peak: u64::MAX, area: u128::MAX },
            sequence: Vec::new(),
            floor: floor.max().unwrap_or(0),
            random: SplitMix::new(0),
        }
    }

    /// Has a strategy compete, unless there is nothing left to gain. It is told the peak to beat.
    pub fn enter(&mut self, strategy: impl FnOnce(u64) -> Simulation<'a>) {
        if self.cost.peak <= self.floor {
            return;
        }
        if let Some((cost, sequence)) = strategy(self.cost.peak).finish().filter(|entry| entry.0 < self.cost)
        {
            self.cost = cost;
            self.sequence = sequence;
        }
    }

    /// Perturbs the best sequence and lets the result compete: its tasks, moved a little at random, are the targets. The
    /// random numbers are the same each time that a graph is ordered.
    pub fn perturb(&mut self, attempt: usize) {
        if self.cost.peak <= self.floor {
            return;
        }
        let problem = self.problem;
        let reach = (self.sequence.len() >> (attempt % 3)).max(2).fit::<u32>();
        // Tasks with fewer inputs are no decisions: sources run when they are needed, and what has a single input
        // either frees it at once or waits for a target as well.
        let is_target =
            |task: u32| problem.inputs.row(task).len() > 1 || problem.consumers.row(task).is_empty();
        let ranked = (0_u32..).zip(&self.sequence).filter(|&(_, &task)| is_target(task));
        let random = &mut self.random;
        let mut targets: Vec<(u32, u32)> =
            ranked.map(|(rank, &task)| (rank + random.below(reach), task)).collect();
        targets.sort_unstable();
        self.enter(|limit| {
            let mut simulation = Simulation::new(problem, limit);
            targets.iter().for_each(|&(_, task)| simulation.fetch(task, |_| ()));
            simulation
        });
    }
}
