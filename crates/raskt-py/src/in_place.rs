//! Tasks that become graphs, run by a scheduler which knows nothing of that: another library's, or a Python function. The graph
//! runs in the task's place, on the thread that calls the task.

use std::sync::Arc;

use raskt_core::{Error, ErrorKind, Result, Value};
use raskt_exec::parking::Parking;
use raskt_exec::{BodyRegistry, Outcome, Run, RunOptions, worker};
use raskt_graph::{Body, Subgraph};

/// The value of a task of `inputs`, whatever it gave back.
///
/// # Errors
/// What a task of the graph that it became raises.
pub fn value_of(outcome: Outcome, inputs: &[Value], registry: &Arc<BodyRegistry>) -> Result<Value> {
    match outcome {
        Outcome::Value(value) => Ok(value),
        Outcome::Expand(graph) => run(*graph, inputs, registry),
    }
}

fn run(graph: Subgraph, inputs: &[Value], registry: &Arc<BodyRegistry>) -> Result<Value> {
    let missing = |input: u32| {
        let what = format!("a subgraph names input {input} of a task that has {}", inputs.len());
        Error::new(ErrorKind::InvalidGraph(what))
    };
    let table = graph.into_table().map_bodies(|body| match body {
        Body::Input(input) => {
            inputs.get(input as usize).cloned().map(Body::Value).ok_or_else(|| missing(input))
        }
        other => Ok(other),
    })?;
    let run = Run::new(Arc::new(table), Arc::clone(registry), RunOptions::default())?;
    let parking = Arc::new(Parking::default());
    run.set_waker(Arc::clone(&parking) as _);
    worker::serve(&run, 0, &parking);
    Ok(run.results()?.pop().unwrap_or_default())
}
