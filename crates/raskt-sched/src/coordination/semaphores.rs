//! Semaphores, whose leases end unless they are refreshed.

use std::collections::{BTreeMap, VecDeque};

use raskt_core::Name;

use super::machine::Ticket;
use crate::ids::ClientId;
use crate::time::Time;

/// A semaphore that somebody holds or waits for.
#[derive(Debug)]
pub(crate) struct Semaphore {
    n_max: usize,
    /// Who holds a lease, and when it ends.
    leases: BTreeMap<Ticket, Time>,
    waiting: VecDeque<Ticket>,
}

/// All semaphores. One that nobody holds or waits for is forgotten.
#[derive(Debug, Default)]
pub(crate) struct Semaphores {
    semaphores: BTreeMap<Name, Semaphore>,
    /// Whose semaphore a lease, or a wait for one, belongs to.
    of_tickets: BTreeMap<Ticket, Name>,
}

impl Semaphores {
    /// A request for a lease.
    ///
    /// # Errors
    /// How many leases the semaphore has, where that is another number.
    pub fn acquire(
        &mut self,
        ticket: Ticket,
        name: Name,
        n_max: usize,
        ends: Time,
        granted: &mut Vec<Ticket>,
    ) -> Result<(), usize> {
        let fresh = || Semaphore { n_max, leases: BTreeMap::new(), waiting: VecDeque::new() };
        let semaphore = self.semaphores.entry(name.clone()).or_insert_with(fresh);
        if semaphore.n_max != n_max {
            return Err(semaphore.n_max);
        }
        semaphore.waiting.push_back(ticket);
        self.of_tickets.insert(ticket, name.clone());
        self.grant(&name, ends, granted);
        Ok(())
    }

    fn grant(&mut self, name: &Name, ends: Time, granted: &mut Vec<Ticket>) {
        let Some(semaphore) = self.semaphores.get_mut(name) else { return };
        while semaphore.leases.len() < semaphore.n_max
            && let Some(ticket) = semaphore.waiting.pop_front()
        {
            semaphore.leases.insert(ticket, ends);
            granted.push(ticket);
        }
        if semaphore.leases.is_empty() && semaphore.waiting.is_empty() {
            self.semaphores.remove(name);
        }
    }

    /// A request does not need its lease any more, or does not wait for one; whether it did. Leases that others get end at `ends`.
    pub fn release(&mut self, ticket: Ticket, ends: Time, granted: &mut Vec<Ticket>) -> bool {
        let Some(name) = self.of_tickets.remove(&ticket) else { return false };
        if let Some(semaphore) = self.semaphores.get_mut(&name) {
            semaphore.leases.remove(&ticket);
            semaphore.waiting.retain(|&other| other != ticket);
        }
        self.grant(&name, ends, granted);
        true
    }

    pub fn holds(&self, ticket: Ticket) -> bool {
        let semaphore = self.of_tickets.get(&ticket).and_then(|name| self.semaphores.get(name));
        semaphore.is_some_and(|semaphore| semaphore.leases.contains_key(&ticket))
    }

    /// A lease ends so much later; whether it is held.
    pub fn refresh(&mut self, ticket: Ticket, ends: Time) -> bool {
        let semaphore = self.of_tickets.get(&ticket).and_then(|name| self.semaphores.get_mut(name));
        let lease = semaphore.and_then(|semaphore| semaphore.leases.get_mut(&ticket));
        lease.map(|lease| *lease = ends).is_some()
    }

    /// Ends leases that were not refreshed; others get theirs.
    pub fn expire(&mut self, now: Time, ends: Time, granted: &mut Vec<Ticket>) {
        let leases = self.semaphores.values().flat_map(|semaphore| &semaphore.leases);
        let ended: Vec<Ticket> = leases.filter(|&(_, &end)| end <= now).map(|(&ticket, _)| ticket).collect();
        for ticket in ended {
            self.release(ticket, ends, granted);
        }
    }

    /// Forgets a semaphore: who waited for a lease.
    pub fn close(&mut self, name: &Name) -> Vec<Ticket> {
        let Some(semaphore) = self.semaphores.remove(name) else { return Vec::new() };
        for ticket in semaphore.leases.keys().chain(&semaphore.waiting) {
            self.of_tickets.remove(ticket);
        }
        semaphore.waiting.into()
    }

    pub fn n_leases(&self, name: &Name) -> usize {
        self.semaphores.get(name).map_or(0, |semaphore| semaphore.leases.len())
    }

    /// Requests of a client that hold or wait.
    pub fn of_client(&self, client: ClientId) -> Vec<Ticket> {
        self.of_tickets.range((client, 0)..=(client, u64::MAX)).map(|(&ticket, _)| ticket).collect()
    }

    pub fn is_empty(&self) -> bool {
        self.semaphores.is_empty() && self.of_tickets.is_empty()
    }

    pub fn waiting(&self) -> impl Iterator<Item = Ticket> + '_ {
        self.semaphores.values().flat_map(|semaphore| semaphore.waiting.iter().copied())
    }

    pub fn sanity_check(&self) {
        let mut n_tickets = 0;
        for (name, semaphore) in &self.semaphores {
            let Semaphore { n_max, leases, waiting } = semaphore;
            assert!(leases.len() <= *n_max, "{name} has too many leases");
            assert!(
                waiting.is_empty() || leases.len() == *n_max,
                "a lease of {name} is free, and waited for"
            );
            assert!(!leases.is_empty() || !waiting.is_empty(), "{name} is kept for nobody");
            n_tickets += leases.len() + waiting.len();
            let is_listed = |ticket: &Ticket| self.of_tickets.get(ticket) == Some(name);
            assert!(leases.keys().chain(waiting).all(is_listed), "tickets of {name}");
        }
        assert_eq!(n_tickets, self.of_tickets.len(), "tickets");
    }
}
