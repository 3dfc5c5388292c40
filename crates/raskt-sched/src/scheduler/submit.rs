//! Graphs become tasks.

use std::sync::Arc;

use raskt_core::{Error, ErrorKind, Fit, Key, Result};
use raskt_graph::{Body, TaskTable};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::machine::Scheduler;
use super::task::{State, Task};
use super::tasks::Edge;
use crate::ids::{ClientId, FamilyId, RestrictionId, TableId, TaskId};
use crate::links::LinkId;
use crate::messages::{Particular, Submission};
use crate::priority::Priority;

/// The edges from a list to its items.
type Items = Vec<(LinkId, TaskId)>;

impl Scheduler {
    /// Adds the tasks of a slice that are not there yet, and wants its outputs. A slice with a mistake adds
    /// nothing, and what was held for it is not any more.
    pub(super) fn submit(&mut self, client: ClientId, submission: Submission) {
        let mut created = Vec::new();
        match self.intern(client, &submission, &mut created) {
            Ok(rows) => self.want_rows(client, &submission, &rows),
            Err(error) => {
                self.drop_held(&(client, submission.name.clone()));
                self.reject(client, submission.name.clone(), error);
            }
        }
        // Those that nothing needs, be it that what needs them is there already.
        let tasks = &self.tasks;
        self.unneeded.extend(created.into_iter().filter(|&task| tasks[task].state == State::Released));
    }

    fn want_rows(&mut self, client: ClientId, submission: &Submission, rows: &[TaskId]) {
        for &row in submission.table.outputs() {
            self.want(client, rows[row as usize]);
        }
        let graph = (client, submission.name.clone());
        for &row in &submission.held {
            let task = rows[row as usize];
            let value = self.tasks.reference(task);
            let held = self.held.entry(graph.clone()).or_default();
            if self.tasks.is_list(task) {
                held.lists.push(value);
                *self.n_named.entry(task).or_default() += 1;
            } else {
                held.values.push(value);
                self.tasks[task].n_uses += 1;
                self.activate(task);
            }
        }
        if submission.is_last {
            self.drop_held(&graph);
        }
    }

    /// The task of each row; tasks that were not there are in `created`, also where there is an error.
    fn intern(
        &mut self,
        client: ClientId,
        submission: &Submission,
        created: &mut Vec<TaskId>,
    ) -> Result<Vec<TaskId>> {
        let table = &submission.table;
        let n_rows = table.n_tasks().fit::<u32>();
        let restrictions = self.restrictions_of(submission)?;
        if let Some(row) = submission.held.iter().find(|&&row| row >= n_rows) {
            return Err(invalid(format!("row {row} of {n_rows} is held")));
        }
        self.n_submissions += 1;
        let table_id = self.tasks.add_table(Arc::clone(table));
        let rows = self.intern_rows(client, submission, table_id, &restrictions, created);
        self.tasks.drop_unused_table(table_id);
        rows
    }

    fn intern_rows(
        &mut self,
        client: ClientId,
        submission: &Submission,
        table_id: TableId,
        restrictions: &[(u32, RestrictionId)],
        created: &mut Vec<TaskId>,
    ) -> Result<Vec<TaskId>> {
        let table = &submission.table;
        let of_all = Particular { priority: submission.priority, retries: submission.retries };
        let (mut of_bodies, mut items) = (FxHashMap::default(), FxHashMap::default());
        let mut rows = Vec::with_capacity(table.n_tasks());
        let mut is_new = vec![false; table.n_tasks()];
        let mut restricted = restrictions.iter().copied().peekable();
        let mut particulars = submission.particulars.iter().peekable();
        for row in 0..table.n_tasks().fit::<u32>() {
            let restriction = restricted.next_if(|&(of, _)| of == row).map(|(_, restriction)| restriction);
            let particular = particulars.next_if(|(of, _)| *of == row).map(|(_, particular)| *particular);
            if let Body::Input(input) = table.body(row) {
                rows.push(self.known_input(submission, *input)?);
                continue;
            }
            let key = table.key(row);
            let family = self.families.of_row(table, row, &mut of_bodies)?;
            let task = match self.tasks.find(&key) {
                Some(known) => {
                    self.check_same(known, table, row, family)?;
                    known
                }
                None => {
                    let Particular { priority, retries } = particular.unwrap_or(of_all);
                    let priority = Priority::new(priority, self.n_submissions - 1, row);
                    let mut task = Task::new(client, priority, family, Some((table_id, row)));
                    (task.n_retries, task.n_retries_max) = (retries, retries);
                    let task = match self.untaken_item(table, row, &rows, &mut items) {
                        Some(edge) => self.take_item(edge, key, &task),
                        None => {
                            is_new[row as usize] = true;
                            let task = self.tasks.add(key, task)?;
                            self.restrict(task, restriction);
                            task
                        }
                    };
                    created.push(task);
                    task
                }
            };
            rows.push(task);
        }
        for row in 0..table.n_tasks().fit::<u32>() {
            if is_new[row as usize] {
                let inputs = table.inputs().row(row);
                let n_loaded = table.body(row).n_loaded(inputs.len());
                for (at, &input) in inputs.iter().enumerate() {
                    let edge = if at < n_loaded { Edge::Loaded } else { Edge::Kept };
                    self.tasks.edges.insert(rows[row as usize], rows[input as usize], edge as u32);
                }
            }
        }
        Ok(rows)
    }

    /// Of a row that takes one item of a list which a task has become: that item, if it has no name yet.
    fn untaken_item(
        &self,
        table: &TaskTable,
        row: u32,
        rows: &[TaskId],
        items: &mut FxHashMap<TaskId, Items>,
    ) -> Option<(LinkId, TaskId)> {
        let (Body::Select(at), [list]) = (table.body(row), table.inputs().row(row)) else { return None };
        let list = rows.get(*list as usize).copied().filter(|&list| self.tasks.is_list(list))?;
        let items = items.entry(list).or_insert_with(|| self.tasks.edges.of_left(list).collect());
        let &(link, item) = items.get(*at as usize)?;
        (self.tasks.edges.tag(link) == Edge::Untaken as u32).then_some((link, item))
    }

    /// The item is the task `key` from now on, in place of `task`, which would take it.
    fn take_item(&mut self, (link, item): (LinkId, TaskId), key: Key, task: &Task) -> TaskId {
        self.tasks.edges.set_tag(link, Edge::Loaded as u32);
        self.tasks.rename(item, key);
        let of = &mut self.tasks[item];
        of.is_grown = true;
        if of.state == State::Released {
            // It is in no queue, which would know it by its priority.
            of.priority = task.priority;
            (of.n_retries, of.n_retries_max) = (task.n_retries, task.n_retries_max);
        }
        item
    }

    fn known_input(&self, submission: &Submission, input: u32) -> Result<TaskId> {
        let Some(key) = submission.inputs.get(input as usize) else {
            return Err(invalid(format!("input {input} of {} is named", submission.inputs.len())));
        };
        let unknown = || ErrorKind::MissingKey { key: key.to_string(), path: Vec::new() }.into();
        self.tasks.find(key).ok_or_else(unknown)
    }

    /// One key has one meaning. Of two fused bodies nobody can say here whether they mean the same, and of a task that has become
    /// a graph what it was; their keys are tokens.
    fn check_same(&self, known: TaskId, table: &TaskTable, row: u32, family: FamilyId) -> Result<()> {
        let is_fused = |body: &Body| matches!(body, Body::Fused(_));
        let is_same = match self.tasks.work(known) {
            None => false,
            Some((other, other_row)) => {
                self.tasks[known].is_grown
                    || is_fused(other.body(other_row))
                    || is_fused(table.body(row))
                    || self.tasks[known].family == family
            }
        };
        match is_same {
            true => Ok(()),
            false => Err(ErrorKind::KeyClash(self.tasks.key(known).to_string()).into()),
        }
    }

    fn restrictions_of(&mut self, submission: &Submission) -> Result<Vec<(u32, RestrictionId)>> {
        let mut of_demands: SmallVec<[Option<RestrictionId>; 4]> = SmallVec::new();
        for demand in &submission.demands {
            of_demands.push(self.restrictions.intern(demand, &mut self.workers)?);
        }
        let mut found = Vec::new();
        for &(row, demand) in &submission.demand_of {
            match of_demands.get(demand as usize) {
                Some(restriction) => found.extend(restriction.map(|restriction| (row, restriction))),
                None => return Err(invalid(format!("demand {demand} of {} is named", of_demands.len()))),
            }
        }
        if !found.is_sorted_by(|left, right| left.0 < right.0) {
            return Err(ErrorKind::InvalidGraph("demands are not in the order of rows".to_owned()).into());
        }
        Ok(found)
    }

    pub(super) fn restrict(&mut self, task: TaskId, restriction: Option<RestrictionId>) {
        self.tasks[task].restriction = restriction;
        if let Some(restriction) = restriction.and_then(|id| self.restrictions.get_mut(id)) {
            restriction.n_tasks += 1;
        }
    }
}

fn invalid(what: String) -> Error {
    ErrorKind::InvalidGraph(format!("{what}, which does not exist")).into()
}
