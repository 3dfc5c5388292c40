//! Strategies: which task an execution on paper aims for next.

use std::collections::VecDeque;

use super::need::quarter_octaves;
use super::sweep::{Plan, Sweep};
use crate::adjacency::Adjacency;

/// The tasks that no task needs, in ascending order.
pub(super) fn sinks(consumers: &Adjacency) -> Vec<u32> {
    (0..).zip(consumers.rows()).filter(|(_, row)| row.is_empty()).map(|(task, _)| task).collect()
}

/// Depth-first from the sinks, inputs in the order in which they are named. Right where that order means nearness.
pub(super) fn sweep_as_named<'a>(plan: Plan<'a>, limit: u64, sinks: &[u32]) -> Sweep<'a> {
    let mut sweep = Sweep::new(plan, limit);
    sinks.iter().for_each(|&sink| sweep.fetch(sink, |_| ()));
    sweep
}

/// Depth-first from the sinks, markedly needier inputs first. Right where the graph is nearly a tree.
pub(super) fn sweep_neediest<'a>(plan: Plan<'a>, limit: u64, sinks: &[u32], excesses: &[u32]) -> Sweep<'a> {
    let mut sweep = Sweep::new(plan, limit);
    sinks.iter().for_each(|&sink| sweep.fetch(sink, |input| quarter_octaves(excesses[input as usize])));
    sweep
}

/// The tasks that join several inputs, and the sinks, in the order of their numbers. Right where numbers follow the
/// course of the program that made them; and quick, since memory is walked through in one direction.
pub(super) fn sweep_numbered(plan: Plan<'_>, limit: u64) -> Sweep<'_> {
    let mut sweep = Sweep::new(plan, limit);
    for (task, inputs) in (0..).zip(plan.inputs.rows()) {
        if inputs.len() > 1 || plan.consumers.row(task).is_empty() {
            sweep.fetch(task, |_| ());
        }
    }
    sweep
}

/// From the sources towards the sinks, farthest from the sinks first. Right where everything depends on everything.
pub(super) fn sweep_levels<'a>(plan: Plan<'a>, limit: u64, levels: &[u32]) -> Sweep<'a> {
    let mut sweep = Sweep::new(plan, limit);
    levels.iter().for_each(|&task| sweep.fetch(task, |_| ()));
    sweep
}

/// All tasks by descending distance (longest path) to the sinks, equals in ascending order.
///
/// `sequence` must hold inputs before their consumers.
pub(super) fn levels(inputs: &Adjacency, sequence: &[u32]) -> Vec<u32> {
    let mut heights = vec![0_u32; inputs.n_rows()];
    for &task in sequence.iter().rev() {
        let height = heights[task as usize] + 1;
        for &input in inputs.row(task) {
            heights[input as usize] = heights[input as usize].max(height);
        }
    }
    let highest = heights.iter().copied().max().unwrap_or(0);
    let mut starts = vec![0_u32; highest as usize + 2];
    heights.iter().for_each(|&height| starts[(highest - height) as usize + 1] += 1);
    for level in 1..starts.len() {
        starts[level] += starts[level - 1];
    }
    let mut levels = vec![0_u32; heights.len()];
    for (task, &height) in (0..).zip(&heights) {
        let start = &mut starts[(highest - height) as usize];
        levels[*start as usize] = task;
        *start += 1;
    }
    levels
}

/// Which of several equally near goals is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tie {
    /// The one that came near first: the frontier stays even.
    Oldest,
    /// The one that came near last: the frontier runs ahead.
    Newest,
}

/// Always the consumer of something live that lacks the fewest inputs. Right where uses are near each other but
/// their numbers are not, as in stencils over blocks that were numbered by a hash.
///
/// `sinks` say where to start over when nothing live is left to consume.
pub(super) fn sweep_nearest<'a>(
    plan: Plan<'a>,
    limit: u64,
    sinks: &[u32],
    excesses: &[u32],
    tie: Tie,
) -> Sweep<'a> {
    let mut sweep = Sweep::new(plan, limit);
    let mut frontier = Frontier::default();
    for &sink in sinks {
        while sweep.pending(sink).is_some() && !sweep.is_lost() {
            let n_run = sweep.sequence().len();
            let goal = frontier.pop(&sweep, tie);
            let goal = goal.unwrap_or_else(|| neediest_source(&sweep, plan.inputs, sink, excesses));
            sweep.fetch(goal, |input| excesses[input as usize]);
            if sweep.sequence().len() == n_run {
                // A cycle: nothing can run any more.
                return sweep;
            }
            for &task in &sweep.sequence()[n_run..] {
                frontier.push_consumers(&sweep, plan.consumers.row(task));
            }
        }
    }
    sweep
}

/// The task without missing inputs that is reached from `sink` by always going to the neediest missing input.
fn neediest_source(sweep: &Sweep<'_>, inputs: &Adjacency, sink: u32, excesses: &[u32]) -> u32 {
    let mut task = sink;
    // No path is longer than there are tasks, unless it runs in a circle.
    for _ in 0..inputs.n_rows() {
        let missing = inputs.row(task).iter().copied().filter(|&input| sweep.pending(input).is_some());
        match missing.max_by_key(|&input| excesses[input as usize]) {
            Some(input) => task = input,
            None => break,
        }
    }
    task
}

/// Consumers of what has run, by how many inputs they lack.
#[derive(Default)]
struct Frontier {
    /// At `n`, tasks that lacked `n` inputs when they were pushed; those that have moved on are skipped.
    by_pending: Vec<VecDeque<u32>>,
    /// No bucket below this one holds a task.
    lowest: usize,
}

impl Frontier {
    fn push_consumers(&mut self, sweep: &Sweep<'_>, consumers: &[u32]) {
        for &consumer in consumers {
            if let Some(pending) = sweep.pending(consumer).map(|pending| pending as usize) {
                if self.by_pending.len() <= pending {
                    self.by_pending.resize_with(pending + 1, VecDeque::new);
                }
                self.by_pending[pending].push_back(consumer);
                self.lowest = self.lowest.min(pending);
            }
        }
    }

    fn pop(&mut self, sweep: &Sweep<'_>, tie: Tie) -> Option<u32> {
        while let Some(bucket) = self.by_pending.get_mut(self.lowest) {
            let next = match tie {
                Tie::Oldest => bucket.pop_front(),
                Tie::Newest => bucket.pop_back(),
            };
            match next {
                Some(task) if sweep.pending(task) == Some(self.lowest as u32) => return Some(task),
                Some(_) => {}
                None => self.lowest += 1,
            }
        }
        None
    }
}
