//! Which strategies compete, and for how long.

use std::cmp::Reverse;

use raskt_core::Fit;

use super::contest::Contest;
use super::need::excesses;
use super::simulation::{Problem, Simulation};
use super::strategies::{
    Tie, by_level, by_number, depth_first_as_named, depth_first_neediest, levels, nearest_first, sinks,
};
use super::weights::Weights;
use crate::adjacency::Adjacency;

/// Tasks and edges up to which every strategy competes.
const N_CONTEST: usize = 1 << 18;
/// Tasks and edges up to which the most expensive strategy is tried as well.
const N_NEAREST: usize = 1 << 21;
/// Tasks and edges that perturbing the order of a small graph may visit in all.
const N_PERTURB: usize = 1 << 12;

/// All tasks of a graph in the order in which they should run: the task of every rank, inputs before consumers.
///
/// `inputs` lists what each task needs, `consumers` is its
/// [`transpose_distinct`](Adjacency::transpose_distinct). The values of `keep` are requested and never released.
/// `weights` are the sizes of the values in bytes; without them all count the same. Tasks of a cycle, and those behind
/// it, are left out: look for [cycles](Adjacency::find_cycle) first.
///
/// The order keeps the peak of live values low when tasks run one at a time (see [`live_peak`](crate::peak::live_peak))
/// and is the same for the same graph on every machine. It takes time in proportion to tasks and edges (times the
/// logarithm of the longest row) and no recursion.
///
/// # Examples
///
/// ```
/// use raskt_graph::{order::order, peak::live_peak, shapes};
///
/// let inputs = shapes::binary_tree(1 << 10)?;
/// let consumers = inputs.transpose_distinct();
/// let root = inputs.n_rows() as u32 - 1;
/// let sequence = order(&inputs, &consumers, &[root], None);
/// assert_eq!(live_peak(&inputs, &[root], &sequence, None), 10 + 2);
/// # Ok::<(), raskt_graph::adjacency::AdjacencyError>(())
/// ```
pub fn order(inputs: &Adjacency, consumers: &Adjacency, keep: &[u32], weights: Option<&[u64]>) -> Vec<u32> {
    let mut sequence = Vec::new();
    order_in_parts(inputs, consumers, keep, weights, |part| {
        if sequence.is_empty() {
            sequence.reserve_exact(inputs.n_rows());
        }
        sequence.extend_from_slice(part);
        true
    });
    sequence
}

/// The same order as that of [`order`], shown in consecutive parts, each as soon as it is certain: who runs the graph
/// may start with the first of them. It ends early when `show` returns `false`.
///
/// Large graphs that are numbered as the program that made them went come in many parts; all others in one.
///
/// # Examples
///
/// ```
/// use raskt_graph::{order::{order, order_in_parts}, shapes};
///
/// let inputs = shapes::binary_tree(1 << 10)?;
/// let consumers = inputs.transpose_distinct();
/// let mut sequence = Vec::new();
/// order_in_parts(&inputs, &consumers, &[], None, |part| {
///     sequence.extend_from_slice(part);
///     true
/// });
/// assert_eq!(sequence, order(&inputs, &consumers, &[], None));
/// # Ok::<(), raskt_graph::adjacency::AdjacencyError>(())
/// ```
pub fn order_in_parts(
    inputs: &Adjacency,
    consumers: &Adjacency,
    keep: &[u32],
    weights: Option<&[u64]>,
    mut show: impl FnMut(&[u32]) -> bool,
) {
    let problem = Problem { inputs, consumers, keep, weights: Weights::new(weights) };
    let n_visits = inputs.n_rows() + inputs.n_edges();
    if inputs.n_edges() == 0 {
        show(&(0..inputs.n_rows().fit::<u32>()).collect::<Vec<_>>());
    } else if consumers.rows().all(|row| row.len() <= 1) {
        show(&order_forest(problem));
    } else if n_visits <= N_CONTEST {
        show(&order_by_contest(problem, n_visits));
    } else {
        order_large(problem, n_visits, show);
    }
}

/// An order for a graph whose values are small: one simulation, without a contest for the lowest peak.
///
/// `inputs` and `consumers` are those of [`order`]; tasks of a cycle, and those behind it, are left out here, too.
///
/// # Examples
///
/// ```
/// use raskt_graph::{order::order_once, shapes};
///
/// let inputs = shapes::binary_tree(4)?;
/// assert_eq!(order_once(&inputs, &inputs.transpose_distinct(), &[]).len(), inputs.n_rows());
/// # Ok::<(), raskt_graph::adjacency::AdjacencyError>(())
/// ```
#[must_use]
pub fn order_once(inputs: &Adjacency, consumers: &Adjacency, keep: &[u32]) -> Vec<u32> {
    let problem = Problem { inputs, consumers, keep, weights: Weights::new(None) };
    let sinks = sinks(consumers);
    let sequence = depth_first_as_named(problem, u64::MAX, &sinks).into_sequence();
    if sequence.len() == inputs.n_rows() { sequence } else { order_acyclic_part(problem) }
}

/// The rank of every task of an order: `ranks(sequence)[sequence[rank]] == rank`.
///
/// # Examples
///
/// ```
/// assert_eq!(raskt_graph::order::ranks(&[2, 0, 1]), [1, 2, 0]);
/// ```
pub fn ranks(sequence: &[u32]) -> Vec<u32> {
    let n_tasks = sequence.iter().max().map_or(0, |&last| last as usize + 1);
    let mut ranks = vec![u32::MAX; n_tasks];
    (0..).zip(sequence).for_each(|(rank, &task)| ranks[task as usize] = rank);
    ranks
}

/// Trees: nothing is shared, so fetching the neediest input first cannot be beaten by much.
fn order_forest(problem: Problem<'_>) -> Vec<u32> {
    let Ok(topological) = problem.inputs.topological() else { return order_acyclic_part(problem) };
    let excesses = excesses(problem, &topological);
    drop(topological);
    let mut roots = sinks(problem.consumers);
    // What a kept root leaves behind is in the way of the roots after it.
    roots.sort_by_key(|&root| Reverse(excesses[root as usize]));
    let mut simulation = Simulation::new(problem, u64::MAX);
    roots.iter().for_each(|&root| simulation.fetch(root, |input| excesses[input as usize]));
    simulation.into_sequence()
}

/// All strategies compete, and if the graph is small, the best sequence is perturbed.
fn order_by_contest(problem: Problem<'_>, n_visits: usize) -> Vec<u32> {
    let Ok(topological) = problem.inputs.topological() else { return order_acyclic_part(problem) };
    let excesses = excesses(problem, &topological);
    let mut sinks = sinks(problem.consumers);
    let mut contest = Contest::new(problem);
    contest.enter(|limit| depth_first_neediest(problem, limit, &sinks, &excesses));
    contest.enter(|limit| depth_first_as_named(problem, limit, &sinks));
    // A walk over neighbours that starts at the rim of the graph has one frontier instead of two.
    sinks.sort_by_key(|&sink| excesses[sink as usize]);
    contest.enter(|limit| nearest_first(problem, limit, &sinks, &excesses, Tie::Oldest));
    contest.enter(|limit| nearest_first(problem, limit, &sinks, &excesses, Tie::Newest));
    let levels = levels(problem.inputs, &contest.sequence);
    contest.enter(|limit| by_level(problem, limit, &levels));
    (0..N_PERTURB / n_visits).for_each(|attempt| contest.perturb(attempt));
    contest.sequence
}

/// As few simulations as will do, since each of them costs a good part of what running the graph does.
fn order_large(problem: Problem<'_>, n_visits: usize, mut show: impl FnMut(&[u32]) -> bool) {
    let sinks = sinks(problem.consumers);
    let is_numbered = problem.inputs.points_backwards();
    // It has no rival in the largest graphs: what it has run so far is certain.
    let has_rivals = n_visits <= N_NEAREST;
    let (mut n_shown, mut goes_on) = (0, true);
    let show_more = |simulation: &Simulation<'_>| {
        if !has_rivals {
            goes_on = show(&simulation.sequence()[n_shown..]);
            n_shown = simulation.sequence().len();
        }
        goes_on
    };
    let numbered = is_numbered.then(|| by_number(problem, &sinks, show_more)).flatten();
    match numbered {
        Some(simulation) if !has_rivals => {
            if goes_on {
                show(&simulation.sequence()[n_shown..]);
            }
        }
        rival => {
            show(&order_by_short_contest(problem, n_visits, sinks, rival));
        }
    }
}

/// The strategies that scale compete with `numbered`, where that has run.
fn order_by_short_contest<'a>(
    problem: Problem<'a>,
    n_visits: usize,
    sinks: Vec<u32>,
    numbered: Option<Simulation<'a>>,
) -> Vec<u32> {
    let is_numbered = problem.inputs.points_backwards();
    let Ok(topological) = problem.inputs.topological() else { return order_acyclic_part(problem) };
    let excesses = excesses(problem, &topological);
    drop(topological);
    let mut contest = Contest::new(problem);
    match numbered {
        Some(simulation) => contest.enter(|_| simulation),
        None => {
            contest.enter(|limit| depth_first_neediest(problem, limit, &sinks, &excesses));
            if is_numbered {
                contest.enter(|limit| depth_first_as_named(problem, limit, &sinks));
            }
        }
    }
    if n_visits <= N_NEAREST {
        contest.enter(|limit| nearest_first(problem, limit, &sinks, &excesses, Tie::Oldest));
    }
    contest.sequence
}

/// What can be ordered of a graph with a cycle.
fn order_acyclic_part(problem: Problem<'_>) -> Vec<u32> {
    by_level(problem, u64::MAX, &(0..problem.inputs.n_rows().fit::<u32>()).collect::<Vec<_>>())
        .into_sequence()
}
