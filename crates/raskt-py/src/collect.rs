//! From nodes to a table of tasks: everything that some roots need, each node once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use parking_lot::{Mutex, MutexGuard};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyTuple};
use raskt_core::{ErrorKind, Fit, Result};
use raskt_expr::Bounds;
use raskt_graph::{Body, Foreign, Keys, TableBuilder, TaskTable};

use rustc_hash::FxHashMap;

use crate::array::Notes;
use crate::node::{Args, Callee, Node};

/// Marks on nodes belong to one traversal at a time. The GIL does not see to that: hashing a key may run any
/// Python, which may let other threads run, or compute something itself.
static TRAVERSAL: Mutex<()> = Mutex::new(());
static GENERATION: AtomicU32 = AtomicU32::new(1);

/// The tasks that `roots` need, inputs before those who need them; the table's outputs are the roots.
///
/// # Errors
/// [`ErrorKind::KeyClash`] where two nodes have one key and differ.
pub fn collect(py: Python<'_>, roots: &[Arc<Node>]) -> PyResult<TaskTable> {
    collect_but(py, roots, None, None).map(|(table, _)| table)
}

/// As [`collect`], with values from `known`, by key, in place of tasks and of all that only those need; for a
/// computation that may take so much (`bounds`), or what the configuration says. And what was said of arrays' tasks.
///
/// # Errors
/// As [`collect`]; `RuntimeError` for a graph, read from a damaged pickle, that cannot be planned at all.
pub fn collect_but<'py>(
    py: Python<'py>,
    roots: &[Arc<Node>],
    known: Option<&Bound<'py, PyDict>>,
    bounds: Option<Bounds>,
) -> PyResult<(TaskTable, Notes)> {
    crate::errors::guarded(|| {
        if crate::array::any_root_alive()
            && let Some(found) = crate::array::collect(py, roots, known, bounds)?
        {
            return Ok(found);
        }
        collect_nodes(py, roots, known).map(|table| (table, Notes::new()))
    })
}

/// As [`collect_but`], with arrays among the nodes left as they are.
///
/// # Errors
/// As [`collect`].
pub fn collect_nodes<'py>(
    py: Python<'py>,
    roots: &[Arc<Node>],
    known: Option<&Bound<'py, PyDict>>,
) -> PyResult<TaskTable> {
    let mut walk = Walk {
        places: Places::new(),
        table: TableBuilder::with_capacity(roots.len(), roots.len()),
        named: PyDict::new(py),
        known: known.filter(|known| !known.is_empty()),
        nodes: Vec::new(),
        row: Vec::new(),
    };
    let mut outputs = Vec::with_capacity(roots.len());
    for root in roots {
        outputs.push(walk.visit(py, root)?);
    }
    finish(walk.table, outputs).map_err(|error| crate::errors::to_py(py, error))
}

/// Which task each node became.
enum Places {
    /// Written on the nodes, by the only traversal that does.
    Marks { generation: u32, _alone: MutexGuard<'static, ()> },
    /// By address: another traversal is writing on nodes, perhaps one that waits for this.
    Aside(FxHashMap<usize, u32>),
}

impl Places {
    fn new() -> Self {
        match TRAVERSAL.try_lock() {
            Some(alone) => {
                Self::Marks { generation: GENERATION.fetch_add(1, Ordering::Relaxed), _alone: alone }
            }
            None => Self::Aside(FxHashMap::default()),
        }
    }

    fn get(&self, node: &Node) -> Option<u32> {
        match self {
            Self::Marks { generation, .. } => {
                let mark = node.mark.load(Ordering::Relaxed);
                let (of, place) = (mark >> 32, mark & u64::from(u32::MAX));
                (of == u64::from(*generation)).then(|| place.fit())
            }
            Self::Aside(places) => places.get(&std::ptr::from_ref(node).addr()).copied(),
        }
    }

    fn set(&mut self, node: &Node, task: u32) {
        match self {
            Self::Marks { generation, .. } => {
                node.mark.store(u64::from(*generation) << 32 | u64::from(task), Ordering::Relaxed);
            }
            Self::Aside(places) => {
                places.insert(std::ptr::from_ref(node).addr(), task);
            }
        }
    }
}

fn finish(table: TableBuilder, outputs: Vec<u32>) -> Result<TaskTable> {
    table.finish(Keys::OfBodies("task".into()), outputs)
}

struct Walk<'py, 'n> {
    places: Places,
    table: TableBuilder,
    /// Tasks whose nodes have given keys, by key.
    named: Bound<'py, PyDict>,
    /// Values that stand in for tasks, by key.
    known: Option<&'n Bound<'py, PyDict>>,
    nodes: Vec<&'n Arc<Node>>,
    row: Vec<u32>,
}

impl<'n> Walk<'_, 'n> {
    /// The task of `root`, made with all that it needs unless it is there.
    fn visit(&mut self, py: Python<'_>, root: &'n Arc<Node>) -> PyResult<u32> {
        if let Some(task) = self.task_of(root) {
            return Ok(task);
        }
        if self.place_known(py, root)? {
            return Ok(self.task_of(root).unwrap_or_default());
        }
        let mut path: Vec<(&'n Arc<Node>, usize)> = vec![(root, 0)];
        while let Some((node, at)) = path.last_mut() {
            match node.deps.get(*at) {
                Some(dep) => {
                    *at += 1;
                    if self.task_of(dep).is_none() && !self.place_known(py, dep)? {
                        path.push((dep, 0));
                    }
                }
                None => {
                    let node = *node;
                    path.pop();
                    self.add(py, node)?;
                }
            }
        }
        Ok(self.task_of(root).unwrap_or_default())
    }

    fn task_of(&self, node: &Node) -> Option<u32> {
        self.places.get(node)
    }

    /// Puts the known value of `node`, if there is one, in its place.
    fn place_known(&mut self, py: Python<'_>, node: &'n Arc<Node>) -> PyResult<bool> {
        let Some(known) = self.known else { return Ok(false) };
        let key = node.py_key(py);
        let Some(value) = known.get_item(key.as_unbound())? else { return Ok(false) };
        if let Some(task) = self.named.get_item(key.as_unbound())? {
            self.places.set(node, task.extract()?);
            return Ok(true);
        }
        let args = Args::Plain { args: PyTuple::new(py, [value])?.unbind(), kwargs: None };
        let constant = Node::new(Callee::Identity, args, smallvec::SmallVec::new(), None);
        let constant = Arc::new(constant.with_key(py, key.clone().unbind()));
        self.named.set_item(key, self.table.n_tasks())?;
        let task = self.table.push_own(Body::Foreign(constant), &[]);
        self.places.set(node, task.map_err(|error| crate::errors::to_py(py, error))?);
        self.nodes.push(node);
        Ok(true)
    }

    fn add(&mut self, py: Python<'_>, node: &'n Arc<Node>) -> PyResult<()> {
        if self.task_of(node).is_some() {
            return Ok(());
        }
        if node.is_named {
            let key = node.py_key(py);
            if let Some(known) = self.named.get_item(&key)? {
                let task: u32 = known.extract()?;
                self.check_same(py, node, task)?;
                self.places.set(node, task);
                return Ok(());
            }
            self.named.set_item(key, self.table.n_tasks())?;
        }
        self.row.clear();
        for dep in &node.deps {
            self.row.push(self.task_of(dep).unwrap_or_default());
        }
        let body = Body::Foreign(Arc::clone(node) as Arc<dyn Foreign>);
        let task = self.table.push_own(body, &self.row).map_err(|error| crate::errors::to_py(py, error))?;
        self.nodes.push(node);
        self.places.set(node, task);
        Ok(())
    }

    /// One key may have two nodes only if they are the same call of the same function.
    fn check_same(&self, py: Python<'_>, node: &Node, task: u32) -> PyResult<()> {
        let known = self.nodes[task as usize];
        if std::ptr::eq(known.as_ref(), node)
            || crate::same::same_call(py, known, node, &|n| self.task_of(n))?
        {
            return Ok(());
        }
        let key = node.py_key(py).repr()?.to_string_lossy().into_owned();
        Err(crate::errors::to_py(py, ErrorKind::KeyClash(key).into()))
    }
}

/// The node that a task of a collected table runs.
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
