//! Queues: items go in while there is room, and come out in the order in which they went in.

use std::collections::{BTreeMap, VecDeque};

use raskt_core::Name;

use super::machine::Ticket;
use super::request::Item;
use crate::ids::ClientId;

/// A queue.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    n_max: Option<usize>,
    items: VecDeque<Item>,
    /// Items that there is no room for, and whose requests they are.
    putting: VecDeque<(Ticket, Item)>,
    /// Requests for items, and how many each takes: at least and at most.
    getting: VecDeque<(Ticket, usize, usize)>,
    /// How often each client has opened it.
    users: BTreeMap<ClientId, u32>,
}

/// What has become of requests.
#[derive(Debug, Default)]
pub(crate) struct Moved {
    /// Requests whose item is in the queue.
    pub put: Vec<Ticket>,
    /// Requests, and the items that they get.
    pub got: Vec<(Ticket, Vec<Item>)>,
}

/// What is left when a queue goes.
#[derive(Debug, Default)]
pub(crate) struct Remains {
    pub items: Vec<Item>,
    pub waiting: Vec<Ticket>,
}

/// All queues.
#[derive(Debug, Default)]
pub(crate) struct Queues {
    queues: BTreeMap<Name, Queue>,
}

impl Queue {
    /// Moves items as long as any can be moved.
    fn advance(&mut self, moved: &mut Moved) {
        loop {
            if self.n_max.is_none_or(|n_max| self.items.len() < n_max)
                && let Some((ticket, item)) = self.putting.pop_front()
            {
                self.items.push_back(item);
                moved.put.push(ticket);
                continue;
            }
            match self.getting.front() {
                Some(&(ticket, n_min, n_max)) if n_min <= self.items.len() => {
                    self.getting.pop_front();
                    let n = n_max.min(self.items.len());
                    moved.got.push((ticket, self.items.drain(..n).collect()));
                }
                _ => return,
            }
        }
    }

    fn is_idle(&self) -> bool {
        self.users.is_empty() && self.items.is_empty() && self.putting.is_empty() && self.getting.is_empty()
    }
}

impl Queues {
    /// A client uses a queue; the first one says how many items it takes.
    pub fn open(&mut self, client: ClientId, name: Name, n_max: Option<usize>) {
        let queue = self.queues.entry(name).or_insert_with(|| Queue { n_max, ..Queue::default() });
        *queue.users.entry(client).or_default() += 1;
    }

    /// A client uses a queue once less: what is left, where nobody uses it.
    pub fn close(&mut self, client: ClientId, name: &Name) -> Remains {
        let Some(queue) = self.queues.get_mut(name) else { return Remains::default() };
        if let Some(n) = queue.users.get_mut(&client) {
            *n -= 1;
            if *n == 0 {
                queue.users.remove(&client);
            }
        }
        if !queue.users.is_empty() {
            return Remains::default();
        }
        let Some(queue) = self.queues.remove(name) else { return Remains::default() };
        let mut waiting: Vec<Ticket> = queue.getting.iter().map(|&(ticket, ..)| ticket).collect();
        waiting.extend(queue.putting.iter().map(|&(ticket, _)| ticket));
        let mut items: Vec<Item> = queue.items.into();
        items.extend(queue.putting.into_iter().map(|(_, item)| item));
        Remains { items, waiting }
    }

    /// A client is gone, whose requests have been given up. A queue stays as long as it has items.
    pub fn lose_client(&mut self, client: ClientId) {
        for queue in self.queues.values_mut() {
            queue.users.remove(&client);
        }
        self.queues.retain(|_, queue| !queue.is_idle());
    }

    pub fn put(&mut self, ticket: Ticket, name: Name, item: Item, moved: &mut Moved) {
        let queue = self.queues.entry(name.clone()).or_default();
        queue.putting.push_back((ticket, item));
        self.advance(&name, moved);
    }

    /// A request for items.
    ///
    /// # Errors
    /// How many items there can be, where these are fewer than it takes.
    pub fn get(
        &mut self,
        ticket: Ticket,
        name: Name,
        (n_min, n_max): (usize, usize),
        moved: &mut Moved,
    ) -> Result<(), usize> {
        let queue = self.queues.entry(name.clone()).or_default();
        if let Some(bound) = queue.n_max.filter(|&bound| bound < n_min) {
            return Err(bound);
        }
        queue.getting.push_back((ticket, n_min, n_max.max(n_min)));
        self.advance(&name, moved);
        Ok(())
    }

    fn advance(&mut self, name: &Name, moved: &mut Moved) {
        let Some(queue) = self.queues.get_mut(name) else { return };
        queue.advance(moved);
        if queue.is_idle() {
            self.queues.remove(name);
        }
    }

    /// A request waits no longer: the item that it was to put.
    pub fn give_up(&mut self, name: &Name, ticket: Ticket, moved: &mut Moved) -> Option<Item> {
        let queue = self.queues.get_mut(name)?;
        queue.getting.retain(|&(other, ..)| other != ticket);
        let place = queue.putting.iter().position(|&(other, _)| other == ticket);
        let item = place.and_then(|place| queue.putting.remove(place)).map(|(_, item)| item);
        self.advance(name, moved);
        item
    }

    pub fn n_items(&self, name: &Name) -> usize {
        self.queues.get(name).map_or(0, |queue| queue.items.len())
    }

    pub fn items(&self) -> impl Iterator<Item = &Item> {
        self.queues
            .values()
            .flat_map(|queue| queue.items.iter().chain(queue.putting.iter().map(|put| &put.1)))
    }

    pub fn waiting(&self) -> impl Iterator<Item = Ticket> + '_ {
        self.queues.values().flat_map(|queue| {
            let getting = queue.getting.iter().map(|&(ticket, ..)| ticket);
            getting.chain(queue.putting.iter().map(|&(ticket, _)| ticket))
        })
    }

    pub fn is_empty(&self) -> bool {
        self.queues.is_empty()
    }

    pub fn users(&self) -> impl Iterator<Item = ClientId> + '_ {
        self.queues.values().flat_map(|queue| queue.users.keys().copied())
    }

    pub fn sanity_check(&self) {
        for (name, queue) in &self.queues {
            let Queue { n_max, items, putting, getting, .. } = queue;
            assert!(n_max.is_none_or(|n_max| items.len() <= n_max), "{name} has too many items");
            let is_full = n_max.is_some_and(|n_max| items.len() == n_max);
            assert!(putting.is_empty() || is_full, "{name} has room that a request waits for");
            let first = getting.front();
            assert!(
                first.is_none_or(|&(_, n_min, _)| items.len() < n_min),
                "{name} has what a request waits for"
            );
            assert!(!queue.is_idle(), "{name} is kept for nobody");
        }
    }
}
