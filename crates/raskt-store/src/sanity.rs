//! Recomputing every index of a store from scratch.

use std::cmp::Reverse;

use raskt_core::Fit;
use rustc_hash::FxHashMap;

use crate::Store;
use crate::entry::{Entry, Residence, Slot, Standing};

impl Store {
    /// Checks the books against what they are about; for tests, it is slow.
    ///
    /// # Panics
    /// Where they differ.
    pub fn sanity_check(&self) {
        self.check_slots();
        self.check_bytes();
        self.check_owners();
        self.check_candidates();
    }

    fn live(&self) -> impl Iterator<Item = (u32, &Entry)> {
        let all = self.entries.iter().enumerate().map(|(index, entry)| (index.fit::<u32>(), entry));
        all.filter(|(_, entry)| !matches!(entry.residence, Residence::Vacant))
    }

    fn check_slots(&self) {
        let mut n_entries = 0;
        for (slot, content) in self.slots.iter().enumerate() {
            if let &Slot::Entry(index) = content {
                n_entries += 1;
                assert_eq!(self.entries[index as usize].slot as usize, slot, "entry and slot agree");
            }
        }
        assert_eq!(n_entries, self.live().count(), "every entry has one slot");
        assert_eq!(n_entries + self.free.len(), self.entries.len(), "every other place is free");
        assert!(self.free.iter().all(|&i| matches!(self.entries[i as usize].residence, Residence::Vacant)));
    }

    fn check_bytes(&self) {
        let small = self.slots.iter().map(|slot| match slot {
            Slot::Small { value, bytes } => {
                assert_eq!(value.own_bytes(), u64::from(*bytes), "the bytes of a small value");
                u64::from(*bytes)
            }
            Slot::Empty | Slot::Entry(_) => 0,
        });
        let mut own_bytes: u64 = small.sum();
        let (mut leaving_bytes, mut loading_bytes, mut spilled_bytes, mut handed_over_bytes) = (0, 0, 0, 0);
        for (_, entry) in self.live() {
            spilled_bytes += entry.file().map_or(0, crate::SpilledFile::size_bytes);
            match &entry.residence {
                Residence::Vacant => {}
                Residence::Memory { value, .. } => own_bytes += value.own_bytes(),
                Residence::HandedOver { bytes, .. } => handed_over_bytes += bytes,
                Residence::Spilling { value, wanted, .. } => {
                    own_bytes += value.own_bytes();
                    leaving_bytes += if *wanted { 0 } else { entry.own_bytes };
                }
                Residence::Disk { .. } => assert_eq!(entry.own_bytes, 0, "nothing is left in memory"),
                Residence::Loading { file } => loading_bytes += file.size_bytes(),
            }
        }
        assert_eq!(self.own_bytes, own_bytes, "bytes of values alone");
        assert_eq!(self.leaving_own_bytes, leaving_bytes, "bytes on their way to disk");
        assert_eq!(self.loading_bytes, loading_bytes, "bytes being read");
        assert_eq!(self.handed_over_bytes, handed_over_bytes, "bytes with their last readers");
        assert_eq!(self.spilled_bytes, spilled_bytes, "bytes of files");
        assert!(self.peak_bytes >= self.memory_bytes() || self.memory_bytes() == 0, "the peak is the most");
    }

    fn check_owners(&self) {
        let mut seen = FxHashMap::default();
        for (index, entry) in self.live() {
            let (value, leaving) = match &entry.residence {
                Residence::Memory { value, .. } => (value, false),
                Residence::Spilling { value, wanted, .. } => (value, !*wanted),
                Residence::Vacant
                | Residence::HandedOver { .. }
                | Residence::Disk { .. }
                | Residence::Loading { .. } => {
                    assert!(entry.holds.is_empty(), "what is not in memory holds nothing");
                    continue;
                }
            };
            let mut owners = FxHashMap::default();
            value.visit_owners(&mut |owner, bytes| {
                owners.insert(owner, bytes);
            });
            assert_eq!(entry.holds.len(), owners.len(), "one hold for each owner");
            for (nth, &hold) in entry.holds.iter().enumerate() {
                let owner = self.owners.get(hold);
                let holder = owner.holders[hold.at as usize];
                assert_eq!((holder.entry, holder.nth as usize), (index, nth), "both ends of a hold agree");
                assert_eq!(owners.get(&owner.id), Some(&owner.bytes), "the owner is the value's");
                let counts = seen.entry(hold.owner).or_insert((0, 0));
                counts.0 += 1;
                counts.1 += u32::from(leaving);
            }
        }
        let (mut bytes, mut leaving_bytes, mut n_owners) = (0, 0, 0);
        for (index, owner) in self.owners.live() {
            assert_eq!(
                seen.get(&index),
                Some(&(owner.holders.len(), owner.n_leaving)),
                "holders of an owner"
            );
            bytes += owner.bytes;
            leaving_bytes += owner.leaving_bytes();
            n_owners += 1;
        }
        assert_eq!(n_owners, seen.len(), "every owner is found by its id");
        assert_eq!((self.owners.bytes, self.owners.leaving_bytes), (bytes, leaving_bytes), "bytes of owners");
    }

    fn check_candidates(&self) {
        for (index, entry) in self.live() {
            let in_memory = matches!(entry.residence, Residence::Memory { .. });
            assert!(in_memory || entry.standing == Standing::Out, "only what lies in memory is a candidate");
            let unranked = self.victims.unranked.contains(&index);
            assert_eq!(unranked, entry.standing == Standing::Unranked, "unranked candidates");
            if let Standing::Ranked(rank) = entry.standing {
                assert!(
                    self.victims.ranked.contains(&(rank, Reverse(entry.used), index)),
                    "ranked candidates"
                );
            }
        }
        let n_candidates = self.live().filter(|(_, entry)| entry.standing != Standing::Out).count();
        assert_eq!(self.victims.unranked.len() + self.victims.ranked.len(), n_candidates);
    }
}
