//! Looking without reading back, and taking what nobody else will look at.

use raskt_core::Value;

use crate::Store;
use crate::entry::{Residence, Slot, Standing};

impl Store {
    /// Whether a value was put into the slot and not released.
    #[inline]
    #[must_use]
    pub fn holds(&self, slot: u32) -> bool {
        self.slots.get(slot as usize).is_some_and(|slot| !matches!(slot, Slot::Empty))
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
                Residence::Vacant
                | Residence::HandedOver { .. }
                | Residence::Loading { .. }
                | Residence::Disk { .. } => None,
            },
        }
    }

    /// The value of a slot that nobody else will ask for, out of the store, so that its reader may own it. It stays
    /// on the books until it is released. `None` where it is not in memory, or being written to disk.
    ///
    /// ```
    /// use raskt_core::Value;
    /// let mut store = raskt_store::Store::new(1, raskt_store::Limits::default(), None);
    /// store.put(0, Value::from("text"));
    /// assert_eq!(store.hand_over(0), Some(Value::from("text")));
    /// ```
    pub fn hand_over(&mut self, slot: u32) -> Option<Value> {
        match &mut self.slots[slot as usize] {
            Slot::Empty => None,
            Slot::Small { value, .. } if value.is_immediate() => Some(value.clone()),
            Slot::Small { value, bytes } => {
                self.own_bytes -= u64::from(std::mem::take(bytes));
                Some(std::mem::take(value))
            }
            &mut Slot::Entry(index) => {
                let entry = &mut self.entries[index as usize];
                if !matches!(entry.residence, Residence::Memory { .. }) {
                    return None;
                }
                self.victims.set(index, entry, Standing::Out);
                let (value, copy) = std::mem::replace(&mut entry.residence, Residence::Vacant).into_parts();
                // Its owner's address may be that of another as soon as the reader lets go of it.
                let before = self.memory_bytes();
                self.unaccount(index);
                let bytes = before - self.memory_bytes();
                self.handed_over_bytes += bytes;
                self.entries[index as usize].residence = Residence::HandedOver { bytes, copy };
                value
            }
        }
    }

    /// Takes back a value that was handed over, unchanged. Where none was, the value is returned: drop it without the
    /// lock.
    pub fn take_back(&mut self, slot: u32, value: Value) -> Option<Value> {
        let is_away = match &self.slots[slot as usize] {
            Slot::Empty => false,
            Slot::Small { value, .. } => matches!(value, Value::Unit),
            &Slot::Entry(index) => {
                matches!(self.entries[index as usize].residence, Residence::HandedOver { .. })
            }
        };
        if is_away { self.put(slot, value) } else { Some(value) }
    }
}
