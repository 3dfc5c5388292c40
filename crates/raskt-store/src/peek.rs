//! Looking without reading back.

use raskt_core::Value;

use crate::Store;
use crate::entry::{Residence, Slot};

impl Store {
    /// Whether a value was put into the slot and not released.
    #[inline]
    #[must_use]
    pub fn holds(&self, slot: u32) -> bool {
        !matches!(self.slots[slot as usize], Slot::Empty)
    }

    /// The value of a slot if it is in memory; unlike [`Store::fetch`], this promises no one to read it.
    #[inline]
    pub fn peek(&mut self, slot: u32) -> Option<Value> {
        match &self.slots[slot as usize] {
            Slot::Empty => None,
            Slot::Small { value, .. } => Some(value.clone()),
            &Slot::Entry(index) => match self.entries[index as usize].residence {
                Residence::Memory { .. } | Residence::Spilling { .. } => match self.fetch(slot) {
                    crate::Fetch::Ready(value) => Some(value),
                    crate::Fetch::Load(_) | crate::Fetch::Busy | crate::Fetch::Empty => None,
                },
                Residence::Vacant | Residence::Loading { .. } | Residence::Disk { .. } => None,
            },
        }
    }
}
