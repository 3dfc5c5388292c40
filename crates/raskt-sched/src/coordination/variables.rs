//! Variables: names that one client gives values, and others read.

use std::collections::BTreeMap;

use raskt_core::Name;

use super::machine::Ticket;
use super::request::Item;

#[derive(Debug, Default)]
struct Variable {
    value: Option<Item>,
    waiting: Vec<Ticket>,
}

/// All variables. One without a value that nobody waits for is forgotten.
#[derive(Debug, Default)]
pub(crate) struct Variables {
    variables: BTreeMap<Name, Variable>,
}

impl Variables {
    /// Gives a variable a value: who has waited for one, and the value that it had before.
    pub fn set(&mut self, name: Name, value: Item) -> (Vec<Ticket>, Option<Item>) {
        let variable = self.variables.entry(name).or_default();
        (std::mem::take(&mut variable.waiting), variable.value.replace(value))
    }

    /// The value of a variable; without one, the request waits.
    pub fn get(&mut self, name: Name, ticket: Ticket) -> Option<Item> {
        let variable = self.variables.entry(name).or_default();
        if variable.value.is_none() {
            variable.waiting.push(ticket);
        }
        variable.value.clone()
    }

    /// Forgets the value of a variable, which may not have one.
    pub fn delete(&mut self, name: &Name) -> Option<Item> {
        // What has a value is what nobody waits for.
        let has_value = self.variables.get(name).is_some_and(|variable| variable.value.is_some());
        if has_value { self.variables.remove(name).and_then(|variable| variable.value) } else { None }
    }

    pub fn give_up(&mut self, name: &Name, ticket: Ticket) {
        let Some(variable) = self.variables.get_mut(name) else { return };
        variable.waiting.retain(|&other| other != ticket);
        if variable.waiting.is_empty() && variable.value.is_none() {
            self.variables.remove(name);
        }
    }

    pub fn items(&self) -> impl Iterator<Item = &Item> {
        self.variables.values().filter_map(|variable| variable.value.as_ref())
    }

    pub fn waiting(&self) -> impl Iterator<Item = Ticket> + '_ {
        self.variables.values().flat_map(|variable| variable.waiting.iter().copied())
    }

    pub fn is_empty(&self) -> bool {
        self.variables.is_empty()
    }

    pub fn sanity_check(&self) {
        for (name, Variable { value, waiting }) in &self.variables {
            assert!(
                value.is_some() == waiting.is_empty(),
                "{name} has a value and is waited for, or neither"
            );
        }
    }
}
