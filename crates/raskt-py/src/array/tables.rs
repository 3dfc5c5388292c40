//! From delayed values, some of which stand for arrays, to one table of tasks: the arrays' expressions are planned
//! together, and their tasks join those of the delayed values.

use std::sync::Arc;

use pyo3::exceptions::PyRuntimeWarning;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use raskt_array::Held;
use raskt_core::{ErrorKind, Fit, Key, Param, Result};
use raskt_expr::{Bounds, Expr, Lowered, Plan, Planner, post_order};
use raskt_graph::layer::{Blockwise, BlockwiseParts, Indexed, Layer};
use raskt_graph::{Body, Foreign, Keys, TableBuilder, TaskTable};
use rustc_hash::{FxHashMap, FxHashSet};
use smallvec::SmallVec;

use super::finish::FINISH;
use super::notes::Notes;
use super::planning::{Optimize, configured, configured_bounds};
use super::root::{ArrayRoot, Form, part_of};
use crate::node::{Args, Callee, Node};

/// An array that somebody needs.
struct Wanted {
    expr: Expr,
    form: Form,
}

/// What was found among nodes.
#[derive(Default)]
struct Found {
    seen: FxHashSet<usize>,
    wanted: Vec<Wanted>,
    /// Which of `wanted` a node stands for, by the node's address.
    of_node: FxHashMap<usize, usize>,
    /// Nodes that are no arrays.
    n_others: usize,
    /// Whether somebody wants an array computed as it was written.
    is_as_written: bool,
}

fn address(node: &Arc<Node>) -> usize {
    Arc::as_ptr(node).addr()
}

impl Found {
    /// Looks through `root` and all that it needs, delayed values inside arrays included.
    fn look(&mut self, py: Python<'_>, root: &Arc<Node>) {
        let mut path = vec![Arc::clone(root)];
        while let Some(node) = path.pop() {
            if !self.seen.insert(address(&node)) {
                continue;
            }
            match ArrayRoot::of(py, &node) {
                Some(root) => {
                    let root = root.get();
                    path.extend(parts(&root.expr));
                    self.is_as_written |= root.optimize == Optimize::Never;
                    self.of_node.insert(address(&node), self.wanted.len());
                    self.wanted.push(Wanted { expr: root.expr.clone(), form: root.form });
                }
                None => {
                    self.n_others += 1;
                    path.extend(node.deps.iter().cloned());
                }
            }
        }
    }
}

impl Found {
    /// Lets nothing be deferred in what is wanted, and looks through delayed values that this brings along.
    fn settle(&mut self, py: Python<'_>, bounds: Bounds) -> PyResult<()> {
        let mut n_settled = 0;
        while n_settled < self.wanted.len() {
            let fresh = &mut self.wanted[n_settled..];
            let before: Vec<Expr> = fresh.iter().map(|wanted| wanted.expr.clone()).collect();
            super::deferred::settle(py, fresh.iter_mut().map(|wanted| &mut wanted.expr).collect(), bounds)?;
            let changed = fresh.iter().zip(&before).filter(|(wanted, before)| wanted.expr != **before);
            let brought: Vec<_> = changed.flat_map(|(wanted, _)| parts(&wanted.expr)).collect();
            n_settled = self.wanted.len();
            brought.iter().for_each(|node| self.look(py, node));
        }
        Ok(())
    }
}

/// The delayed values inside an array.
fn parts(expr: &Expr) -> Vec<Arc<Node>> {
    let sources = post_order(std::slice::from_ref(expr)).into_iter();
    let held = sources.filter(|expr| matches!(expr.operation().as_str(), "from_delayed" | "argument"));
    held.filter_map(|expr| part_of(Held::value_of(expr.parameters().get("value")?)?).cloned()).collect()
}

/// The tasks that `roots` need, where arrays are among them, and what was said of arrays' layers; `None` where there are
/// no arrays.
///
/// # Errors
/// What planning the arrays raises.
pub fn collect<'py>(
    py: Python<'py>,
    roots: &[Arc<Node>],
    known: Option<&Bound<'py, PyDict>>,
    bounds: Option<Bounds>,
) -> PyResult<Option<(TaskTable, Notes)>> {
    let mut found = Found::default();
    roots.iter().for_each(|root| found.look(py, root));
    if found.wanted.is_empty() {
        return Ok(None);
    }
    let optimize = if found.is_as_written { Optimize::Never } else { Optimize::AsConfigured };
    let planner = configured(py, optimize)?;
    let bounds = bounds.map_or_else(|| configured_bounds(py), Ok)?;
    found.settle(py, bounds)?;
    let expanded = py.detach(|| expand(&planner, &found.wanted, bounds));
    let Expanded { table, excesses, notes } = expanded.map_err(|error| crate::errors::to_py(py, error))?;
    for excess in excesses {
        let message = std::ffi::CString::new(excess).unwrap_or_default();
        PyErr::warn(py, &py.get_type::<PyRuntimeWarning>(), &message, 1)?;
    }
    if found.n_others == 0 {
        let rows = roots.iter().filter_map(|root| found.of_node.get(&address(root)));
        let rows: Vec<usize> = rows.copied().collect();
        // Most often each root is one array, in the order of planning.
        if rows.iter().copied().eq(0..found.wanted.len()) {
            return Ok(Some((table, notes)));
        }
    }
    let mut merge = Merge {
        found: &found,
        rows: vec![None; table.n_tasks()],
        array: &table,
        builder: TableBuilder::default(),
        keys: Vec::new(),
        nodes: FxHashMap::default(),
        named: PyDict::new(py),
        known: known.filter(|known| !known.is_empty()),
        kept: Vec::new(),
    };
    let mut outputs = Vec::with_capacity(roots.len());
    for root in roots {
        outputs.push(merge.visit(py, root)?);
    }
    let Merge { builder, keys, .. } = merge;
    let table = builder.finish(Keys::Listed(keys.into()), outputs);
    table.map(|table| Some((table, notes))).map_err(|error| crate::errors::to_py(py, error))
}

/// What has become of arrays.
struct Expanded {
    /// The tasks of all that is wanted, whose outputs are in its order.
    table: TaskTable,
    /// What they cannot keep to of the bounds.
    excesses: Vec<String>,
    /// What was said of layers.
    notes: Notes,
}

fn expand(planner: &Planner, wanted: &[Wanted], bounds: Bounds) -> Result<Expanded> {
    let exprs: Vec<Expr> = wanted.iter().map(|wanted| wanted.expr.clone()).collect();
    let (mut plan, excesses) = raskt_array::planning::plan_within(planner, &exprs, bounds)?;
    let mut keys = Vec::with_capacity(wanted.len());
    for (wanted, lowered) in wanted.iter().zip(plan.roots.clone()) {
        keys.push(finished(&mut plan, wanted, &lowered)?);
    }
    Ok(Expanded { table: plan.graph.expand_for(&keys)?, excesses, notes: plan.annotations })
}

/// The key of the task that hands `wanted` out.
fn finished(plan: &mut Plan, wanted: &Wanted, lowered: &Lowered) -> Result<Key> {
    let (prefix, body) = match wanted.form {
        Form::Block(number) if number < lowered.grid.n_blocks() => {
            return Ok(Key::block(lowered.name.clone(), &lowered.grid.block(number)));
        }
        Form::Block(number) => {
            let what = format!("block {number} of {} blocks", lowered.grid);
            return Err(ErrorKind::InvalidGraph(what).into());
        }
        Form::Blocks => ("blocks", Body::Gather),
        Form::Whole => {
            let grid = lowered.grid.counts().iter().map(|&n| Param::Int(n.into())).collect();
            let parameters = Param::map([("grid", Param::List(grid))]);
            ("assemble", Body::Library { path: FINISH.into(), parameters })
        }
    };
    let letters: Vec<u16> = (0..lowered.grid.n_axes().fit::<u16>()).collect();
    let parts = BlockwiseParts {
        counts: (0..).zip(lowered.grid.counts().iter().copied()).collect(),
        operands: vec![Indexed::new(lowered.name.clone(), &letters)],
        ..BlockwiseParts::of(body)
    };
    // The token says all of a layer that is named for one.
    let whole = lowered.name.as_str();
    let token = whole.rsplit_once('-').map(|(_, token)| token).filter(|token| token.len() == 32);
    let name = format!("{prefix}-{}", token.unwrap_or(whole));
    plan.graph.insert(name.as_str(), Layer::from(Blockwise::new(parts)?))?;
    Ok(Key::named(name.as_str()))
}

/// A task: of a delayed value, or a row of the arrays' table.
#[derive(Clone)]
enum Item {
    Node(Arc<Node>),
    Row(u32),
}

struct Merge<'py, 'a> {
    found: &'a Found,
    array: &'a TaskTable,
    /// Where rows of the arrays' table have gone.
    rows: Vec<Option<u32>>,
    builder: TableBuilder,
    keys: Vec<Key>,
    /// Where nodes have gone, by address.
    nodes: FxHashMap<usize, u32>,
    /// Tasks whose nodes have given keys, by key.
    named: Bound<'py, PyDict>,
    known: Option<&'a Bound<'py, PyDict>>,
    /// The nodes, so that none is freed and its address given to another.
    kept: Vec<Arc<Node>>,
}

impl Merge<'_, '_> {
    /// Where `root` is, once it and all that it needs have rows.
    fn visit(&mut self, py: Python<'_>, root: &Arc<Node>) -> PyResult<u32> {
        let mut path = vec![(Item::Node(Arc::clone(root)), 0)];
        while let Some((item, at)) = path.last_mut() {
            let item = item.clone();
            if self.place(&item).is_some() {
                path.pop();
                continue;
            }
            let next = *at;
            *at += 1;
            match self.need(&item, next) {
                Some(need) if self.place(&need).is_none() => path.push((need, 0)),
                Some(_) => {}
                None => {
                    self.add(py, &item)?;
                    path.pop();
                }
            }
        }
        Ok(self.place(&Item::Node(Arc::clone(root))).unwrap_or_default())
    }

    fn place(&self, item: &Item) -> Option<u32> {
        match item {
            Item::Row(row) => self.rows[*row as usize],
            Item::Node(node) => match self.found.of_node.get(&address(node)) {
                Some(&wanted) => self.place(&Item::Row(self.array.outputs()[wanted])),
                None => self.nodes.get(&address(node)).copied(),
            },
        }
    }

    /// What `item` needs, one after the other.
    fn need(&self, item: &Item, at: usize) -> Option<Item> {
        match item {
            Item::Node(node) => match self.found.of_node.get(&address(node)) {
                Some(&wanted) => (at == 0).then(|| Item::Row(self.array.outputs()[wanted])),
                None => node.deps.get(at).cloned().map(Item::Node),
            },
            Item::Row(row) => match self.part(*row) {
                Some(node) => (at == 0).then(|| Item::Node(Arc::clone(node))),
                None => self.array.inputs().row(*row).get(at).copied().map(Item::Row),
            },
        }
    }

    /// The delayed value that a row stands for.
    fn part(&self, row: u32) -> Option<&Arc<Node>> {
        match self.array.body(row) {
            Body::Value(value) => part_of(value),
            _ => None,
        }
    }

    fn add(&mut self, py: Python<'_>, item: &Item) -> PyResult<()> {
        match item {
            Item::Row(row) => self.add_row(*row).map_err(|error| crate::errors::to_py(py, error)),
            Item::Node(node) if self.found.of_node.contains_key(&address(node)) => Ok(()),
            Item::Node(node) => self.add_node(py, node),
        }
    }

    fn add_row(&mut self, row: u32) -> Result<()> {
        if let Some(place) = self.part(row).and_then(|node| self.place(&Item::Node(Arc::clone(node)))) {
            self.rows[row as usize] = Some(place);
            return Ok(());
        }
        let inputs = self.array.inputs().row(row).iter().filter_map(|&input| self.rows[input as usize]);
        let inputs: SmallVec<[u32; 8]> = inputs.collect();
        let body = self.builder.body(self.array.body(row).clone());
        let place = self.builder.push_with(body, self.array.parameters(row).clone(), &inputs)?;
        self.keys.push(self.array.key(row));
        self.rows[row as usize] = Some(place);
        Ok(())
    }

    fn add_node(&mut self, py: Python<'_>, node: &Arc<Node>) -> PyResult<()> {
        let key = node.py_key(py);
        if let Some(place) = self.named.get_item(&key)? {
            let place: u32 = place.extract()?;
            self.check_same(py, node, place)?;
            self.nodes.insert(address(node), place);
            return Ok(());
        }
        let value = self.known.map(|known| known.get_item(&key)).transpose()?.flatten();
        let (body, inputs) = match value {
            Some(value) => {
                let args = Args::Plain { args: PyTuple::new(py, [value])?.unbind(), kwargs: None };
                let constant = Node::new(Callee::Identity, args, SmallVec::new(), None);
                (Arc::new(constant.with_key(py, key.clone().unbind())), SmallVec::new())
            }
            None => {
                let places = node.deps.iter().filter_map(|dep| self.place(&Item::Node(Arc::clone(dep))));
                (Arc::clone(node), places.collect::<SmallVec<[u32; 4]>>())
            }
        };
        let place = self.builder.push_own(Body::Foreign(body as Arc<dyn Foreign>), &inputs);
        let place = place.map_err(|error| crate::errors::to_py(py, error))?;
        self.named.set_item(&key, place)?;
        self.keys.push(crate::names::to_key(&key));
        self.kept.push(Arc::clone(node));
        self.nodes.insert(address(node), place);
        Ok(())
    }

    /// One key may have two nodes only if they are the same call.
    fn check_same(&self, py: Python<'_>, node: &Node, place: u32) -> PyResult<()> {
        let other = self.kept.iter().find(|other| self.nodes.get(&address(other)) == Some(&place));
        let places = |node: &Node| self.nodes.get(&std::ptr::from_ref(node).addr()).copied();
        match other {
            Some(other) if !crate::same::same_call(py, other, node, &places)? => {
                let key = node.py_key(py).repr()?.to_string_lossy().into_owned();
                Err(crate::errors::to_py(py, ErrorKind::KeyClash(key).into()))
            }
            _ => Ok(()),
        }
    }
}
