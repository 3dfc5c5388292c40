//! What must hold at any time.

use std::collections::{BTreeMap, BTreeSet};

use raskt_core::Key;

use super::machine::{Coordination, Ticket};

impl Coordination {
    /// Checks that nobody waits for what there is, and that only clients that are there hold anything. For tests.
    ///
    /// # Panics
    /// Where that is not so.
    pub fn sanity_check(&self) {
        self.locks.sanity_check();
        self.semaphores.sanity_check();
        self.flags.sanity_check();
        self.queues.sanity_check();
        self.variables.sanity_check();
        assert!(self.actions.is_empty(), "work is left");
        let found = self.locks.waiting().chain(self.semaphores.waiting()).chain(self.flags.waiting());
        let found: Vec<Ticket> = found.chain(self.queues.waiting()).chain(self.variables.waiting()).collect();
        let listed: BTreeSet<Ticket> = self.waiting.keys().copied().collect();
        assert_eq!(found.len(), listed.len(), "a request waits twice, or for nothing");
        assert_eq!(found.iter().copied().collect::<BTreeSet<_>>(), listed, "requests that wait");
        for (client, number) in listed {
            assert!(
                self.clients.get(&client).is_some_and(|&next| number < next),
                "{client} is gone, and waits"
            );
        }
        let mut users = self.topics.all_subscribers().chain(self.queues.users());
        assert!(
            users.all(|client| self.clients.contains_key(&client)),
            "a client is gone, and uses something"
        );
    }

    /// How often each key is wanted on behalf of this machine. For tests.
    #[must_use]
    pub fn held(&self) -> BTreeMap<Key, usize> {
        let mut held = BTreeMap::new();
        let items = self.queues.items().chain(self.variables.items()).chain(self.datasets.values());
        for key in items.flat_map(|item| &item.keys) {
            *held.entry(key.clone()).or_default() += 1;
        }
        held
    }

    /// Whether nothing is held, kept in queues and variables, or waited for. For tests.
    #[must_use]
    pub fn is_idle(&self) -> bool {
        self.locks.is_empty()
            && self.semaphores.is_empty()
            && self.flags.is_empty()
            && self.queues.is_empty()
            && self.variables.is_empty()
            && self.waiting.is_empty()
    }
}
