//! Expressions into a graph that is sent to the scheduler.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::PyTuple;
use raskt_core::{Key, Name};
use raskt_expr::{Bounds, Expr};
use raskt_graph::Graph;
use raskt_graph::layer::Layer;
use raskt_graph::table::NAMELESS;
use raskt_net::client::Client;
use raskt_net::wire::GraphRequest;
use raskt_sched::Demand;
use rustc_hash::FxHashSet;
use smallvec::SmallVec;

use super::future::pickled_meanwhile;
use crate::node::{Arg, Args, Callee, Func, Node};
use crate::plan::{Planned, plan_towards};
use crate::planner::configured_bounds;
use crate::{annotations, errors, ship};

/// What Python says of all tasks of a graph; annotations of single ones count before it.
#[derive(Default, FromPyObject)]
#[pyo3(from_item_all)]
pub struct TermsGiven {
    priority: i32,
    retries: u16,
    workers: Vec<String>,
    allow_other_workers: bool,
    /// Amounts in millionths.
    resources: Vec<(String, u64)>,
}

/// So much a task on a worker should hold at most, where there is a choice, whatever its memory: what a task needs of other
/// workers is sent to it, and what many tasks need whole is sent many times.
const TASK_BYTES: u64 = 256 << 20;

/// A graph, and what the scheduler will call the values of its roots.
pub struct Sendable {
    graph: Graph,
    /// Of each root.
    pub keys: Vec<Key>,
}

impl Sendable {
    /// The graph of `roots`.
    ///
    /// # Errors
    /// What planning raises.
    pub fn of(py: Python<'_>, roots: &[Expr]) -> PyResult<Self> {
        let found = planned(py, roots)?;
        if !found.keys.iter().any(is_nameless) {
            return Ok(found);
        }
        let named = roots.iter().zip(&found.keys);
        let named: PyResult<Vec<Expr>> = named
            .map(|(root, key)| if is_nameless(key) { called(py, root) } else { Ok(root.clone()) })
            .collect();
        planned(py, &named?)
    }

    /// The layers of shuffles: they know the folder in which pieces lie, and it goes with the last who does.
    pub fn places(&self) -> Arc<[Arc<Layer>]> {
        let layers = self.graph.layers().iter().map(|(_, layer)| layer);
        layers.filter(|layer| matches!(***layer, Layer::Shuffle(_))).cloned().collect()
    }

    /// Sends it.
    ///
    /// # Errors
    /// What pickling functions and arguments raises; `OSError` where the client is closed.
    pub fn send(
        self,
        py: Python<'_>,
        client: &Client,
        fuse_width: u32,
        terms: Option<TermsGiven>,
    ) -> PyResult<()> {
        ship::begin_epoch();
        let mut seen = FxHashSet::default();
        let keys: Vec<Key> = self.keys.into_iter().filter(|key| seen.insert(key.clone())).collect();
        let terms = terms.unwrap_or_default();
        let request = GraphRequest {
            name: "graph".into(),
            graph: self.graph,
            fuse_width,
            priority: terms.priority,
            retries: terms.retries,
            demand: Demand {
                workers: terms.workers.iter().map(|worker| Name::new(worker)).collect(),
                allow_other_workers: terms.allow_other_workers,
                resources: terms.resources.iter().map(|(name, units)| (Name::new(name), *units)).collect(),
            },
        };
        // Somebody here wants what is named in pickles until whoever unpickles them does.
        let (sent, kept) = pickled_meanwhile(client, || client.compute(request, &keys));
        sent.map_err(|error| errors::to_py(py, error))?;
        if !kept.is_empty() {
            let kept = Arc::new(kept);
            for key in &keys {
                let kept = Arc::clone(&kept);
                client.future(key).future.when_settled(move || drop(kept));
            }
        }
        Ok(())
    }
}

/// What the scheduler calls rows that have no key of their own is its own business.
fn is_nameless(key: &Key) -> bool {
    key.name.as_str() == NAMELESS
}

fn planned(py: Python<'_>, roots: &[Expr]) -> PyResult<Sendable> {
    let memory_bytes = configured_bounds(py)?.memory_bytes.map_or(TASK_BYTES, |bytes| bytes.min(TASK_BYTES));
    let bounds = Bounds { memory_bytes: Some(memory_bytes), n_workers: 1 };
    let Planned { table, plan, notes } = plan_towards(py, roots, Some(bounds))?;
    let keys: Vec<Key> = table.outputs().iter().map(|&output| table.key(output)).collect();
    // Of each key once: the scheduler counts how often an output is wanted.
    let mut seen = FxHashSet::default();
    let (mut graph, blocks) = (plan.graph, plan.roots.iter().flat_map(raskt_expr::Wanted::keys));
    graph.request(blocks.zip(&keys).filter(|(_, key)| seen.insert(*key)).map(|(block, _)| block));
    annotations::add_to(py, &mut graph, &notes)?;
    Ok(Sendable { graph, keys })
}

/// A call that returns the value of `expr`, with a key of its own.
fn called(py: Python<'_>, expr: &Expr) -> PyResult<Expr> {
    let identity = py.import("raskt._protocol")?.getattr("identity")?;
    let args = Args::Mixed { args: Box::new([Arg::Input(0)]), kwargs: Box::new([]) };
    let deps = SmallVec::from_elem(expr.clone(), 1);
    Ok(Expr::of_call(Arc::new(Node::new(Callee::Func(Func::new(&identity)), args, deps, None))))
}

/// The body of a call outside of all tasks, encoded with its function.
///
/// # Errors
/// What pickling raises.
pub fn body_of_call(
    py: Python<'_>,
    function: &Bound<'_, PyAny>,
    args: &Bound<'_, PyTuple>,
    kwargs: Option<&Bound<'_, pyo3::types::PyDict>>,
) -> PyResult<raskt_core::Payload> {
    ship::begin_epoch();
    let kwargs = kwargs.filter(|kwargs| !kwargs.is_empty()).map(|kwargs| kwargs.clone().unbind());
    let args = Args::Plain { args: args.clone().unbind(), kwargs };
    let node = Node::new(Callee::Func(Func::new(function)), args, SmallVec::new(), None);
    let body = raskt_graph::Body::Foreign(Arc::new(node));
    raskt_net::wire::Batch::of_one(&body).map_err(|error| errors::to_py(py, error))
}
