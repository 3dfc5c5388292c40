//! Graphs as clients hand them over: one slice after another.

use std::collections::BTreeSet;
use std::sync::Arc;

use raskt_core::{Key, Result};
use raskt_graph::{Body, Keys, TableBuilder, TaskTable};
use raskt_sched::{Demand, Submission};

use crate::scenario::{GraphSpec, Kind, SubgraphSpec, TaskSpec};
use crate::world_client::{data_key, task_key};

/// Tasks of like durations are of one family, as those of one function are.
fn body(task: &TaskSpec, subgraphs: &[SubgraphSpec]) -> Body {
    let work = Body::native(&format!("work-{}", task.duration.as_micros().ilog10()));
    match task.kind {
        Kind::Lists => Body::Gather,
        Kind::Takes(at) => Body::Select(at),
        Kind::Grows(sub) => match &subgraphs[sub as usize] {
            subgraph if subgraph.items().is_some() => {
                Body::Growing { body: Arc::new(work), n_loaded: subgraph.n_loaded }
            }
            _ => work,
        },
        Kind::Works | Kind::Raises(_) | Kind::Kills => work,
    }
}

/// What a task needs, data included.
pub(crate) fn inputs_of(spec: &GraphSpec, name: &str, task: usize) -> Vec<Key> {
    let inputs = &spec.tasks[task].inputs;
    match spec.has_data && inputs.is_empty() {
        true => vec![data_key(name)],
        false => inputs.iter().map(|&input| task_key(spec, name, input)).collect(),
    }
}

/// The slices of a graph, whose messages are about `graph`.
pub(crate) fn slices(spec: &GraphSpec, name: &str, graph: &str) -> Result<Vec<Submission>> {
    let (n_tasks, n_slices) = (spec.tasks.len(), spec.n_slices.clamp(1, spec.tasks.len()));
    let bound = |at: usize| at * n_tasks / n_slices;
    (0..n_slices).map(|at| slice(spec, name, graph, bound(at), bound(at + 1))).collect()
}

fn slice(spec: &GraphSpec, name: &str, graph: &str, from: usize, to: usize) -> Result<Submission> {
    let own = |task: usize| task_key(spec, name, task as u32);
    let here: BTreeSet<Key> = (from..to).map(own).collect();
    let mut keys: Vec<Key> = Vec::new();
    for input in (from..to).flat_map(|task| inputs_of(spec, name, task)) {
        if !here.contains(&input) && !keys.contains(&input) {
            keys.push(input);
        }
    }
    let inputs = keys.clone();
    let mut table = TableBuilder::default();
    for input in 0..inputs.len() as u32 {
        table.push_own(Body::Input(input), &[])?;
    }
    for task in from..to {
        let rows: Vec<u32> = inputs_of(spec, name, task)
            .iter()
            .filter_map(|input| keys.iter().position(|key| key == input).map(|row| row as u32))
            .collect();
        table.push_own(body(&spec.tasks[task], &spec.subgraphs), &rows)?;
        keys.push(own(task));
    }
    let row = |task: usize| (inputs.len() + task - from) as u32;
    let is_here = |task: &usize| (from..to).contains(task);
    let outputs = spec.outputs.iter().map(|&output| output as usize).filter(is_here).map(row).collect();
    let table = table.finish(Keys::Listed(keys.into()), outputs)?;
    let later = spec.tasks[to..].iter().flat_map(|task| &task.inputs).map(|&input| input as usize);
    let later: BTreeSet<usize> = later.filter(is_here).collect();
    let mut submission = Submission::new(graph, Arc::new(table));
    (submission.priority, submission.retries) = (spec.priority, spec.retries);
    submission.inputs = inputs.clone();
    submission.held = later.into_iter().map(row).collect();
    submission.is_last = to == spec.tasks.len();
    submission.demands = vec![Demand { resources: vec![("R".into(), 1)], ..Demand::default() }];
    let restricted = (from..to).filter(|&task| spec.tasks[task].takes_resource);
    submission.demand_of = restricted.map(|task| (row(task), 0)).collect();
    Ok(submission)
}

/// The graph that a task becomes.
pub(crate) fn subgraph_table(spec: &GraphSpec, sub: u32, name: &str) -> Result<TaskTable> {
    let subgraph = &spec.subgraphs[sub as usize];
    let mut table = TableBuilder::default();
    for input in 0..subgraph.n_outer {
        table.push_own(Body::Input(input), &[])?;
    }
    for task in &subgraph.tasks {
        table.push_own(body(task, &spec.subgraphs), &task.inputs)?;
    }
    let output = subgraph.n_outer + subgraph.tasks.len() as u32 - 1;
    table.finish(Keys::Indexed(name.into()), vec![output])
}
