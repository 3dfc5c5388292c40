//! Tables of tasks: a graph with every task spelt out, in flat columns.
//!
//! This is what collections lower to when no symbolic layer fits (delayed functions, raw graphs), and what
//! all layers become, culled, before they run. A task is a row: its body, its own parameters, its inputs,
//! its key. A task with several outputs returns a list; each output that somebody needs is a
//! [`Body::Select`] row, which the executor runs in place.

use std::fmt;
use std::sync::Arc;

use raskt_core::{ErrorKind, Fit, Key, Name, Param, Result, vast_vec};

use crate::adjacency::{Adjacency, AdjacencyBuilder, AdjacencyError};
use crate::body::Body;
use crate::graph::LayerKeys;

/// What tasks are called, by number, that have no name of their own: such keys mean nothing outside of their table.
pub const NAMELESS: &str = "task";

/// What the tasks are called.
#[derive(Clone)]
pub enum Keys {
    /// Task `i` is block `i` of one name.
    Indexed(Name),
    /// A key a task.
    Listed(Arc<[Key]>),
    /// Foreign bodies know their own, and make them only when somebody asks; task `i` with any other body is
    /// block `i` of the name.
    OfBodies(Name),
    /// Blocks of layers, made only when somebody asks.
    OfLayers(Arc<LayerKeys>),
    /// Task `i` was task `tasks[i]` of another table, and is called as it was there.
    Picked {
        /// What the other table's tasks are called.
        of: Arc<Keys>,
        /// Which they were.
        tasks: Arc<[u32]>,
    },
}

impl Keys {
    fn key(&self, task: u32, body: &Body) -> Key {
        match self {
            Self::OfLayers(keys) => keys.key(task).unwrap_or_else(|| Key::block(NAMELESS, &[task])),
            Self::Picked { of, tasks } => of.key(tasks.get(task as usize).copied().unwrap_or(task), body),
            Self::Indexed(name) => Key::block(name.clone(), &[task]),
            Self::Listed(keys) => {
                keys.get(task as usize).cloned().unwrap_or_else(|| Key::block(NAMELESS, &[task]))
            }
            Self::OfBodies(name) => body.key().unwrap_or_else(|| Key::block(name.clone(), &[task])),
        }
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Indexed(name) => write!(f, "Indexed({name})"),
            Self::Listed(keys) => write!(f, "Listed({})", keys.len()),
            Self::OfBodies(name) => write!(f, "OfBodies({name})"),
            Self::OfLayers(keys) => write!(f, "OfLayers({keys:?})"),
            Self::Picked { of, tasks } => write!(f, "Picked({} of {of:?})", tasks.len()),
        }
    }
}

/// Which body each task runs.
#[derive(Clone, Debug)]
enum BodyColumn {
    /// Task `i` runs body `i`.
    Own,
    /// Task `i` runs body `column[i]`.
    Shared(Vec<u32>),
}

/// A graph of tasks, spelt out. Tasks are rows, numbered from 0.
#[derive(Clone, Debug)]
pub struct TaskTable {
    inputs: Adjacency,
    bodies: Vec<Body>,
    body_of: BodyColumn,
    parameters: Vec<Param>,
    keys: Keys,
    outputs: Vec<u32>,
}

impl TaskTable {
    /// The number of tasks.
    #[must_use]
    pub fn n_tasks(&self) -> usize {
        self.inputs.n_rows()
    }

    /// The tasks whose values each task needs, in the order of its arguments.
    #[must_use]
    pub fn inputs(&self) -> &Adjacency {
        &self.inputs
    }

    /// The tasks whose values were asked for, in the order of asking; one may be there twice.
    #[must_use]
    pub fn outputs(&self) -> &[u32] {
        &self.outputs
    }

    /// The distinct bodies.
    #[must_use]
    pub fn bodies(&self) -> &[Body] {
        &self.bodies
    }

    /// Which of [`TaskTable::bodies`] the task runs.
    #[must_use]
    pub fn body_index(&self, task: u32) -> u32 {
        match &self.body_of {
            BodyColumn::Own => task,
            BodyColumn::Shared(column) => column[task as usize],
        }
    }

    /// What the task runs.
    #[must_use]
    pub fn body(&self, task: u32) -> &Body {
        &self.bodies[self.body_index(task) as usize]
    }

    /// The task's own parameters (its block's offsets, say), beside those of its body.
    #[must_use]
    pub fn parameters(&self, task: u32) -> &Param {
        self.parameters.get(task as usize).unwrap_or(&Param::Null)
    }

    /// What the task is called.
    #[must_use]
    pub fn key(&self, task: u32) -> Key {
        self.keys.key(task, self.body(task))
    }

    /// What to call the task in pictures, profiles and errors: [`Body::label_of`].
    #[must_use]
    pub fn label(&self, task: u32) -> Arc<str> {
        let body = self.body(task);
        match body {
            Body::Foreign(foreign) => foreign.label(),
            _ => body.label_of(&self.key(task)),
        }
    }

    /// Every task's name.
    #[must_use]
    pub fn keys(&self) -> &Keys {
        &self.keys
    }

    /// The same table, whose bodies are what `change` makes of them.
    ///
    /// # Errors
    /// What `change` returns.
    pub fn map_bodies(mut self, mut change: impl FnMut(Body) -> Result<Body>) -> Result<Self> {
        let bodies = std::mem::take(&mut self.bodies);
        self.bodies = bodies.into_iter().map(&mut change).collect::<Result<_>>()?;
        Ok(self)
    }

    /// Checks that no task needs itself, however far around.
    ///
    /// # Errors
    /// [`ErrorKind::Cycle`] with the keys of the path.
    pub fn check_acyclic(&self) -> Result<()> {
        if self.inputs.points_backwards() {
            return Ok(());
        }
        match self.inputs.find_cycle() {
            None => Ok(()),
            Some(path) => Err(self.cycle(&path).into()),
        }
    }

    fn cycle(&self, path: &[u32]) -> ErrorKind {
        let closed = path.iter().chain(path.first());
        ErrorKind::Cycle(closed.map(|&task| self.key(task).to_string()).collect())
    }
}

/// Collects a [`TaskTable`], task by task.
///
/// ```
/// use raskt_graph::{Body, Keys, TableBuilder};
/// let mut table = TableBuilder::default();
/// let one = table.body(Body::Value(1.into()));
/// let add = table.body(Body::native("add"));
/// let a = table.push(one, &[])?;
/// let sum = table.push(add, &[a, a])?;
/// let table = table.finish(Keys::Indexed("t".into()), vec![sum])?;
/// assert_eq!(table.inputs().row(sum), [a, a]);
/// # Ok::<(), raskt_core::Error>(())
/// ```
#[derive(Debug)]
pub struct TableBuilder {
    inputs: AdjacencyBuilder,
    bodies: Vec<Body>,
    body_of: Vec<u32>,
    parameters: Vec<Param>,
}

impl Default for TableBuilder {
    fn default() -> Self {
        Self::with_capacity(0, 0)
    }
}

impl TableBuilder {
    /// A builder with room for that many tasks and inputs.
    #[must_use]
    pub fn with_capacity(n_tasks: usize, n_inputs: usize) -> Self {
        Self {
            inputs: AdjacencyBuilder::with_capacity(n_tasks, n_inputs),
            bodies: Vec::new(),
            body_of: vast_vec(n_tasks),
            parameters: Vec::new(),
        }
    }

    /// Adds a body that tasks may share; its number.
    pub fn body(&mut self, body: Body) -> u32 {
        self.bodies.push(body);
        (self.bodies.len() - 1).fit::<u32>()
    }

    /// Adds a task that runs `body` on the values of `inputs`, which may be tasks still to come; its number.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidGraph`] past 2³² tasks or inputs.
    pub fn push(&mut self, body: u32, inputs: &[u32]) -> Result<u32> {
        let task = self.inputs.push_row(inputs.iter().copied()).map_err(from_adjacency)?;
        self.body_of.push(body);
        Ok(task)
    }

    /// Adds a task with parameters of its own.
    ///
    /// # Errors
    /// As [`TableBuilder::push`].
    pub fn push_with(&mut self, body: u32, parameters: Param, inputs: &[u32]) -> Result<u32> {
        let task = self.push(body, inputs)?;
        self.parameters.resize_with(task as usize, Param::default);
        self.parameters.push(parameters);
        Ok(task)
    }

    /// Adds a task with a body of its own.
    ///
    /// # Errors
    /// As [`TableBuilder::push`].
    pub fn push_own(&mut self, body: Body, inputs: &[u32]) -> Result<u32> {
        let body = self.body(body);
        self.push(body, inputs)
    }

    /// What task `task` runs; `None` where it has not been added.
    #[must_use]
    pub fn body_of(&self, task: u32) -> Option<&Body> {
        self.bodies.get(*self.body_of.get(task as usize)? as usize)
    }

    /// The number that the next task gets.
    #[must_use]
    pub fn n_tasks(&self) -> usize {
        self.body_of.len()
    }

    /// The table; `outputs` are the tasks whose values are asked for.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidGraph`] where an input, a body or an output does not exist;
    /// [`ErrorKind::Cycle`] where tasks need one another in a circle.
    pub fn finish(self, keys: Keys, outputs: Vec<u32>) -> Result<TaskTable> {
        let Self { inputs, bodies, body_of, parameters } = self;
        let n_tasks = body_of.len().fit::<u32>();
        if let Some(body) = body_of.iter().find(|&&body| body as usize >= bodies.len()) {
            return Err(
                ErrorKind::InvalidGraph(format!("a task names body {body}, which does not exist")).into()
            );
        }
        if let Some(output) = outputs.iter().find(|&&output| output >= n_tasks) {
            return Err(ErrorKind::InvalidGraph(format!(
                "output {output} of {n_tasks} tasks does not exist"
            ))
            .into());
        }
        let own = bodies.len() == body_of.len() && body_of.iter().enumerate().all(|(i, &b)| i == b as usize);
        let body_of = if own { BodyColumn::Own } else { BodyColumn::Shared(body_of) };
        let inputs = inputs.finish().map_err(from_adjacency)?;
        let table = TaskTable { inputs, bodies, body_of, parameters, keys, outputs };
        table.check_acyclic()?;
        Ok(table)
    }
}

/// A task's outcome that is a graph: the executor runs it in the task's place, and the value of its only
/// output becomes the task's.
///
/// A task with several outputs becomes a graph whose output is a list ([`Body::Gather`]). What takes one of them
/// ([`Body::Select`]) is then the list's item: it does not wait for the list, which is put together only if somebody needs it
/// as a whole.
///
/// Its [`Body::Input`] tasks stand for the inputs of the task that expands.
#[derive(Clone, Debug)]
pub struct Subgraph(TaskTable);

impl Subgraph {
    /// The subgraph of `table`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidGraph`] unless it has exactly one output.
    pub fn new(table: TaskTable) -> Result<Self> {
        match table.outputs().len() {
            1 => Ok(Self(table)),
            n => Err(ErrorKind::InvalidGraph(format!("a subgraph has one output, not {n}")).into()),
        }
    }

    /// The tasks.
    #[must_use]
    pub fn table(&self) -> &TaskTable {
        &self.0
    }

    /// The tasks, owned.
    #[must_use]
    pub fn into_table(self) -> TaskTable {
        self.0
    }
}

fn from_adjacency(error: AdjacencyError) -> ErrorKind {
    ErrorKind::InvalidGraph(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cycle_is_named_by_its_keys() {
        let mut table = TableBuilder::default();
        let body = table.body(Body::Alias);
        table.push(body, &[1]).unwrap();
        table.push(body, &[0]).unwrap();
        let error = table.finish(Keys::Indexed("x".into()), vec![0]).unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Cycle(path) if path.len() == 3 && path[0] == path[2]));
    }

    #[test]
    fn unknown_inputs_bodies_and_outputs_are_refused() {
        let build = |body: u32, inputs: &[u32], output: u32| {
            let mut table = TableBuilder::default();
            table.body(Body::Gather);
            table.push(body, inputs).unwrap();
            table.finish(Keys::Indexed("x".into()), vec![output]).map(|_| ()).map_err(|e| e.to_string())
        };
        assert_eq!(build(0, &[], 0), Ok(()));
        assert!(build(7, &[], 0).unwrap_err().contains("body 7"));
        assert!(build(0, &[3], 0).unwrap_err().contains("row 3"));
        assert!(build(0, &[], 1).unwrap_err().contains("output 1"));
    }
}
