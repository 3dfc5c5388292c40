//! What clients want, scatter, cancel and retry.

use std::collections::hash_map::Entry;

use raskt_core::{Key, Name};
use smallvec::SmallVec;

use super::machine::{Held, Scheduler};
use super::task::{State, Task};
use crate::failure::Reason;
use crate::ids::{ClientId, TaskId, TaskRef, WorkerId};
use crate::messages::{FromClient, ToClient};
use crate::priority::Priority;

impl Scheduler {
    pub(super) fn hear_client(&mut self, client: ClientId, message: FromClient) {
        match message {
            FromClient::Submit(submission) => self.submit(client, *submission),
            FromClient::Reserve(key) => self.reserve(client, key),
            FromClient::Scattered { value, n_bytes, holders } => self.scattered(value, n_bytes, &holders),
            FromClient::Want(keys) => {
                for key in keys {
                    match self.tasks.find(&key) {
                        Some(task) => self.want(client, task),
                        None => self.tell_client(client, ToClient::Unknown(key)),
                    }
                }
            }
            FromClient::Release(keys) => {
                for task in self.known(&keys) {
                    self.unwant(client, task, 1);
                }
            }
            FromClient::Cancel(keys) => self.cancel(client, &keys),
            FromClient::Retry(keys) => {
                for task in self.known(&keys) {
                    self.retry(task);
                }
            }
            FromClient::Replicate { keys, n } => {
                for task in self.known(&keys) {
                    self.replicate(task, n as usize);
                }
            }
            FromClient::Missing { value, holders } => self.client_misses(client, value, &holders),
            FromClient::CancelForAll(keys) => {
                let clients: Vec<ClientId> = self.clients.ids().collect();
                for client in clients {
                    self.cancel(client, &keys);
                }
            }
            FromClient::Retire(names) => self.retire_named(&names),
            FromClient::Restart => self.restart(),
            FromClient::Rebalance { keys, workers } => self.rebalance(&keys, &workers),
            FromClient::ReplicateAmong { keys, n, workers } => {
                for task in self.known(&keys) {
                    self.replicate_among(task, n as usize, &workers);
                }
            }
        }
    }

    fn known(&self, keys: &[Key]) -> Vec<TaskId> {
        keys.iter().filter_map(|key| self.tasks.find(key)).collect()
    }

    /// A client wants a value once more. It hears at once how it is, and later when there is news.
    pub(super) fn want(&mut self, client: ClientId, task: TaskId) {
        match self.wants.find(client, task) {
            Some(link) => self.wants.set_tag(link, self.wants.tag(link) + 1),
            None => {
                self.wants.insert(client, task, 1);
            }
        }
        match self.tasks[task].state {
            State::Released => self.activate(task),
            State::InMemory | State::Failed => self.announce_to(client, task),
            State::Vacant
            | State::Reserved
            | State::Waiting { .. }
            | State::Queued(_)
            | State::Assigned { .. } => {}
        }
    }

    fn unwant(&mut self, client: ClientId, task: TaskId, n: u32) {
        if let Some(link) = self.wants.find(client, task) {
            match self.wants.tag(link).saturating_sub(n) {
                0 => {
                    self.wants.remove(link);
                    self.abandon(task);
                }
                left => self.wants.set_tag(link, left),
            }
        }
    }

    /// A client does not want a task any more. What was reserved and nobody wants will not be scattered.
    fn abandon(&mut self, task: TaskId) {
        if self.tasks[task].state == State::Reserved && self.wants.n_of_right(task) == 0 {
            self.fail(task, Reason::NeverScattered);
        }
        self.unneeded.push(task);
    }

    pub(super) fn lose_client(&mut self, client: ClientId) {
        while let Some(task) = self.wants.pop_of_left(client) {
            self.abandon(task);
        }
        let graphs: Vec<(ClientId, Name)> = self.held.keys().filter(|of| of.0 == client).cloned().collect();
        for graph in &graphs {
            self.drop_held(graph);
        }
        if let Some(client) = self.clients.get_mut(client) {
            *client = None;
        }
    }

    /// No slice of the graph follows: what was held for one is needed by others or not at all.
    pub(super) fn drop_held(&mut self, graph: &(ClientId, Name)) {
        // What is held is not forgotten.
        let Held { values, lists } = self.held.remove(graph).unwrap_or_default();
        for value in values {
            self.tasks[value.task].n_uses -= 1;
            self.unneeded.push(value.task);
        }
        for list in lists {
            if let Entry::Occupied(mut n) = self.n_named.entry(list.task) {
                *n.get_mut() -= 1;
                if *n.get() == 0 {
                    n.remove();
                }
            }
            self.unneeded.push(list.task);
        }
    }

    /// Takes back what a client wants of these and of what needs them.
    fn cancel(&mut self, client: ClientId, keys: &[Key]) {
        let mut to_visit = self.known(keys);
        let mut seen = rustc_hash::FxHashSet::default();
        while let Some(task) = to_visit.pop() {
            if !seen.insert(task) {
                continue;
            }
            to_visit.extend(self.tasks.consumers(task));
            if self.wants.find(client, task).is_some() {
                self.unwant(client, task, u32::MAX);
                self.tell_client(client, ToClient::Cancelled(self.tasks.key(task)));
            }
        }
    }

    fn retire_named(&mut self, names: &[Name]) {
        let mut workers: Vec<WorkerId> = names.iter().flat_map(|name| self.workers_named(name)).collect();
        workers.sort_unstable();
        workers.dedup();
        // All are marked before the first one gives away what it holds, so that none gives it to another one of them.
        for &worker in &workers {
            self.workers[worker].is_retiring = true;
            self.workers.reindex(worker, &self.options.prefill);
        }
        for worker in workers {
            self.leave_to_others(worker);
        }
    }

    /// All is forgotten: what clients want, what was scattered, what runs. Workers drop what they hold.
    fn restart(&mut self) {
        let clients: Vec<ClientId> = self.clients.ids().collect();
        for client in clients {
            while let Some(task) = self.wants.pop_of_left(client) {
                self.tell_client(client, ToClient::Cancelled(self.tasks.key(task)));
                self.abandon(task);
            }
        }
        let graphs: Vec<(ClientId, Name)> = self.held.keys().cloned().collect();
        for graph in &graphs {
            self.drop_held(graph);
        }
    }

    /// What failed is tried again, with what made it fail.
    fn retry(&mut self, task: TaskId) {
        let mut failed: Vec<TaskId> = Vec::new();
        let mut to_visit: SmallVec<[TaskId; 8]> = SmallVec::from_elem(task, 1);
        while let Some(task) = to_visit.pop() {
            if self.tasks[task].state == State::Failed {
                self.tasks.set_state(task, State::Released);
                self.tasks[task].n_retries = self.tasks[task].n_retries_max;
                self.tasks.failures.remove(&task);
                self.tasks.deaths.remove(&task);
                to_visit.extend(self.tasks.inputs(task));
                failed.push(task);
            }
        }
        for task in failed {
            match self.is_needed(task) {
                true => self.activate(task),
                false => self.unneeded.push(task),
            }
        }
    }

    fn reserve(&mut self, client: ClientId, key: Key) {
        let found = self.tasks.find(&key);
        let task = match found.map(|task| (task, self.tasks[task].state, self.tasks[task].work)) {
            Some((task, State::Failed | State::Released, None)) => {
                self.tasks.failures.remove(&task);
                self.tasks.set_state(task, State::Reserved);
                task
            }
            // Another client has it there, or is about to; or it is computed.
            Some((task, ..)) => return self.want(client, task),
            None => {
                let added = self.families.of_data().and_then(|family| {
                    let mut task = Task::new(client, Priority::new(0, 0, 0), family, None);
                    task.state = State::Reserved;
                    self.tasks.add(key.clone(), task)
                });
                match added {
                    Ok(task) => task,
                    Err(error) => return self.reject(client, key.name, error),
                }
            }
        };
        self.want(client, task);
        let value = self.tasks.reference(task);
        self.tell_client(client, ToClient::Reserved(key, value));
    }

    fn scattered(&mut self, value: TaskRef, n_bytes: u64, holders: &[WorkerId]) {
        let Some(task) = self.tasks.resolve(value).filter(|&task| self.tasks[task].work.is_none()) else {
            return self.to_free.extend(holders.iter().map(|&worker| (worker, value)));
        };
        for &worker in holders {
            self.hold(task, worker, n_bytes);
        }
        if self.tasks[task].state == State::Reserved {
            self.fail(task, Reason::DataLost);
        }
    }

    fn client_misses(&mut self, client: ClientId, value: TaskRef, holders: &[WorkerId]) {
        if let Some(task) = self.tasks.resolve(value) {
            for &worker in holders {
                self.deny(task, worker);
            }
            self.announce_to(client, task);
        }
    }
}
