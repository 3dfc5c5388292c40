//! Who keeps which allocation alive: a count of bytes per owner of memory, not per value.

use raskt_core::{Fit, OwnerId, Value};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use crate::entry::EntryIx;

/// Bytes that a value takes as the only one, counted as a [`Store`](crate::Store) does: what it owns alone, and every buffer
/// that it keeps alive, once.
///
/// ```
/// use raskt_core::{Buffer, Value};
/// let buffer = Buffer::zeroed(1000)?;
/// let halves = Value::from(vec![buffer.slice(0, 500).into(), buffer.slice(500, 500).into()]);
/// assert!((1000..1100).contains(&raskt_store::value_bytes(&halves)));
/// assert_eq!(raskt_store::value_bytes(&Value::Int(1)), 0);
/// # Ok::<(), raskt_core::Error>(())
/// ```
#[must_use]
pub fn value_bytes(value: &Value) -> u64 {
    if value.is_immediate() {
        return 0;
    }
    let (mut n_bytes, mut owners) = (value.own_bytes(), SmallVec::<[(OwnerId, u64); 4]>::new());
    value.visit_owners(&mut |owner, bytes| owners.push((owner, bytes)));
    owners.sort_unstable_by_key(|&(owner, _)| owner);
    owners.dedup_by_key(|&mut (owner, _)| owner);
    for (_, bytes) in owners {
        n_bytes = n_bytes.saturating_add(bytes);
    }
    n_bytes
}

/// An entry's part in an owner: which owner, and where in its list of holders.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hold {
    pub owner: u32,
    pub at: u32,
}

/// The other end of a [`Hold`]: which entry, and where in its list of holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Holder {
    pub entry: EntryIx,
    pub nth: u32,
}

pub(crate) struct Owner {
    pub id: OwnerId,
    pub bytes: u64,
    pub holders: SmallVec<[Holder; 1]>,
    /// How many of the holders are on their way to disk.
    pub n_leaving: u32,
}

impl Owner {
    /// Bytes that the spills under way will free: all, if all holders leave.
    pub fn leaving_bytes(&self) -> u64 {
        if self.n_leaving > 0 && self.n_leaving as usize == self.holders.len() { self.bytes } else { 0 }
    }
}

/// All owners with at least one holder in memory.
#[derive(Default)]
pub(crate) struct OwnerTable {
    by_id: FxHashMap<OwnerId, u32>,
    owners: Vec<Owner>,
    free: Vec<u32>,
    /// Bytes of all owners.
    pub bytes: u64,
    /// Bytes of the owners all of whose holders are on their way to disk.
    pub leaving_bytes: u64,
}

impl OwnerTable {
    pub fn get(&self, hold: Hold) -> &Owner {
        &self.owners[hold.owner as usize]
    }

    /// Adds `entry` to the holders of `id`; `None` where it was the last one added already (a value that
    /// shows the same buffer twice).
    pub fn hold(&mut self, id: OwnerId, bytes: u64, holder: Holder) -> Option<Hold> {
        let index = match self.by_id.get(&id) {
            Some(&index) => index,
            None => self.insert(id),
        };
        let owner = &mut self.owners[index as usize];
        self.bytes += bytes.saturating_sub(owner.bytes);
        self.leaving_bytes -= owner.leaving_bytes();
        owner.bytes = owner.bytes.max(bytes);
        let seen = owner.holders.last().is_some_and(|last| last.entry == holder.entry);
        if !seen {
            owner.holders.push(holder);
        }
        self.leaving_bytes += owner.leaving_bytes();
        (!seen).then(|| Hold { owner: index, at: owner.holders.len().fit::<u32>() - 1 })
    }

    fn insert(&mut self, id: OwnerId) -> u32 {
        let owner = Owner { id, bytes: 0, holders: SmallVec::new(), n_leaving: 0 };
        let index = if let Some(index) = self.free.pop() {
            self.owners[index as usize] = owner;
            index
        } else {
            self.owners.push(owner);
            self.owners.len().fit::<u32>() - 1
        };
        self.by_id.insert(id, index);
        index
    }

    /// Removes a holder; the one that took its place in the list, whose hold must follow, is returned.
    pub fn unhold(&mut self, hold: Hold) -> Option<Holder> {
        let owner = &mut self.owners[hold.owner as usize];
        self.leaving_bytes -= owner.leaving_bytes();
        owner.holders.swap_remove(hold.at as usize);
        self.leaving_bytes += owner.leaving_bytes();
        if owner.holders.is_empty() {
            self.bytes -= owner.bytes;
            self.by_id.remove(&owner.id);
            self.free.push(hold.owner);
            return None;
        }
        owner.holders.get(hold.at as usize).copied()
    }

    /// One more holder is (or, with `-1`, is no longer) on its way to disk.
    pub fn add_leaving(&mut self, hold: Hold, change: i32) {
        let owner = &mut self.owners[hold.owner as usize];
        self.leaving_bytes -= owner.leaving_bytes();
        owner.n_leaving = owner.n_leaving.saturating_add_signed(change);
        self.leaving_bytes += owner.leaving_bytes();
    }

    /// Every owner in use, for checks.
    pub fn live(&self) -> impl Iterator<Item = (u32, &Owner)> {
        self.by_id.iter().map(|(id, &index)| {
            let owner = &self.owners[index as usize];
            debug_assert_eq!(owner.id, *id);
            (index, owner)
        })
    }
}
