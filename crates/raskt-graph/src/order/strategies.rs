//! Strategies: which task a simulation aims for next.

use std::collections::VecDeque;

use super::need::quarter_octaves;
use super::simulation::{Problem, Simulation};
use crate::adjacency::Adjacency;

/// The tasks that no task needs, in ascending order.
pub(super) fn sinks(consumers: &Adjacency) -> Vec<u32> {
    (0..).zip(consumers.rows()).filter(|(_, row)| row.is_empty()).map(|(task, _)| task).collect()
}

/// Depth-first from the sinks, inputs in the order in which they are named. Right where that order means nearness.
pub(super) fn depth_first_as_named<'a>(problem: Problem<'a>, limit: u64, sinks: &[u32]) -> Simulation<'a> {
    let mut simulation = Simulation::new(problem, limit);
    sinks.iter().for_each(|&sink| simulation.fetch(sink, |_| ()));
    simulation
}

/// Depth-first from the sinks, markedly needier inputs first. Right where the graph is nearly a tree.
pub(super) fn depth_first_neediest<'a>(
    problem: Problem<'a>,
    limit: u64,
    sinks: &[u32],
    excesses: &[u32],
) -> Simulation<'a> {
    let mut simulation = Simulation::new(problem, limit);
    sinks.iter().for_each(|&sink| simulation.fetch(sink, |input| quarter_octaves(excesses[input as usize])));
    simulation
}

/// How many tasks more have run when [`by_number`] shows itself again.
const N_PART: usize = 1 << 13;

/// The tasks that join several inputs, and the sinks, in the order of their numbers, unless going depth-first turns out
/// to do with half of the memory or less. Right where numbers follow the course of the program that made them; and
/// quick, since memory is walked through in one direction.
///
/// Once that is settled, `show` is told how far the simulation has come, every now and then, and says whether to go on.
pub(super) fn by_number<'a>(
    problem: Problem<'a>,
    sinks: &[u32],
    mut show: impl FnMut(&Simulation<'a>) -> bool,
) -> Option<Simulation<'a>> {
    let n_probed = (problem.inputs.n_rows() / 64).max(1 << 14);
    let mut simulation = Simulation::new(problem, u64::MAX);
    let mut probe = simulation.clone();
    probe.stop_after(n_probed);
    for &sink in sinks {
        if !probe.is_over() {
            probe.fetch(sink, |_| ());
        }
    }
    let peak_depth_first = probe.peak();
    drop(probe);
    let mut n_shown = 0;
    for (task, inputs) in (0..).zip(problem.inputs.rows()) {
        if inputs.len() > 1 || problem.consumers.row(task).is_empty() {
            simulation.fetch(task, |_| ());
            let n_run = simulation.sequence().len();
            if n_run <= n_probed {
                if simulation.peak() / 5 > peak_depth_first / 4 {
                    return None;
                }
            } else if n_run - n_shown >= N_PART {
                n_shown = n_run;
                if !show(&simulation) {
                    break;
                }
            }
        }
    }
    Some(simulation)
}

/// From the sources towards the sinks, farthest from the sinks first. Right where everything depends on everything.
pub(super) fn by_level<'a>(problem: Problem<'a>, limit: u64, levels: &[u32]) -> Simulation<'a> {
    let mut simulation = Simulation::new(problem, limit);
    levels.iter().for_each(|&task| simulation.fetch(task, |_| ()));
    simulation
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

/// Which of several equally near targets is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tie {
    /// The one that came near first: the frontier stays even.
    Oldest,
    /// The one that came near last: the frontier runs ahead.
    Newest,
}

/// Always the consumer of something live that lacks the fewest inputs. Right where uses are near each other but
/// their numbers are not, as in stencils over blocks that were numbered by a hash, and where parts of the graph are
/// worth finishing one by one, as in shuffles of several stages.
///
/// `sinks` say where to start over when nothing live is left to consume.
pub(super) fn nearest_first<'a>(
    problem: Problem<'a>,
    limit: u64,
    sinks: &[u32],
    excesses: &[u32],
    tie: Tie,
) -> Simulation<'a> {
    let mut simulation = Simulation::new(problem, limit);
    let mut frontier = Frontier::new(problem);
    for &sink in sinks {
        while simulation.pending(sink).is_some() && !simulation.is_over() {
            let n_run = simulation.sequence().len();
            let target = frontier.pop(&simulation, tie);
            let target =
                target.unwrap_or_else(|| neediest_source(&simulation, problem.inputs, sink, excesses));
            simulation.fetch(target, |input| excesses[input as usize]);
            if simulation.sequence().len() == n_run {
                // A cycle: nothing can run any more.
                return simulation;
            }
            for at in n_run..simulation.sequence().len() {
                frontier.advance(&simulation, problem, simulation.sequence()[at]);
            }
        }
    }
    simulation
}

/// The task without missing inputs that is reached from `sink` by always going to the neediest missing input.
fn neediest_source(simulation: &Simulation<'_>, inputs: &Adjacency, sink: u32, excesses: &[u32]) -> u32 {
    let mut task = sink;
    // No path is longer than there are tasks, unless it runs in a circle.
    for _ in 0..inputs.n_rows() {
        let missing = inputs.row(task).iter().copied().filter(|&input| simulation.pending(input).is_some());
        match missing.max_by_key(|&input| excesses[input as usize]) {
            Some(input) => task = input,
            None => break,
        }
    }
    task
}

/// Tasks with missing inputs, by how many of these are out of reach: neither there nor to be had from what is there.
struct Frontier {
    /// At `n`, tasks that lacked `n` inputs when they were pushed; those that have moved on are skipped.
    by_lack: Vec<VecDeque<u32>>,
    /// No bucket below this one holds a task.
    lowest: usize,
    /// How many inputs of each task are out of reach.
    lacks: Vec<u32>,
    /// Whether each task is within reach: a source that has run, or any other task that can run.
    is_reached: Vec<bool>,
}

impl Frontier {
    fn new(problem: Problem<'_>) -> Self {
        let mut lacks = vec![0; problem.inputs.n_rows()];
        problem.consumers.rows().flatten().for_each(|&consumer| lacks[consumer as usize] += 1);
        Self { by_lack: Vec::new(), lowest: 0, is_reached: vec![false; lacks.len()], lacks }
    }

    /// Notes that `task` has run.
    fn advance(&mut self, simulation: &Simulation<'_>, problem: Problem<'_>, task: u32) {
        // Sources can run from the start, but what they take is just what is to be put off.
        self.reach(simulation, problem, task);
        for &consumer in problem.consumers.row(task) {
            if simulation.pending(consumer).is_none_or(|pending| pending == 0) {
                self.reach(simulation, problem, consumer);
            }
        }
    }

    fn reach(&mut self, simulation: &Simulation<'_>, problem: Problem<'_>, task: u32) {
        if std::mem::replace(&mut self.is_reached[task as usize], true) {
            return;
        }
        for &consumer in problem.consumers.row(task) {
            let lack = &mut self.lacks[consumer as usize];
            *lack -= 1;
            let lack = *lack as usize;
            if simulation.pending(consumer).is_some_and(|pending| pending > 0) {
                if self.by_lack.len() <= lack {
                    self.by_lack.resize_with(lack + 1, VecDeque::new);
                }
                self.by_lack[lack].push_back(consumer);
                self.lowest = self.lowest.min(lack);
            }
        }
    }

    fn pop(&mut self, simulation: &Simulation<'_>, tie: Tie) -> Option<u32> {
        while let Some(bucket) = self.by_lack.get_mut(self.lowest) {
            let next = match tie {
                Tie::Oldest => bucket.pop_front(),
                Tie::Newest => bucket.pop_back(),
            };
            let Some(task) = next else {
                self.lowest += 1;
                continue;
            };
            let is_waiting = simulation.pending(task).is_some_and(|pending| pending > 0);
            if is_waiting && self.lacks[task as usize] as usize == self.lowest {
                return Some(task);
            }
        }
        None
    }
}
