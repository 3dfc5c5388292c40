//! The best sequence so far, and how it is bettered.

use raskt_core::Fit;

use super::sweep::{Cost, Plan, Sweep};
use crate::shapes::SplitMix;

/// Executions on paper compete; the cheapest is kept.
pub(super) struct Contest<'a> {
    plan: Plan<'a>,
    cost: Cost,
    /// Empty until the first entry.
    pub sequence: Vec<u32>,
    /// No execution has a lower peak: some task needs as much by itself.
    floor: u64,
    random: SplitMix,
}

impl<'a> Contest<'a> {
    pub fn new(plan: Plan<'a>) -> Self {
        let mut scratch = Vec::new();
        let floor = (0..plan.inputs.n_rows().fit::<u32>()).map(|task| {
            let inputs = plan.distinct_inputs(task, &mut scratch).iter();
            inputs.fold(plan.weights.exact(task), |sum, &input| sum + plan.weights.exact(input))
        });
        Self {
            plan,
            cost: Cost { peak: u64::MAX, area: u128::MAX },
            sequence: Vec::new(),
            floor: floor.max().unwrap_or(0),
            random: SplitMix::new(0),
        }
    }

    /// Has a strategy compete, unless there is nothing left to gain. It is told the peak to beat.
    pub fn enter(&mut self, strategy: impl FnOnce(u64) -> Sweep<'a>) {
        if self.cost.peak <= self.floor {
            return;
        }
        if let Some((cost, sequence)) = strategy(self.cost.peak).finish().filter(|entry| entry.0 < self.cost)
        {
            self.cost = cost;
            self.sequence = sequence;
        }
    }

    /// Shakes the best sequence and has the result compete: its tasks, moved a little at random, are the goals. The
    /// random numbers are the same each time that a graph is ordered.
    pub fn shake(&mut self, attempt: usize) {
        if self.cost.peak <= self.floor {
            return;
        }
        let plan = self.plan;
        let reach = (self.sequence.len() >> (attempt % 3)).max(2).fit::<u32>();
        // Tasks with fewer inputs are no decisions: sources run when they are needed, and what has a single input
        // either frees it at once or waits for a goal as well.
        let is_goal = |task: u32| plan.inputs.row(task).len() > 1 || plan.consumers.row(task).is_empty();
        let ranked = (0_u32..).zip(&self.sequence).filter(|&(_, &task)| is_goal(task));
        let random = &mut self.random;
        let mut goals: Vec<(u32, u32)> =
            ranked.map(|(rank, &task)| (rank + random.below(reach), task)).collect();
        goals.sort_unstable();
        self.enter(|limit| {
            let mut sweep = Sweep::new(plan, limit);
            goals.iter().for_each(|&(_, task)| sweep.fetch(task, |_| ()));
            sweep
        });
    }
}
