//! A failing scenario made small.

use crate::scenario::{GraphSpec, Scenario};
use crate::world::run;

/// So many simulations are tried, at most.
const N_TRIES_MAX: usize = 200;

/// The smallest scenario that was found that still fails: without faults, graphs, tasks and workers that make no difference.
#[must_use]
pub fn shrink(failing: &Scenario) -> Scenario {
    let mut best = failing.clone();
    let mut n_tries = 0;
    let mut is_smaller = true;
    while is_smaller && n_tries < N_TRIES_MAX {
        is_smaller = false;
        for candidate in candidates(&best) {
            n_tries += 1;
            if run(&candidate).is_err() {
                best = candidate;
                is_smaller = true;
                break;
            }
            if n_tries >= N_TRIES_MAX {
                break;
            }
        }
    }
    best
}

/// Scenarios with something less, the larger cuts first.
fn candidates(of: &Scenario) -> Vec<Scenario> {
    let mut found = Vec::new();
    let mut offer = |change: &dyn Fn(&mut Scenario)| {
        let mut less = of.clone();
        change(&mut less);
        if less != *of {
            found.push(less);
        }
    };
    offer(&|less| less.faults.clear());
    if of.graphs.len() > 1 && of.graphs.iter().all(|graph| graph.same_as.is_none()) {
        for graph in 0..of.graphs.len() {
            offer(&|less| {
                less.graphs.remove(graph);
            });
        }
    }
    for request in 0..of.requests.len() {
        offer(&|less| {
            less.requests.remove(request);
        });
    }
    for fault in 0..of.faults.len() {
        offer(&|less| {
            less.faults.remove(fault);
        });
    }
    offer(&|less| less.duplicates_permille = 0);
    offer(&|less| less.workers.truncate(less.workers.len().div_ceil(2)));
    offer(&|less| less.workers.truncate(less.workers.len().max(2) - 1));
    for graph in 0..of.graphs.len() {
        offer(&|less| less.graphs[graph].n_slices = 1);
        let is_copied = of.graphs.iter().any(|other| other.same_as == Some(graph));
        if is_copied || of.graphs[graph].same_as.is_some() {
            continue;
        }
        let n_tasks = of.graphs[graph].tasks.len();
        for n in [n_tasks / 2, n_tasks.saturating_sub(1)] {
            offer(&|less| truncate(&mut less.graphs[graph], n.max(1)));
        }
    }
    found
}

fn truncate(graph: &mut GraphSpec, n_tasks: usize) {
    graph.tasks.truncate(n_tasks);
    graph.outputs.retain(|&output| (output as usize) < n_tasks);
    if graph.outputs.is_empty() {
        graph.outputs.push((n_tasks - 1) as u32);
    }
}
