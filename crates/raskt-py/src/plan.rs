//! From delayed values to the tasks that compute them: their expressions are gathered, planned as one graph, and spelt out.

use std::sync::Arc;

use pyo3::exceptions::PyRuntimeWarning;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use raskt_core::{ErrorKind, Fit, Result};
use raskt_expr::{Bounds, CallNode, Expr, Gathered, Ledger, Plan, Rows, gather};
use raskt_graph::{Body, Foreign, TableBuilder, TaskTable};
use smallvec::SmallVec;

use crate::array::Notes;
use crate::cluster::FutureCall;
use crate::delayed::Delayed;
use crate::errors;
use crate::node::{Args, Callee, Node};
use crate::planner::{configured, configured_bounds, planner};

/// The tasks of a computation.
pub struct Planned {
    /// Inputs come before those who need them; the outputs are the roots.
    pub table: Arc<TaskTable>,
    /// The layers that they were spelt out from.
    pub plan: Plan,
    /// What was said of the tasks of layers.
    pub notes: Notes,
}

/// The expressions of delayed values.
pub fn exprs_of(roots: &[PyRef<'_, Delayed>]) -> Vec<Expr> {
    roots.iter().map(|root| root.expr().clone()).collect()
}

/// The tasks that `roots` need.
///
/// # Errors
/// As [`plan_within`].
pub fn plan(py: Python<'_>, roots: &[Expr]) -> PyResult<Planned> {
    plan_within(py, roots, None)
}

/// As [`plan`], for a computation that may take so much (`bounds`), or what the configuration says.
///
/// # Errors
/// [`ErrorKind::KeyClash`] where two calls have one key and differ; what planning operations raises; `RuntimeError` for a
/// graph, read from a damaged pickle, that cannot be planned at all.
pub fn plan_within(py: Python<'_>, roots: &[Expr], bounds: Option<Bounds>) -> PyResult<Planned> {
    let mut planned = plan_towards(py, roots, bounds)?;
    for excess in std::mem::take(&mut planned.plan.excesses) {
        let message = std::ffi::CString::new(excess).unwrap_or_default();
        PyErr::warn(py, &py.get_type::<PyRuntimeWarning>(), &message, 1)?;
    }
    Ok(planned)
}

/// As [`plan_within`], for bounds that are no limits: nobody is told of what exceeds them.
///
/// # Errors
/// As [`plan_within`].
pub fn plan_towards(py: Python<'_>, roots: &[Expr], bounds: Option<Bounds>) -> PyResult<Planned> {
    errors::guarded(|| planned(py, roots, bounds))
}

fn planned(py: Python<'_>, roots: &[Expr], bounds: Option<Bounds>) -> PyResult<Planned> {
    let gathered = gathered(py, roots)?;
    if !gathered.has_operations() {
        let plan = planner().plan_gathered(gathered, Bounds::default());
        let (table, plan) = plan.and_then(spelt_out).map_err(|error| errors::to_py(py, error))?;
        return Ok(Planned { table, plan, notes: Notes::new() });
    }
    let planner = configured(py)?;
    let bounds = bounds.map_or_else(|| configured_bounds(py), Ok)?;
    let planned = py.detach(|| planner.plan_gathered(gathered, bounds).and_then(spelt_out));
    let (table, mut plan) = planned.map_err(|error| errors::to_py(py, error))?;
    let notes = std::mem::take(&mut plan.annotations);
    Ok(Planned { table, plan, notes })
}

fn spelt_out(plan: Plan) -> Result<(Arc<TaskTable>, Plan)> {
    Ok((plan.table()?, plan))
}

/// The tasks of `table` with values from `known`, by key, in place of some and of all that only those need.
///
/// # Errors
/// Where memory runs out.
pub fn with_known(py: Python<'_>, table: &TaskTable, known: &Bound<'_, PyDict>) -> PyResult<TaskTable> {
    let n_tasks = table.n_tasks().fit::<u32>();
    let mut changed = TableBuilder::with_capacity(table.n_tasks(), table.n_tasks());
    let bodies: Vec<u32> = table.bodies().iter().map(|body| changed.body(body.clone())).collect();
    for task in 0..n_tasks {
        let key = crate::view::key(py, table, task)?;
        let pushed = match known.get_item(&key)? {
            Some(value) => {
                let args = Args::Plain { args: PyTuple::new(py, [value])?.unbind(), kwargs: None };
                let constant = Node::new(Callee::Identity, args, SmallVec::new(), None);
                let constant = Arc::new(constant.with_key(py, key.unbind()));
                changed.push_own(Body::Foreign(constant as Arc<dyn Foreign>), &[])
            }
            None => {
                let body = bodies[table.body_index(task) as usize];
                changed.push_with(body, table.parameters(task).clone(), table.inputs().row(task))
            }
        };
        pushed.map_err(|error| errors::to_py(py, error))?;
    }
    let changed = changed.finish(table.keys().clone(), table.outputs().to_vec());
    changed
        .and_then(|changed| raskt_graph::cull::cull(&changed, changed.outputs()))
        .map_err(|error| errors::to_py(py, error))
}

/// All that `roots` are made of, as it was written.
///
/// # Errors
/// [`ErrorKind::KeyClash`] where two calls have one key and differ.
pub fn gathered(py: Python<'_>, roots: &[Expr]) -> PyResult<Gathered> {
    errors::guarded(|| {
        let mut ledger = Names { py, named: PyDict::new(py) };
        gather(roots, &mut ledger).map_err(|error| errors::to_py(py, error))
    })
}

/// Calls that have keys given to them.
struct Names<'py> {
    py: Python<'py>,
    /// Their rows, by key.
    named: Bound<'py, PyDict>,
}

impl Names<'_> {
    /// The row of the value that has the key of `future`; or else `row` gets it.
    fn row_of_future(&self, future: &FutureCall, row: u32) -> PyResult<Option<u32>> {
        let key = future.py_key(self.py)?;
        match self.named.get_item(&key)? {
            Some(found) => found.extract().map(Some),
            None => self.named.set_item(key, row).map(|()| None),
        }
    }

    /// The row of the call that has the key of `node`; or else `row` gets it.
    fn row_named(&self, node: &Node, row: u32, rows: &dyn Rows) -> PyResult<Option<u32>> {
        let (py, key) = (self.py, node.py_key(self.py));
        let Some(found) = self.named.get_item(&key)? else {
            self.named.set_item(key, row)?;
            return Ok(None);
        };
        let found: u32 = found.extract()?;
        let other = rows.call_at(found).and_then(|call| call.as_any().downcast_ref::<Node>());
        let is_same = match other {
            Some(other) if !std::ptr::eq(other, node) => {
                crate::same::same_call(py, other, node, &|expr| rows.row_of(expr))?
            }
            // What is on the cluster under the key is taken to be the same, as between computations there.
            Some(_) | None => true,
        };
        if is_same {
            return Ok(Some(found));
        }
        let key = key.repr()?.to_string_lossy().into_owned();
        Err(errors::to_py(py, ErrorKind::KeyClash(key).into()))
    }
}

impl Ledger for Names<'_> {
    fn named(&mut self, call: &Arc<dyn CallNode>, row: u32, rows: &dyn Rows) -> Result<Option<u32>> {
        if let Some(node) = call.as_any().downcast_ref::<Node>() {
            return self.row_named(node, row, rows).map_err(|error| errors::raised(self.py, error));
        }
        let Some(future) = call.as_any().downcast_ref::<FutureCall>() else { return Ok(None) };
        self.row_of_future(future, row).map_err(|error| errors::raised(self.py, error))
    }
}

/// The node that a task of a table runs.
pub fn node_of(table: &TaskTable, task: u32) -> Option<&Node> {
    match table.body(task) {
        Body::Foreign(foreign) => foreign.as_any().downcast_ref(),
        _ => None,
    }
}

/// The same, to keep.
pub fn shared_node_of(table: &TaskTable, task: u32) -> Option<Arc<Node>> {
    match table.body(task) {
        Body::Foreign(foreign) => {
            let any: Arc<dyn std::any::Any + Send + Sync> = Arc::clone(foreign) as _;
            any.downcast().ok()
        }
        _ => None,
    }
}
