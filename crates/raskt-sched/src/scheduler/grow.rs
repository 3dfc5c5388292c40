//! Tasks that become graphs.

use std::sync::Arc;

use raskt_core::{ErrorKind, Fit, Key, Name, Result};
use raskt_graph::{Body, TaskTable};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::machine::Scheduler;
use super::task::{State, Task};
use crate::ids::{FamilyId, TableId, TaskId};
use crate::links::LinkId;

/// A graph that a task becomes.
struct Grown<'a> {
    task: TaskId,
    table: &'a Arc<TaskTable>,
    id: TableId,
    output: u32,
    is_needed: Vec<bool>,
    /// The inputs that the task had.
    outer: SmallVec<[TaskId; 8]>,
}

impl Scheduler {
    /// A task has given a graph instead of a value, and waits for nothing: it is the output of the graph from now on. The graph's
    /// other tasks go in the task's place, under its condition, and are known as long as it is; rows that are inputs stand for
    /// the inputs that it had. If its value is lost, it is computed again from these tasks.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidGraph`] where the graph is not one that a task can become; nothing has changed then.
    pub(super) fn grow(&mut self, task: TaskId, table: &Arc<TaskTable>) -> Result<()> {
        let outer: SmallVec<[TaskId; 8]> = self.tasks.inputs(task).collect();
        let &[output] = table.outputs() else {
            let n = table.outputs().len();
            return Err(invalid(format!("a subgraph has one output, not {n}")));
        };
        let is_needed = needed_rows(table, output);
        check_inputs(table, output, &is_needed, outer.len())?;
        let family = self.families.of_row(table, output, &mut FxHashMap::default())?;
        let id = self.tasks.add_table(Arc::clone(table));
        let graph = Grown { task, table, id, output, is_needed, outer };
        let mut added = Vec::new();
        match self.add_rows(&graph, &mut added) {
            Ok(rows) => {
                self.link_rows(&graph, &rows);
                self.become_output(&graph, &rows, family);
                Ok(())
            }
            Err(error) => {
                self.unneeded.append(&mut added);
                self.tasks.drop_unused_table(id);
                Err(error)
            }
        }
    }

    /// The task of each row that is needed; those that were not there are in `added`, also where there is an error.
    fn add_rows(&mut self, graph: &Grown<'_>, added: &mut Vec<TaskId>) -> Result<Vec<Option<TaskId>>> {
        let &Grown { task, table, id, output, .. } = graph;
        // Another attempt may have become a graph that is still known.
        let prefix = format!("{}/{}/", self.tasks.key(task), self.attempt(task).epoch);
        let (mut names, mut of_bodies) = (FxHashMap::<Name, Name>::default(), FxHashMap::default());
        let (client, priority) = (self.tasks[task].client, self.tasks[task].priority);
        let (restriction, n_retries) = (self.tasks[task].restriction, self.tasks[task].n_retries_max);
        let mut rows = vec![None; table.n_tasks()];
        for row in (0..table.n_tasks().fit::<u32>()).filter(|&row| graph.is_needed[row as usize]) {
            rows[row as usize] = match table.body(row) {
                Body::Input(input) => graph.outer.get(*input as usize).copied(),
                _ if row == output => Some(task),
                _ => {
                    let own = table.key(row);
                    let fresh = || Name::new(&format!("{prefix}{}", own.name));
                    let name = names.entry(own.name.clone()).or_insert_with(fresh).clone();
                    let key = Key { name, ..own };
                    if self.tasks.find(&key).is_some() {
                        return Err(ErrorKind::KeyClash(key.to_string()).into());
                    }
                    let family = self.families.of_row(table, row, &mut of_bodies)?;
                    let mut of_row = Task::new(client, priority, family, Some((id, row)));
                    (of_row.n_retries, of_row.n_retries_max) = (n_retries, n_retries);
                    let of_row = self.tasks.add(key, of_row)?;
                    self.restrict(of_row, restriction);
                    added.push(of_row);
                    Some(of_row)
                }
            };
        }
        Ok(rows)
    }

    /// Links tasks to their inputs, but for the task itself, which still has those that it had.
    fn link_rows(&mut self, graph: &Grown<'_>, rows: &[Option<TaskId>]) {
        let table = graph.table;
        for row in (0..table.n_tasks().fit::<u32>()).filter(|&row| row != graph.output) {
            if !matches!(table.body(row), Body::Input(_)) {
                self.link_row(table, row, rows);
            }
        }
    }

    fn link_row(&mut self, table: &TaskTable, row: u32, rows: &[Option<TaskId>]) {
        let Some(consumer) = rows[row as usize] else { return };
        for input in table.inputs().row(row).iter().filter_map(|&input| rows[input as usize]) {
            self.tasks.edges.insert(consumer, input, 0);
        }
    }

    fn become_output(&mut self, graph: &Grown<'_>, rows: &[Option<TaskId>], family: FamilyId) {
        let &Grown { task, table, id, output, .. } = graph;
        let old: SmallVec<[(LinkId, TaskId); 8]> = self.tasks.edges.of_left(task).collect();
        for (link, input) in old {
            self.tasks.edges.remove(link);
            self.tasks[input].n_uses -= 1;
            self.unneeded.push(input);
        }
        self.link_row(table, output, rows);
        self.tasks.set_work(task, (id, output));
        self.tasks[task].family = family;
        self.tasks[task].is_grown = true;
        self.tasks[task].state = State::Released;
        self.activate(task);
    }
}

/// Which rows the output needs, with itself.
fn needed_rows(table: &TaskTable, output: u32) -> Vec<bool> {
    let mut is_needed = vec![false; table.n_tasks()];
    let mut to_visit = vec![output];
    while let Some(row) = to_visit.pop() {
        if !std::mem::replace(&mut is_needed[row as usize], true) {
            to_visit.extend(table.inputs().row(row));
        }
    }
    is_needed
}

fn check_inputs(table: &TaskTable, output: u32, is_needed: &[bool], n_inputs: usize) -> Result<()> {
    for row in (0..table.n_tasks().fit::<u32>()).filter(|&row| is_needed[row as usize]) {
        match table.body(row) {
            Body::Input(_) if row == output => {
                return Err(invalid("the output of a subgraph must be one of its tasks".to_owned()));
            }
            Body::Input(input) if *input as usize >= n_inputs => {
                return Err(invalid(format!("a subgraph names input {input} of a task that has {n_inputs}")));
            }
            _ => {}
        }
    }
    Ok(())
}

fn invalid(what: String) -> raskt_core::Error {
    ErrorKind::InvalidGraph(what).into()
}
