//! Which value to spill: the one whose next need lies farthest ahead (Belady's rule, which the known order
//! of the tasks makes possible), the least recently used among equals. See `docs/adr/0004-spill-victim.md`.
//!
//! Ranks are filed once and asked for again only when they can have changed: after the value was put or
//! fetched, and when it is about to be chosen.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use crate::entry::{Entry, EntryIx, Residence, Standing};
use crate::owners::OwnerTable;

/// The rank of a value that a running task is using: it is not spilled, since its memory would not be freed.
pub const IN_USE: u64 = 0;

/// A buffer that more values than this look into is not spilled: finding out would cost more than it brings.
const SHARERS_MAX: usize = 4096;

/// The candidates of a store.
#[derive(Default)]
pub(crate) struct Victims {
    pub unranked: BTreeSet<EntryIx>,
    pub ranked: BTreeSet<(u64, Reverse<u64>, EntryIx)>,
    /// The rest of a group of sharers that is being spilled: entries and when they were born.
    pending: Vec<(EntryIx, u64)>,
}

impl Victims {
    /// Moves an entry to another standing.
    pub fn set(&mut self, index: EntryIx, entry: &mut Entry, standing: Standing) {
        if entry.standing == standing {
            return;
        }
        match entry.standing {
            Standing::Out => {}
            Standing::Unranked => {
                self.unranked.remove(&index);
            }
            Standing::Ranked(rank) => {
                self.ranked.remove(&(rank, Reverse(entry.used), index));
            }
        }
        match standing {
            Standing::Out => {}
            Standing::Unranked => {
                self.unranked.insert(index);
            }
            Standing::Ranked(rank) => {
                self.ranked.insert((rank, Reverse(entry.used), index));
            }
        }
        entry.standing = standing;
    }

    /// The entry to spill now; it keeps its standing.
    pub fn choose(
        &mut self,
        entries: &mut [Entry],
        owners: &OwnerTable,
        next_need: &mut dyn FnMut(&Entry) -> u64,
    ) -> Option<EntryIx> {
        while let Some((index, born)) = self.pending.pop() {
            let entry = &entries[index as usize];
            if entry.born == born && entry.standing != Standing::Out && next_need(entry) != IN_USE {
                return Some(index);
            }
        }
        self.rank_new(entries, next_need);
        while let Some(&(filed, _, index)) = self.ranked.last() {
            let Some(group) = sharers(index, entries, owners) else {
                self.set(index, &mut entries[index as usize], Standing::Out);
                continue;
            };
            let first_need = group.iter().map(|&member| next_need(&entries[member as usize])).min();
            match first_need.unwrap_or(IN_USE) {
                IN_USE => self.set(index, &mut entries[index as usize], Standing::Unranked),
                rank if rank == filed => {
                    let others = group.iter().filter(|&&other| other != index);
                    self.pending.extend(others.map(|&other| (other, entries[other as usize].born)));
                    return Some(index);
                }
                rank => self.refile(index, &group, entries, rank),
            }
        }
        None
    }

    /// Files an entry under the rank of its group, and with it the members that have the same group: those
    /// that, like it, hold one buffer only. (Each entry gets its true rank, so `choose` comes to an end.)
    fn refile(&mut self, index: EntryIx, group: &[EntryIx], entries: &mut [Entry], rank: u64) {
        let alone = entries[index as usize].holds.len() == 1;
        for &member in group {
            let entry = &mut entries[member as usize];
            if member == index || (alone && entry.holds.len() == 1) {
                self.set(member, entry, Standing::Ranked(rank));
            }
        }
    }

    /// Files every candidate whose rank is not known, those in use excepted.
    fn rank_new(&mut self, entries: &mut [Entry], next_need: &mut dyn FnMut(&Entry) -> u64) {
        let mut in_use = BTreeSet::new();
        for index in std::mem::take(&mut self.unranked) {
            let entry = &mut entries[index as usize];
            match next_need(entry) {
                IN_USE => {
                    in_use.insert(index);
                }
                rank => {
                    self.ranked.insert((rank, Reverse(entry.used), index));
                    entry.standing = Standing::Ranked(rank);
                }
            }
        }
        self.unranked = in_use;
    }
}

/// The entries that must leave memory with this one for its buffers to be freed, itself included, those
/// that are leaving already excepted; `None` where one of them cannot leave.
fn sharers(index: EntryIx, entries: &[Entry], owners: &OwnerTable) -> Option<Vec<EntryIx>> {
    let mut all = vec![index];
    for &hold in &entries[index as usize].holds {
        let holders = &owners.get(hold).holders;
        if holders.len() > SHARERS_MAX {
            return None;
        }
        for holder in holders {
            let other = &entries[holder.entry as usize];
            match other.residence {
                Residence::Spilling { .. } => {}
                _ if other.standing == Standing::Out => return None,
                _ => all.push(holder.entry),
            }
        }
    }
    all.sort_unstable();
    all.dedup();
    Some(all)
}
