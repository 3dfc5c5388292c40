//! The store: which slot holds what, where it is, and how many bytes that takes.

use std::sync::Arc;

use raskt_core::{Fit, OwnerId, Result, Value, vast_vec};

use crate::entry::{Entry, EntryIx, Residence, Slot, Standing};
use crate::owners::{Holder, OwnerTable};
use crate::victims::Victims;
use crate::{LoadJob, SpillFolder, SpilledFile};

/// Smaller values are never spilled by default: a file costs more than it frees.
pub const SPILL_MIN_BYTES: u64 = 64 << 10;

/// How much memory the values may take, and which of them may go to disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes beyond which values are spilled; `u64::MAX` says that nothing ever is.
    pub budget_bytes: u64,
    /// Smaller values are never spilled.
    pub spill_min_bytes: u64,
}

impl Default for Limits {
    /// No budget; [`SPILL_MIN_BYTES`].
    fn default() -> Self {
        Self { budget_bytes: u64::MAX, spill_min_bytes: SPILL_MIN_BYTES }
    }
}

/// What [`Store::fetch`] found.
#[derive(Debug)]
#[must_use]
pub enum Fetch {
    /// The value.
    Ready(Value),
    /// It is on disk: run the job without the lock, then report to [`Store::loaded`].
    Load(LoadJob),
    /// Another thread is reading it: fetch again after that one has reported.
    Busy,
    /// Nothing was put there, or it was released.
    Empty,
}

/// The values of one running graph, by slot. See the crate's page for what it does and what it leaves.
///
/// Nothing here drops a value that was put, removes a file, or encodes: what leaves the store is returned,
/// to be dropped without the lock. [`raskt_core::Opaque::size_bytes`] and `visit_owners` *are* called, and
/// should be quick.
pub struct Store {
    pub(crate) slots: Vec<Slot>,
    pub(crate) entries: Vec<Entry>,
    pub(crate) free: Vec<EntryIx>,
    pub(crate) owners: OwnerTable,
    pub(crate) victims: Victims,
    pub(crate) limits: Limits,
    pub(crate) folder: Option<Arc<SpillFolder>>,
    /// Bytes of values alone: in slots, and in entries that are in memory.
    pub(crate) own_bytes: u64,
    /// Of those, the bytes of entries on their way to disk.
    pub(crate) leaving_own_bytes: u64,
    /// Bytes of values that are being read.
    pub(crate) loading_bytes: u64,
    /// Bytes that were freed of values that were handed over: they are with the readers.
    pub(crate) handed_over_bytes: u64,
    pub(crate) spilled_bytes: u64,
    pub(crate) reserved_bytes: u64,
    pub(crate) peak_bytes: u64,
    pub(crate) evicted_bytes: u64,
    pub(crate) clock: u64,
    /// Slots released while a job on them ran; its report will be for a value that is gone.
    pub(crate) orphans: Vec<u32>,
    /// Files of released values, to be removed by whoever leaves the lock next.
    pub(crate) dead_files: Vec<SpilledFile>,
    /// The disk was full, and no file of ours has gone since.
    pub(crate) stalled: bool,
    scratch: Vec<(OwnerId, u64)>,
}

impl Store {
    /// A store of `n_slots` empty slots; without a folder it never spills.
    #[must_use]
    pub fn new(n_slots: usize, limits: Limits, folder: Option<Arc<SpillFolder>>) -> Self {
        let mut store = Self {
            slots: Vec::new(),
            entries: Vec::new(),
            free: Vec::new(),
            owners: OwnerTable::default(),
            victims: Victims::default(),
            limits,
            folder,
            own_bytes: 0,
            leaving_own_bytes: 0,
            loading_bytes: 0,
            handed_over_bytes: 0,
            spilled_bytes: 0,
            reserved_bytes: 0,
            peak_bytes: 0,
            evicted_bytes: 0,
            clock: 0,
            orphans: Vec::new(),
            dead_files: Vec::new(),
            stalled: false,
            scratch: Vec::new(),
        };
        store.grow(n_slots);
        store
    }

    /// Makes room for slots below `n_slots`; never shrinks.
    pub fn grow(&mut self, n_slots: usize) {
        if self.slots.is_empty() {
            self.slots = vast_vec(n_slots);
        }
        if n_slots > self.slots.len() {
            self.slots.resize_with(n_slots, Slot::default);
        }
    }

    /// Keeps `value`. What the slot held before, if anything, is released and returned.
    #[inline]
    pub fn put(&mut self, slot: u32, value: Value) -> Option<Value> {
        if !value.is_immediate() {
            return self.put_accounted(slot, value);
        }
        match std::mem::replace(&mut self.slots[slot as usize], Slot::Small { value, bytes: 0 }) {
            Slot::Empty => None,
            before => self.let_go(slot, before),
        }
    }

    fn put_accounted(&mut self, slot: u32, value: Value) -> Option<Value> {
        let before = self.release(slot);
        let own_bytes = value.own_bytes();
        let mut owners = std::mem::take(&mut self.scratch);
        value.visit_owners(&mut |owner, bytes| owners.push((owner, bytes)));
        match u32::try_from(own_bytes) {
            Ok(bytes) if owners.is_empty() && own_bytes < self.limits.spill_min_bytes => {
                self.slots[slot as usize] = Slot::Small { value, bytes };
                self.own_bytes += own_bytes;
            }
            _ => {
                let index = self.new_entry(slot);
                self.account(index, own_bytes, &owners);
                self.entries[index as usize].residence = Residence::Memory { value, copy: None };
                self.slots[slot as usize] = Slot::Entry(index);
                self.nominate(index);
            }
        }
        owners.clear();
        self.scratch = owners;
        self.note_peak();
        before
    }

    fn new_entry(&mut self, slot: u32) -> EntryIx {
        let index = self.free.pop().unwrap_or_else(|| {
            self.entries.push(Entry::vacant());
            self.entries.len().fit::<u32>() - 1
        });
        self.clock += 1;
        let entry = &mut self.entries[index as usize];
        (entry.slot, entry.born, entry.used, entry.unspillable) = (slot, self.clock, self.clock, false);
        index
    }

    /// Enters the memory of a value into the books.
    fn account(&mut self, index: EntryIx, own_bytes: u64, owners: &[(OwnerId, u64)]) {
        let entry = &mut self.entries[index as usize];
        entry.own_bytes = own_bytes;
        self.own_bytes += own_bytes;
        for &(owner, bytes) in owners {
            let holder = Holder { entry: index, nth: entry.holds.len().fit::<u32>() };
            entry.holds.extend(self.owners.hold(owner, bytes, holder));
        }
    }

    /// Strikes the memory of a value from the books.
    pub(crate) fn unaccount(&mut self, index: EntryIx) {
        let entry = &mut self.entries[index as usize];
        self.own_bytes -= std::mem::take(&mut entry.own_bytes);
        for hold in std::mem::take(&mut entry.holds) {
            if let Some(moved) = self.owners.unhold(hold) {
                self.entries[moved.entry as usize].holds[moved.nth as usize].at = hold.at;
            }
        }
    }

    /// The value that came back from disk, into the books and the entry.
    pub(crate) fn settle(&mut self, index: EntryIx, value: Value, copy: SpilledFile) {
        let mut owners = std::mem::take(&mut self.scratch);
        value.visit_owners(&mut |owner, bytes| owners.push((owner, bytes)));
        self.account(index, value.own_bytes(), &owners);
        owners.clear();
        self.scratch = owners;
        self.entries[index as usize].residence = Residence::Memory { value, copy: Some(copy) };
        self.touch(index);
        self.note_peak();
    }

    /// Makes an entry a candidate for spilling if it may be one.
    fn nominate(&mut self, index: EntryIx) {
        let can_spill = self.folder.is_some() && self.limits.budget_bytes != u64::MAX;
        if can_spill
            && !self.entries[index as usize].unspillable
            && self.entry_bytes(index) >= self.limits.spill_min_bytes
        {
            self.victims.set(index, &mut self.entries[index as usize], Standing::Unranked);
        }
    }

    /// Notes a use of an entry in memory: its next need has moved.
    pub(crate) fn touch(&mut self, index: EntryIx) {
        self.clock += 1;
        self.victims.set(index, &mut self.entries[index as usize], Standing::Out);
        self.entries[index as usize].used = self.clock;
        if matches!(self.entries[index as usize].residence, Residence::Memory { .. }) {
            self.nominate(index);
        }
    }

    /// The value of a slot, or how to get it.
    #[inline]
    pub fn fetch(&mut self, slot: u32) -> Fetch {
        match &self.slots[slot as usize] {
            Slot::Empty => Fetch::Empty,
            Slot::Small { value, .. } => Fetch::Ready(value.clone()),
            &Slot::Entry(index) => self.fetch_entry(slot, index),
        }
    }

    fn fetch_entry(&mut self, slot: u32, index: EntryIx) -> Fetch {
        let value = match &mut self.entries[index as usize].residence {
            Residence::Vacant | Residence::HandedOver { .. } => return Fetch::Empty,
            Residence::Loading { .. } => return Fetch::Busy,
            Residence::Disk { file } => {
                let file = file.clone();
                self.loading_bytes += file.size_bytes();
                self.entries[index as usize].residence = Residence::Loading { file: file.clone() };
                self.note_peak();
                return Fetch::Load(LoadJob { slot, file, dead_files: std::mem::take(&mut self.dead_files) });
            }
            Residence::Memory { value, .. } => value.clone(),
            Residence::Spilling { value, wanted, .. } => {
                let value = value.clone();
                if !std::mem::replace(wanted, true) {
                    self.stop_leaving(index);
                }
                value
            }
        };
        self.touch(index);
        Fetch::Ready(value)
    }

    /// The outcome of a [`LoadJob`]. The value (or error) is handed back for the thread that read it.
    /// After an error the slot stays on disk, and the next fetch will try again.
    ///
    /// # Errors
    /// The one that was passed in.
    pub fn loaded(&mut self, slot: u32, outcome: Result<Value>) -> Result<Value> {
        if self.take_orphan(slot) {
            return outcome;
        }
        let Slot::Entry(index) = self.slots[slot as usize] else { return outcome };
        let residence = &mut self.entries[index as usize].residence;
        let file = match std::mem::replace(residence, Residence::Vacant) {
            Residence::Loading { file } => file,
            other => {
                debug_assert!(false, "a report on slot {slot}, which nobody reads");
                *residence = other;
                return outcome;
            }
        };
        self.loading_bytes -= file.size_bytes();
        match outcome {
            Ok(value) => {
                self.settle(index, value.clone(), file);
                Ok(value)
            }
            Err(error) => {
                *residence_of(&mut self.entries, index) = Residence::Disk { file };
                Err(error)
            }
        }
    }

    /// Forgets a slot and returns its value if that was in memory: drop it without the lock. A file of it
    /// is removed by the next job, or by whoever drops [`Store::take_dead_files`].
    #[inline]
    pub fn release(&mut self, slot: u32) -> Option<Value> {
        let content = std::mem::take(&mut self.slots[slot as usize]);
        self.let_go(slot, content)
    }

    #[inline]
    fn let_go(&mut self, slot: u32, content: Slot) -> Option<Value> {
        match content {
            Slot::Empty => None,
            Slot::Small { value, bytes } => {
                self.own_bytes -= u64::from(bytes);
                Some(value)
            }
            Slot::Entry(index) => self.release_entry(slot, index),
        }
    }

    fn release_entry(&mut self, slot: u32, index: EntryIx) -> Option<Value> {
        self.victims.set(index, &mut self.entries[index as usize], Standing::Out);
        match &self.entries[index as usize].residence {
            Residence::Vacant | Residence::Memory { .. } | Residence::Disk { .. } => {}
            Residence::HandedOver { bytes, .. } => self.handed_over_bytes -= bytes,
            Residence::Spilling { wanted, .. } => {
                let wanted = *wanted;
                self.orphans.push(slot);
                if !wanted {
                    self.stop_leaving(index);
                }
            }
            Residence::Loading { file } => {
                self.orphans.push(slot);
                self.loading_bytes -= file.size_bytes();
            }
        }
        self.unaccount(index);
        let residence = std::mem::replace(residence_of(&mut self.entries, index), Residence::Vacant);
        self.free.push(index);
        let (value, file) = residence.into_parts();
        if let Some(file) = file {
            self.bury(file);
        }
        value
    }

    /// Takes a file that the store counted out of the books; it goes when the next job runs.
    pub(crate) fn bury(&mut self, file: SpilledFile) {
        self.spilled_bytes -= file.size_bytes();
        self.stalled = false;
        self.dead_files.push(file);
    }

    /// Files of released values: dropping them removes them, which is slow; do it without the lock. Jobs
    /// take them along, so that calling this is only needed where no job may come for long.
    #[must_use]
    pub fn take_dead_files(&mut self) -> Vec<SpilledFile> {
        std::mem::take(&mut self.dead_files)
    }

    /// Whether the report on `slot` is of a job whose value was released while it ran.
    pub(crate) fn take_orphan(&mut self, slot: u32) -> bool {
        let place = self.orphans.iter().position(|&orphan| orphan == slot);
        place.map(|at| self.orphans.swap_remove(at)).is_some()
    }

    /// Bytes in memory, every owner counted once; what is being read back, and what was handed over, is included.
    #[must_use]
    #[inline]
    pub fn memory_bytes(&self) -> u64 {
        self.own_bytes + self.owners.bytes + self.loading_bytes + self.handed_over_bytes
    }

    /// Bytes of the files on disk, copies of values that are in memory too included.
    #[must_use]
    pub fn spilled_bytes(&self) -> u64 {
        self.spilled_bytes
    }

    /// The most that [`Store::memory_bytes`] has been.
    #[must_use]
    pub fn peak_bytes(&self) -> u64 {
        self.peak_bytes
    }

    /// The budget; `u64::MAX` for none.
    #[must_use]
    pub fn budget_bytes(&self) -> u64 {
        self.limits.budget_bytes
    }

    /// Changes the budget. A store that began without one goes on without: it has not kept books on what could go.
    pub fn set_budget_bytes(&mut self, bytes: u64) {
        if self.limits.budget_bytes != u64::MAX {
            self.limits.budget_bytes = bytes.min(u64::MAX - 1);
        }
    }

    /// Bytes in memory and [reserved](Store::reserve).
    #[must_use]
    pub fn used_bytes(&self) -> u64 {
        self.memory_bytes().saturating_add(self.reserved_bytes)
    }

    /// Counts `bytes` that running tasks are expected to put.
    pub fn reserve(&mut self, bytes: u64) {
        self.reserved_bytes = self.reserved_bytes.saturating_add(bytes);
    }

    /// Takes a reservation back.
    pub fn unreserve(&mut self, bytes: u64) {
        self.reserved_bytes = self.reserved_bytes.saturating_sub(bytes);
    }

    /// How far memory and reservations are beyond the budget, less what spills under way will free: spill
    /// while this is not 0.
    #[must_use]
    #[inline]
    pub fn excess_bytes(&self) -> u64 {
        let leaving = self.leaving_own_bytes + self.owners.leaving_bytes;
        let staying = (self.memory_bytes() - leaving).saturating_add(self.reserved_bytes);
        staying.saturating_sub(self.limits.budget_bytes)
    }

    /// Bytes of a slot's value: its own, and all of every buffer it keeps alive; of its file where it is on
    /// disk.
    #[must_use]
    pub fn value_bytes(&self, slot: u32) -> u64 {
        match &self.slots[slot as usize] {
            Slot::Empty => 0,
            Slot::Small { bytes, .. } => u64::from(*bytes),
            &Slot::Entry(index) => self.entry_bytes(index),
        }
    }

    fn entry_bytes(&self, index: EntryIx) -> u64 {
        let entry = &self.entries[index as usize];
        match &entry.residence {
            Residence::Vacant => 0,
            Residence::Disk { file } | Residence::Loading { file } => file.size_bytes(),
            Residence::HandedOver { bytes, .. } => *bytes,
            Residence::Memory { .. } | Residence::Spilling { .. } => {
                entry.own_bytes + entry.holds.iter().map(|&hold| self.owners.get(hold).bytes).sum::<u64>()
            }
        }
    }

    #[inline]
    fn note_peak(&mut self) {
        self.peak_bytes = self.peak_bytes.max(self.memory_bytes());
    }
}

pub(crate) fn residence_of(entries: &mut [Entry], index: EntryIx) -> &mut Residence {
    &mut entries[index as usize].residence
}
