//! Tasks that become graphs: of one output, or of as many as others take of them.

use std::sync::Arc;

use raskt_core::{ErrorKind, Fit, Key, Name, Result};
use raskt_graph::{Body, TaskTable};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::machine::Scheduler;
use super::task::{State, Task};
use super::tasks::Edge;
use crate::ids::{FamilyId, TableId, TaskId};
use crate::links::LinkId;
use crate::priority::Priority;

/// A task, and the row of a graph that it becomes.
type Heir = (TaskId, u32);

/// A graph that a task becomes.
struct Grown<'a> {
    task: TaskId,
    table: &'a Arc<TaskTable>,
    id: TableId,
    output: u32,
    /// Tasks that take one item of the list which the output is, and the row that this item is.
    takers: Vec<Heir>,
    is_needed: Vec<bool>,
    /// The inputs that the task had.
    outer: SmallVec<[TaskId; 8]>,
}

/// The tasks of a graph's rows.
struct Rows {
    tasks: Vec<Option<TaskId>>,
    /// Whether the task of a row was added for it.
    is_added: Vec<bool>,
}

impl Scheduler {
    /// A task has given a graph instead of a value, and waits for nothing: it is the output of the graph from now on. The graph's
    /// other tasks go in the task's place, under its condition, and are known as long as they are needed; rows that are inputs
    /// stand for the inputs that it had. If its value is lost, it is computed again from these tasks.
    ///
    /// Where the output is a list, each task that waits for one item of it is that item from now on. The list itself is made if
    /// others want it: no value goes through whoever would make it.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidGraph`] where the graph is not one that a task can become; nothing has changed then.
    pub(super) fn grow(&mut self, task: TaskId, table: &Arc<TaskTable>) -> Result<()> {
        self.n_growths += 1;
        let outer: SmallVec<[TaskId; 8]> = self.tasks.inputs(task).collect();
        let &[output] = table.outputs() else {
            let n = table.outputs().len();
            return Err(invalid(format!("a subgraph has one output, not {n}")));
        };
        let is_needed = needed_rows(table, output);
        check_inputs(table, output, &is_needed, outer.len())?;
        let takers = self.takers(task, table, output);
        let mut of_bodies = FxHashMap::default();
        let mut heirs = Vec::with_capacity(takers.len() + 1);
        // The list comes last: its items are tasks by then.
        for &(heir, row) in takers.iter().chain([&(task, output)]) {
            heirs.push((heir, row, self.families.of_row(table, row, &mut of_bodies)?));
        }
        let id = self.tasks.add_table(Arc::clone(table));
        let graph = Grown { task, table, id, output, takers, is_needed, outer };
        let mut added = Vec::new();
        match self.add_rows(&graph, &mut added) {
            Ok(rows) => {
                self.link_rows(&graph, &rows);
                for (heir, row, family) in heirs {
                    self.become_row(&graph, &rows, (heir, row), family);
                }
                Ok(())
            }
            Err(error) => {
                self.unneeded.append(&mut added);
                self.tasks.drop_unused_table(id);
                Err(error)
            }
        }
    }

    /// Who takes one item of `task`, alone, if it becomes a list, and has not got it.
    fn takers(&self, task: TaskId, table: &TaskTable, output: u32) -> Vec<Heir> {
        let items = match table.body(output) {
            Body::Gather => table.inputs().row(output),
            _ => return Vec::new(),
        };
        let mut is_taken = vec![false; table.n_tasks()];
        let taker = |user: TaskId| {
            let (of, row) = self.tasks.work(user)?;
            let Body::Select(at) = of.body(row) else { return None };
            let &item = items.get(*at as usize)?;
            let waits = matches!(self.tasks[user].state, State::Waiting { .. } | State::Released);
            let is_own = !matches!(table.body(item), Body::Input(_));
            (waits && is_own && !std::mem::replace(&mut is_taken[item as usize], true))
                .then_some((user, item))
        };
        self.tasks.consumers(task).filter_map(taker).collect()
    }

    /// The priority of each row: that of the first who takes what needs it, or else that of the task which grew.
    fn priorities(&self, graph: &Grown<'_>) -> Vec<Priority> {
        let mut takers: Vec<(Priority, u32)> =
            graph.takers.iter().map(|&(taker, row)| (self.tasks[taker].priority, row)).collect();
        takers.sort_unstable();
        let mut priorities = vec![None; graph.table.n_tasks()];
        for (priority, row) in takers {
            let mut to_visit = vec![row];
            while let Some(row) = to_visit.pop() {
                if priorities[row as usize].is_none() {
                    priorities[row as usize] = Some(priority);
                    to_visit.extend(graph.table.inputs().row(row));
                }
            }
        }
        let own = self.tasks[graph.task].priority;
        priorities.into_iter().map(|priority| priority.unwrap_or(own)).collect()
    }

    /// The task of each row that is needed; those that were not there are in `added`, also where there is an error.
    fn add_rows(&mut self, graph: &Grown<'_>, added: &mut Vec<TaskId>) -> Result<Rows> {
        let &Grown { task, table, id, output, ref takers, .. } = graph;
        // Another attempt may have become a graph of which parts are still known.
        let prefix = format!("{}/{}/", self.tasks.key(task), self.n_growths - 1);
        let (mut names, mut of_bodies) = (FxHashMap::<Name, Name>::default(), FxHashMap::default());
        let (client, priorities) = (self.tasks[task].client, self.priorities(graph));
        let (restriction, n_retries) = (self.tasks[task].restriction, self.tasks[task].n_retries_max);
        let mut rows = Rows { tasks: vec![None; table.n_tasks()], is_added: vec![false; table.n_tasks()] };
        for &(heir, row) in takers.iter().chain([&(task, output)]) {
            rows.tasks[row as usize] = Some(heir);
        }
        for row in (0..table.n_tasks().fit::<u32>()).filter(|&row| graph.is_needed[row as usize]) {
            let at = row as usize;
            if let Body::Input(input) = table.body(row) {
                rows.tasks[at] = graph.outer.get(*input as usize).copied();
            } else if rows.tasks[at].is_none() {
                let own = table.key(row);
                let fresh = || Name::new(&format!("{prefix}{}", own.name));
                let name = names.entry(own.name.clone()).or_insert_with(fresh).clone();
                let key = Key { name, ..own };
                if self.tasks.find(&key).is_some() {
                    return Err(ErrorKind::KeyClash(key.to_string()).into());
                }
                let family = self.families.of_row(table, row, &mut of_bodies)?;
                let mut of_row = Task::new(client, priorities[at], family, Some((id, row)));
                (of_row.n_retries, of_row.n_retries_max) = (n_retries, n_retries);
                let of_row = self.tasks.add(key, of_row)?;
                self.restrict(of_row, restriction);
                added.push(of_row);
                (rows.tasks[at], rows.is_added[at]) = (Some(of_row), true);
            }
        }
        Ok(rows)
    }

    /// Links tasks that were added to their inputs; those that were there still have the inputs that they had.
    fn link_rows(&mut self, graph: &Grown<'_>, rows: &Rows) {
        for row in (0..graph.table.n_tasks().fit::<u32>()).filter(|&row| rows.is_added[row as usize]) {
            self.link_row(graph, row, rows);
        }
    }

    fn link_row(&mut self, graph: &Grown<'_>, row: u32, rows: &Rows) {
        let Some(consumer) = rows.tasks[row as usize] else { return };
        let inputs = graph.table.inputs().row(row);
        let n_loaded = graph.table.body(row).n_loaded(inputs.len());
        // An item that is listed twice has one name, too.
        let mut may_be_named = if row == graph.output { rows.is_added.clone() } else { Vec::new() };
        for (at, &input) in inputs.iter().enumerate() {
            let is_nameless = may_be_named.get_mut(input as usize).is_some_and(std::mem::take);
            let edge = match at < n_loaded {
                false => Edge::Kept,
                true if is_nameless => Edge::Untaken,
                true => Edge::Loaded,
            };
            if let Some(input) = rows.tasks[input as usize] {
                self.tasks.edges.insert(consumer, input, edge as u32);
            }
        }
    }

    /// A task that was there, and waits, is a row of the graph from now on.
    fn become_row(&mut self, graph: &Grown<'_>, rows: &Rows, (heir, row): Heir, family: FamilyId) {
        let is_active = self.tasks[heir].state.is_active();
        let old: SmallVec<[(LinkId, TaskId); 8]> = self.tasks.edges.of_left(heir).collect();
        for (link, input) in old {
            self.tasks.edges.remove(link);
            self.tasks[input].n_uses -= u32::from(is_active);
            self.unneeded.push(input);
        }
        self.link_row(graph, row, rows);
        self.tasks.set_work(heir, (graph.id, row));
        self.tasks[heir].family = family;
        self.tasks[heir].is_grown = true;
        self.tasks.set_state(heir, State::Released);
        match self.is_needed(heir) {
            true => self.activate(heir),
            false => self.unneeded.push(heir),
        }
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
