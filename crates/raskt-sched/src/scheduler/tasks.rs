//! All tasks: arena, keys, and who needs whom.

use std::hash::BuildHasher;
use std::sync::Arc;

use hashbrown::HashTable;
use raskt_core::{DenseId, ErrorKind, Fit, Key, Result};
use raskt_graph::{Body, TaskTable};
use rustc_hash::{FxBuildHasher, FxHashMap};

use super::queries::StateCounts;
use super::task::{State, Task};
use crate::failure::{Death, Failure};
use crate::ids::{FamilyId, TableId, TaskId, TaskRef};
use crate::links::{LinkId, Links};

/// How a task has an input: the tag of the edge between the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Edge {
    /// The task is given the value.
    Loaded,
    /// The value is kept, wherever it is, for the graph that the task becomes ([`raskt_graph::Body::n_loaded`]).
    Kept,
    /// As [`Loaded`](Self::Loaded), by a list that a task has become; nobody who takes this item of it has come yet.
    Untaken,
}

/// All tasks that a scheduler knows.
#[derive(Debug)]
pub(crate) struct Tasks {
    tasks: Vec<Task>,
    keys: Vec<Option<Key>>,
    by_key: HashTable<TaskId>,
    /// Numbers that may be given again, and those that may once the current event has been handled.
    free: Vec<TaskId>,
    vacated: Vec<TaskId>,
    /// A consumer and its inputs, once for each mention, in the order of its arguments; tags are those of [`Edge`].
    pub edges: Links<TaskId, TaskId>,
    /// What tasks run, and how many tasks of each table there are.
    tables: Vec<Option<(Arc<TaskTable>, u32)>>,
    free_tables: Vec<TableId>,
    pub failures: FxHashMap<TaskId, Arc<Failure>>,
    /// Workers that ended while they ran a task.
    pub deaths: FxHashMap<TaskId, Vec<Death>>,
    /// How many tasks are in which state.
    counts: StateCounts,
    /// How many tasks of each family are queued, by its number.
    n_queued_of: Vec<u32>,
    /// Of tasks that waited for inputs and have not ended since, the one that came last. For whoever watches.
    pub last_inputs: FxHashMap<TaskId, TaskId>,
}

impl Tasks {
    pub fn new() -> Self {
        Self {
            tasks: Vec::new(),
            keys: Vec::new(),
            by_key: HashTable::new(),
            free: Vec::new(),
            vacated: Vec::new(),
            edges: Links::new(),
            tables: Vec::new(),
            free_tables: Vec::new(),
            failures: FxHashMap::default(),
            deaths: FxHashMap::default(),
            counts: StateCounts::default(),
            n_queued_of: Vec::new(),
            last_inputs: FxHashMap::default(),
        }
    }

    /// Adds a table, which is kept as long as a task of it is there.
    pub fn add_table(&mut self, table: Arc<TaskTable>) -> TableId {
        let entry = Some((table, 0));
        match self.free_tables.pop() {
            Some(id) => {
                self.tables[id.index()] = entry;
                id
            }
            None => {
                self.tables.push(entry);
                TableId((self.tables.len() - 1).fit())
            }
        }
    }

    /// Forgets a table if no task of it is there.
    pub fn drop_unused_table(&mut self, id: TableId) {
        if matches!(self.tables[id.index()], Some((_, 0))) {
            self.tables[id.index()] = None;
            self.free_tables.push(id);
        }
    }

    /// What a task runs; nothing for data.
    pub fn work(&self, id: TaskId) -> Option<(&Arc<TaskTable>, u32)> {
        let (table, row) = self[id].work?;
        self.tables[table.index()].as_ref().map(|(table, _)| (table, row))
    }

    /// A task runs something else from now on.
    pub fn set_work(&mut self, id: TaskId, work: (TableId, u32)) {
        let old = self[id].work.replace(work);
        for (table, change) in [(Some(work.0), 1_i32), (old.map(|(table, _)| table), -1)] {
            let Some(table) = table else { continue };
            if let Some((_, n_tasks)) = &mut self.tables[table.index()] {
                *n_tasks = n_tasks.saturating_add_signed(change);
            }
            self.drop_unused_table(table);
        }
    }

    /// Adds a task under a key that no task has.
    pub fn add(&mut self, key: Key, mut task: Task) -> Result<TaskId> {
        if let Some((_, n_tasks)) = task.work.and_then(|(table, _)| self.tables[table.index()].as_mut()) {
            *n_tasks += 1;
        }
        let state = std::mem::replace(&mut task.state, State::Vacant);
        let id = match self.free.pop() {
            Some(id) => {
                let old = &self.tasks[id.index()];
                (task.generation, task.epoch) = (old.generation + 1, 0);
                self.tasks[id.index()] = task;
                self.keys[id.index()] = Some(key);
                id
            }
            None => {
                let id = TaskId::from_index(self.tasks.len())
                    .ok_or_else(|| ErrorKind::InvalidGraph("the scheduler has 2³² tasks".to_owned()))?;
                self.tasks.push(task);
                self.keys.push(Some(key));
                id
            }
        };
        let keys = &self.keys;
        let hash = |id: &TaskId| FxBuildHasher.hash_one(&keys[id.index()]);
        self.by_key.insert_unique(hash(&id), id, hash);
        self.set_state(id, state);
        Ok(id)
    }

    /// A task is in another state from now on.
    pub fn set_state(&mut self, id: TaskId, state: State) {
        let task = &mut self.tasks[id.index()];
        let (before, family) = (std::mem::replace(&mut task.state, state), task.family);
        if let Some(n) = self.counts.of(before) {
            *n -= 1;
        }
        if let Some(n) = self.counts.of(state) {
            *n += 1;
        }
        for (state, change) in [(before, -1), (state, 1)] {
            if matches!(state, State::Queued(_)) {
                if self.n_queued_of.len() <= family.index() {
                    self.n_queued_of.resize(family.index() + 1, 0);
                }
                let n = &mut self.n_queued_of[family.index()];
                *n = n.saturating_add_signed(change);
            }
        }
    }

    /// How many tasks are in which state.
    pub fn counts(&self) -> StateCounts {
        self.counts
    }

    /// The families of which tasks are queued, and how many.
    pub fn queued_families(&self) -> impl Iterator<Item = (FamilyId, u32)> + '_ {
        let families = self.n_queued_of.iter().enumerate().filter(|&(_, &n)| n > 0);
        families.filter_map(|(at, &n)| Some((FamilyId::from_index(at)?, n)))
    }

    /// Forgets a task, whose links are gone. Its number is not given again before [`Tasks::reuse`].
    pub fn vacate(&mut self, id: TaskId) {
        let hash = FxBuildHasher.hash_one(&self.keys[id.index()]);
        if let Ok(entry) = self.by_key.find_entry(hash, |&other| other == id) {
            entry.remove();
        }
        self.keys[id.index()] = None;
        self.set_state(id, State::Vacant);
        if let Some((table, _)) = self.tasks[id.index()].work.take() {
            if let Some((_, n_tasks)) = &mut self.tables[table.index()] {
                *n_tasks -= 1;
            }
            self.drop_unused_table(table);
        }
        self.failures.remove(&id);
        self.last_inputs.remove(&id);
        self.deaths.remove(&id);
        self.vacated.push(id);
    }

    /// Numbers of tasks that were forgotten may be given again: nothing that was under way names them.
    pub fn reuse(&mut self) {
        self.free.append(&mut self.vacated);
    }

    /// A task is known under another key, which no task has, from now on.
    pub fn rename(&mut self, id: TaskId, key: Key) {
        let hash = FxBuildHasher.hash_one(&self.keys[id.index()]);
        if let Ok(entry) = self.by_key.find_entry(hash, |&other| other == id) {
            entry.remove();
        }
        self.keys[id.index()] = Some(key);
        let keys = &self.keys;
        let hash = |id: &TaskId| FxBuildHasher.hash_one(&keys[id.index()]);
        self.by_key.insert_unique(hash(&id), id, hash);
    }

    pub fn find(&self, key: &Key) -> Option<TaskId> {
        // Hashed as what the table holds.
        let hash = FxBuildHasher.hash_one(Some(key));
        self.by_key.find(hash, |&id| self.keys[id.index()].as_ref() == Some(key)).copied()
    }

    /// The task that is meant, unless it is forgotten.
    pub fn resolve(&self, of: TaskRef) -> Option<TaskId> {
        let task = self.tasks.get(of.task.index())?;
        (task.generation == of.generation && task.state != State::Vacant).then_some(of.task)
    }

    pub fn reference(&self, id: TaskId) -> TaskRef {
        TaskRef { task: id, generation: self[id].generation }
    }

    /// The key of a task that is not vacant.
    pub fn key(&self, id: TaskId) -> Key {
        self.keys[id.index()].clone().unwrap_or_else(|| Key::block("task", &[id.0]))
    }

    /// The inputs of a task, in the order of its arguments.
    pub fn inputs(&self, id: TaskId) -> impl Iterator<Item = TaskId> + '_ {
        self.edges.of_left(id).map(|(_, input)| input)
    }

    /// The inputs that a task is given, in the order of its arguments: all but those that are only kept for the graph that it
    /// becomes.
    pub fn loaded_inputs(&self, id: TaskId) -> impl Iterator<Item = TaskId> + '_ {
        let is_loaded = |&(link, _): &(LinkId, TaskId)| self.edges.tag(link) != Edge::Kept as u32;
        self.edges.of_left(id).filter(is_loaded).map(|(_, input)| input)
    }

    /// Whether a task is a list, or becomes one, of which others take items as tasks of their own.
    pub fn is_list(&self, id: TaskId) -> bool {
        let body = self.work(id).map(|(table, row)| table.body(row));
        match body {
            Some(Body::Growing { .. }) => true,
            Some(Body::Gather) => self[id].is_grown,
            _ => false,
        }
    }

    /// Who needs the task, once for each mention.
    pub fn consumers(&self, id: TaskId) -> impl Iterator<Item = TaskId> + '_ {
        self.edges.of_right(id).map(|(_, consumer)| consumer)
    }

    /// How many inputs of a task are not in memory, counted once for each mention.
    pub fn n_missing(&self, id: TaskId) -> u32 {
        self.inputs(id).filter(|&input| self[input].state != State::InMemory).count().fit()
    }

    /// Every task that is not vacant.
    pub fn ids(&self) -> impl Iterator<Item = TaskId> + '_ {
        let ids = (0..self.tasks.len()).filter_map(TaskId::from_index);
        ids.filter(|id| self.tasks[id.index()].state != State::Vacant)
    }

    /// Tasks that are not vacant.
    pub fn len(&self) -> usize {
        self.by_key.len()
    }

    /// How much memory is held for tasks, in bytes: what grows with their number.
    pub fn n_bytes(&self) -> usize {
        let of_task = size_of::<Task>() + size_of::<Option<Key>>();
        self.tasks.capacity() * of_task + self.by_key.allocation_size() + self.edges.n_bytes()
    }

    pub fn sanity_check(&self) {
        self.edges.sanity_check();
        let mut counts = StateCounts::default();
        let mut n_queued_of = vec![0; self.n_queued_of.len()];
        for id in self.ids() {
            if let Some(n) = counts.of(self[id].state) {
                *n += 1;
            }
            if matches!(self[id].state, State::Queued(_)) {
                n_queued_of[self[id].family.index()] += 1;
            }
        }
        assert_eq!(self.counts, counts, "counts of states");
        assert_eq!(self.n_queued_of, n_queued_of, "queued tasks of families");
        assert!(self.vacated.is_empty(), "numbers are given back after each event");
        assert_eq!(self.ids().count() + self.free.len(), self.tasks.len(), "numbers are taken or free");
        for id in self.ids() {
            assert_eq!(self.find(&self.key(id)), Some(id), "a task is found by its key");
            assert_eq!(self.failures.contains_key(&id), self[id].state == State::Failed, "task {id}");
        }
        assert_eq!(self.by_key.len(), self.ids().count(), "keys of tasks that are gone");
        let mut n_of_tables = vec![0; self.tables.len()];
        for (table, _) in self.ids().filter_map(|id| self[id].work) {
            n_of_tables[table.index()] += 1;
        }
        let counted: Vec<u32> =
            self.tables.iter().map(|table| table.as_ref().map_or(0, |(_, n)| *n)).collect();
        assert_eq!(counted, n_of_tables, "tasks of tables");
    }
}

impl std::ops::Index<TaskId> for Tasks {
    type Output = Task;

    #[inline]
    fn index(&self, id: TaskId) -> &Task {
        &self.tasks[id.index()]
    }
}

impl std::ops::IndexMut<TaskId> for Tasks {
    #[inline]
    fn index_mut(&mut self, id: TaskId) -> &mut Task {
        &mut self.tasks[id.index()]
    }
}
