//! Flags that clients wait for: events, in the words of Python's `threading`.

use std::collections::BTreeMap;

use raskt_core::Name;

use super::machine::Ticket;

#[derive(Debug, Default)]
struct Flag {
    is_set: bool,
    waiting: Vec<Ticket>,
}

/// All flags. One that is not set and that nobody waits for is forgotten.
#[derive(Debug, Default)]
pub(crate) struct Flags {
    flags: BTreeMap<Name, Flag>,
}

impl Flags {
    /// Sets a flag: who goes on.
    pub fn set(&mut self, name: Name) -> Vec<Ticket> {
        let flag = self.flags.entry(name).or_default();
        flag.is_set = true;
        std::mem::take(&mut flag.waiting)
    }

    pub fn clear(&mut self, name: &Name) {
        // A flag that is set is one that nobody waits for.
        if self.is_set(name) {
            self.flags.remove(name);
        }
    }

    pub fn is_set(&self, name: &Name) -> bool {
        self.flags.get(name).is_some_and(|flag| flag.is_set)
    }

    /// Waits for a flag; whether it is set.
    pub fn wait(&mut self, name: Name, ticket: Ticket) -> bool {
        let flag = self.flags.entry(name).or_default();
        if !flag.is_set {
            flag.waiting.push(ticket);
        }
        flag.is_set
    }

    pub fn give_up(&mut self, name: &Name, ticket: Ticket) {
        let Some(flag) = self.flags.get_mut(name) else { return };
        flag.waiting.retain(|&other| other != ticket);
        if flag.waiting.is_empty() && !flag.is_set {
            self.flags.remove(name);
        }
    }

    pub fn is_empty(&self) -> bool {
        self.flags.is_empty()
    }

    pub fn waiting(&self) -> impl Iterator<Item = Ticket> + '_ {
        self.flags.values().flat_map(|flag| flag.waiting.iter().copied())
    }

    pub fn sanity_check(&self) {
        for (name, flag) in &self.flags {
            assert!(flag.is_set == flag.waiting.is_empty(), "{name} is set and waited for, or neither");
        }
    }
}
