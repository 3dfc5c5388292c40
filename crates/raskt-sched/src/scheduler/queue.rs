//! Queues of tasks that could run.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use smallvec::SmallVec;

use crate::ids::{ClientId, TaskId};
use crate::priority::Priority;

/// What goes before what: a higher priority of the user's, then whose client was served less, then the graph's order.
pub(crate) type Rank = (Reverse<i32>, u64, Priority);

/// Tasks of one client, in the order in which they leave.
type ClientTasks = BTreeSet<(Priority, TaskId)>;

/// Tasks that could run. Those of one client leave in the order of their priorities; clients whose tasks have the same user
/// priority are served in turn, by what they have got so far.
#[derive(Debug, Default)]
pub(crate) struct FairQueue {
    /// Clients with tasks here: few, so that looking at each is cheap.
    clients: SmallVec<[(ClientId, ClientTasks); 1]>,
}

impl FairQueue {
    pub fn insert(&mut self, client: ClientId, priority: Priority, task: TaskId) {
        match self.clients.iter_mut().find(|(other, _)| *other == client) {
            Some((_, tasks)) => {
                tasks.insert((priority, task));
            }
            None => self.clients.push((client, BTreeSet::from([(priority, task)]))),
        }
    }

    /// Takes a task out; whether it was there.
    pub fn remove(&mut self, client: ClientId, priority: Priority, task: TaskId) -> bool {
        let Some(at) = self.clients.iter().position(|(other, _)| *other == client) else { return false };
        let tasks = &mut self.clients[at].1;
        let was_there = tasks.remove(&(priority, task));
        if tasks.is_empty() {
            self.clients.swap_remove(at);
        }
        was_there
    }

    /// What goes first, and its rank; `served` says what a client has got so far.
    pub fn first(&self, served: impl Fn(ClientId) -> u64) -> Option<(Rank, TaskId)> {
        let heads = self.clients.iter().filter_map(|(client, tasks)| {
            let &(priority, task) = tasks.first()?;
            Some(((priority.user, served(*client), priority), task))
        });
        heads.min()
    }

    /// What goes last, as far as priorities say.
    pub fn last(&self) -> Option<TaskId> {
        let tails = self.clients.iter().filter_map(|(_, tasks)| tasks.last());
        tails.max().map(|&(_, task)| task)
    }

    pub fn is_empty(&self) -> bool {
        self.clients.is_empty()
    }

    /// Every task, each client's in the order of priorities.
    pub fn iter(&self) -> impl Iterator<Item = (ClientId, Priority, TaskId)> + '_ {
        let of_client = |(client, tasks): &'_ (ClientId, ClientTasks)| {
            let client = *client;
            tasks.iter().map(move |&(priority, task)| (client, priority, task)).collect::<Vec<_>>()
        };
        self.clients.iter().flat_map(of_client)
    }
}
