//! From nodes to a table of tasks: everything that some roots need, each node once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use parking_lot::Mutex;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use raskt_core::{ErrorKind, Result};
use raskt_graph::{Body, Foreign, Keys, TableBuilder, TaskTable};

use crate::node::Node;

/// Marks on nodes belong to one traversal at a time; the GIL is not enough on a Python without one.
static TRAVERSAL: Mutex<()> = Mutex::new(());
static GENERATION: AtomicU32 = AtomicU32::new(1);

/// The tasks that `roots` need, inputs before those who need them; the table's outputs are the roots.
///
/// # Errors
/// [`ErrorKind::KeyClash`] where two nodes have one key and differ.
pub fn collect(py: Python<'_>, roots: &[Arc<Node>]) -> PyResult<TaskTable> {
    let _alone = TRAVERSAL.lock();
    let mut walk = Walk {
        generation: GENERATION.fetch_add(1, Ordering::Relaxed),
        table: TableBuilder::with_capacity(roots.len(), roots.len()),
        named: PyDict::new(py),
        nodes: Vec::new(),
        row: Vec::new(),
    };
    let mut outputs = Vec::with_capacity(roots.len());
    for root in roots {
        outputs.push(walk.visit(py, root)?);
    }
    finish(walk.table, outputs).map_err(|error| crate::errors::to_py(py, error))
}

fn finish(table: TableBuilder, outputs: Vec<u32>) -> Result<TaskTable> {
    table.finish(Keys::OfBodies("task".into()), outputs)
}

struct Walk<'py, 'n> {
    generation: u32,
    table: TableBuilder,
    /// Tasks whose nodes have given keys, by key.
    named: Bound<'py, PyDict>,
    nodes: Vec<&'n Arc<Node>>,
    row: Vec<u32>,
}

impl<'n> Walk<'_, 'n> {
    /// The task of `root`, made with all that it needs unless it is there.
    fn visit(&mut self, py: Python<'_>, root: &'n Arc<Node>) -> PyResult<u32> {
        if let Some(task) = self.task_of(root) {
            return Ok(task);
        }
        let mut path: Vec<(&'n Arc<Node>, usize)> = vec![(root, 0)];
        while let Some((node, at)) = path.last_mut() {
            match node.deps.get(*at) {
                Some(dep) => {
                    *at += 1;
                    if self.task_of(dep).is_none() {
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
        let mark = node.mark.load(Ordering::Relaxed);
        ((mark >> 32) as u32 == self.generation).then_some(mark as u32)
    }

    fn set_task(&self, node: &Node, task: u32) {
        node.mark.store(u64::from(self.generation) << 32 | u64::from(task), Ordering::Relaxed);
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
                self.set_task(node, task);
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
        self.set_task(node, task);
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
