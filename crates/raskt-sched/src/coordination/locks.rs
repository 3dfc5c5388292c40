//! Locks, of which a request may need several together.

use std::collections::{BTreeMap, VecDeque};

use raskt_core::Name;
use smallvec::SmallVec;

use super::machine::Ticket;
use crate::ids::ClientId;

/// A request for locks: it is in the queue of each of them.
#[derive(Debug)]
struct Asked {
    names: SmallVec<[Name; 1]>,
    /// How many of the locks it needs.
    n: usize,
    /// In how many queues it is the first.
    n_first: usize,
    is_granted: bool,
}

/// All locks. Each has a queue, whose first one holds the lock if it has as many as it needs; since a request enters all of its
/// queues at once, those that wait for each other do not wait in a circle.
#[derive(Debug, Default)]
pub(crate) struct Locks {
    queues: BTreeMap<Name, VecDeque<Ticket>>,
    asked: BTreeMap<Ticket, Asked>,
}

impl Locks {
    /// A request for `n` of some locks, which are named once each; who holds what it asked for from now on is in `granted`.
    pub fn acquire(
        &mut self,
        ticket: Ticket,
        names: SmallVec<[Name; 1]>,
        n: usize,
        granted: &mut Vec<Ticket>,
    ) {
        let mut n_first = 0;
        for name in &names {
            let queue = self.queues.entry(name.clone()).or_default();
            queue.push_back(ticket);
            n_first += usize::from(queue.len() == 1);
        }
        self.asked.insert(ticket, Asked { names, n, n_first, is_granted: false });
        self.look_at(vec![ticket], granted);
    }

    /// A request does not need its locks any more, or does not wait for them; whether it did.
    pub fn release(&mut self, ticket: Ticket, granted: &mut Vec<Ticket>) -> bool {
        let Some(asked) = self.asked.remove(&ticket) else { return false };
        let mut moved_up = Vec::new();
        for name in &asked.names {
            self.leave(name, ticket, &mut moved_up);
        }
        self.look_at(moved_up, granted);
        true
    }

    /// Takes a request out of a queue; who is the first there after it is in `moved_up`.
    fn leave(&mut self, name: &Name, ticket: Ticket, moved_up: &mut Vec<Ticket>) {
        let Some(queue) = self.queues.get_mut(name) else { return };
        let Some(place) = queue.iter().position(|&other| other == ticket) else { return };
        queue.remove(place);
        match queue.front() {
            None => {
                self.queues.remove(name);
            }
            Some(&next) if place == 0 => {
                if let Some(asked) = self.asked.get_mut(&next) {
                    asked.n_first += 1;
                }
                moved_up.push(next);
            }
            Some(_) => {}
        }
    }

    /// Grants what can be of requests that have moved up. One that has more than it needs leaves the other queues.
    fn look_at(&mut self, mut moved_up: Vec<Ticket>, granted: &mut Vec<Ticket>) {
        while let Some(ticket) = moved_up.pop() {
            let Some(asked) = self.asked.get_mut(&ticket) else { continue };
            if asked.is_granted || asked.n_first < asked.n {
                continue;
            }
            asked.is_granted = true;
            granted.push(ticket);
            let (queues, n) = (&self.queues, asked.n);
            let is_first = |name: &Name| queues.get(name).and_then(VecDeque::front) == Some(&ticket);
            let mut n_kept = 0;
            let (kept, left) = asked.names.drain(..).partition(|name| {
                let is_kept = n_kept < n && is_first(name);
                n_kept += usize::from(is_kept);
                is_kept
            });
            (asked.names, asked.n_first) = (kept, n);
            let left: SmallVec<[Name; 1]> = left;
            for name in &left {
                self.leave(name, ticket, &mut moved_up);
            }
        }
    }

    pub fn holds(&self, ticket: Ticket) -> bool {
        self.asked.get(&ticket).is_some_and(|asked| asked.is_granted)
    }

    pub fn is_locked(&self, name: &Name) -> bool {
        let first = self.queues.get(name).and_then(VecDeque::front);
        first.is_some_and(|&first| self.holds(first))
    }

    /// Requests of a client that hold or wait.
    pub fn of_client(&self, client: ClientId) -> Vec<Ticket> {
        self.asked.range((client, 0)..=(client, u64::MAX)).map(|(&ticket, _)| ticket).collect()
    }

    pub fn is_empty(&self) -> bool {
        self.asked.is_empty() && self.queues.is_empty()
    }

    pub fn waiting(&self) -> impl Iterator<Item = Ticket> + '_ {
        self.asked.iter().filter(|(_, asked)| !asked.is_granted).map(|(&ticket, _)| ticket)
    }

    pub fn sanity_check(&self) {
        for (ticket, asked) in &self.asked {
            let is_first = |name: &&Name| self.queues.get(*name).and_then(VecDeque::front) == Some(ticket);
            assert_eq!(asked.n_first, asked.names.iter().filter(is_first).count(), "places of {ticket:?}");
            assert_eq!(asked.is_granted, asked.n_first >= asked.n, "{ticket:?} should go on");
            let is_in = |name: &Name| self.queues.get(name).is_some_and(|queue| queue.contains(ticket));
            assert!(asked.names.iter().all(is_in), "{ticket:?} is not in its queues");
            assert!(!asked.is_granted || asked.names.len() == asked.n, "{ticket:?} has more than it needs");
        }
        let n_in_queues: usize = self.queues.values().map(VecDeque::len).sum();
        assert_eq!(n_in_queues, self.asked.values().map(|asked| asked.names.len()).sum::<usize>());
        assert!(self.queues.values().all(|queue| !queue.is_empty()), "an empty queue is kept");
    }
}
