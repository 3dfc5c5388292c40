//! Spilling: choosing a victim, writing it, and what its report changes.

use std::fmt;
use std::sync::Arc;

use raskt_core::encode::encode_value;
use raskt_core::{Error, ErrorKind, Result, Value};

use crate::entry::{EntryIx, Residence, Slot, Standing};
use crate::store::residence_of;
use crate::victims::IN_USE;
use crate::{SpillFolder, SpilledFile, Store};

/// So many bytes evicted are worth a walk through the allocator's arenas, at least.
const TRIM_MIN_BYTES: u64 = 64 << 20;

/// Writes a value to disk. Run it without the lock, then report to [`Store::spilled`], come what may.
#[must_use = "the slot cannot be spilled again until the job was run and reported"]
pub struct SpillJob {
    slot: u32,
    work: Work,
    /// Removed first: that may make the room that the value needs.
    dead_files: Vec<SpilledFile>,
}

enum Work {
    Write {
        value: Value,
        folder: Arc<SpillFolder>,
    },
    /// The file of an earlier spill still holds the value.
    Reuse(SpilledFile),
}

impl SpillJob {
    /// The slot to report on.
    #[must_use]
    pub fn slot(&self) -> u32 {
        self.slot
    }

    /// Encodes and writes; buffers go to the file from where they lie. A file half written is removed.
    ///
    /// # Errors
    /// [`ErrorKind::NotEncodable`], [`ErrorKind::DiskFull`] or [`ErrorKind::Io`].
    pub fn run(self) -> Result<SpilledFile> {
        drop(self.dead_files);
        match self.work {
            Work::Write { value, folder } => SpilledFile::write(&encode_value(&value)?, &folder, self.slot),
            Work::Reuse(file) => Ok(file),
        }
    }
}

impl fmt::Debug for SpillJob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SpillJob({})", self.slot)
    }
}

/// What [`Store::spilled`] did. Drop it without the lock: that is where memory is freed and files go.
#[derive(Debug)]
#[must_use = "drop it without the lock"]
pub enum Spilled {
    /// The value is on disk; its memory is freed when this one goes.
    Freed(Value),
    /// It was fetched meanwhile, and stays in memory as well; its file makes the next spill free of charge.
    Kept,
    /// The slot was released meanwhile: here is the file that nobody needs.
    Obsolete(Option<SpilledFile>),
    /// It stays in memory, for this reason. After [`ErrorKind::DiskFull`] nothing is spilled until a file
    /// of the store has gone; after any other error this slot is never spilled again.
    Failed(Error),
    /// The disk was full, as has been said before.
    FailedAgain,
}

impl Store {
    /// A job that spills the value needed latest, or `None` where nothing can be spilled.
    ///
    /// `next_need` gives for a slot when it is needed next: the position of the task in the global order,
    /// [`IN_USE`] for one that a running task uses, `u64::MAX` for one that no task needs any more. A rank may
    /// change only when the slot is fetched, or from or to [`IN_USE`]. Values that share a buffer are spilled
    /// in a row, ranked by the first that is needed, since only the last frees it.
    pub fn next_spill(&mut self, next_need: &mut dyn FnMut(u32) -> u64) -> Option<SpillJob> {
        let folder = self.folder.as_ref().filter(|_| !self.stalled)?;
        let folder = Arc::clone(folder);
        let orphans = &self.orphans;
        // One report at a time on a slot: a value put while the job of its predecessor runs has to wait.
        let index = self.victims.choose(&mut self.entries, &self.owners, &mut |entry| {
            if orphans.contains(&entry.slot) { IN_USE } else { next_need(entry.slot) }
        })?;
        let entry = &mut self.entries[index as usize];
        self.victims.set(index, entry, Standing::Out);
        let (value, copy) = std::mem::replace(&mut entry.residence, Residence::Vacant).into_parts();
        let value = value?;
        let work = match &copy {
            Some(file) => Work::Reuse(file.clone()),
            None => Work::Write { value: value.clone(), folder },
        };
        entry.residence = Residence::Spilling { value, copy, wanted: false };
        let slot = entry.slot;
        self.leaving_own_bytes += entry.own_bytes;
        entry.holds.iter().for_each(|&hold| self.owners.add_leaving(hold, 1));
        Some(SpillJob { slot, work, dead_files: std::mem::take(&mut self.dead_files) })
    }

    /// The value of an entry will not leave memory after all.
    pub(crate) fn stop_leaving(&mut self, index: EntryIx) {
        let entry = &self.entries[index as usize];
        self.leaving_own_bytes -= entry.own_bytes;
        entry.holds.iter().for_each(|&hold| self.owners.add_leaving(hold, -1));
    }

    /// The outcome of a [`SpillJob`].
    pub fn spilled(&mut self, slot: u32, outcome: Result<SpilledFile>) -> Spilled {
        if self.take_orphan(slot) {
            return Spilled::Obsolete(outcome.ok());
        }
        let Slot::Entry(index) = self.slots[slot as usize] else { return Spilled::Obsolete(outcome.ok()) };
        let residence = residence_of(&mut self.entries, index);
        let (value, copy, wanted) = match std::mem::replace(residence, Residence::Vacant) {
            Residence::Spilling { value, copy, wanted } => (value, copy, wanted),
            other => {
                debug_assert!(false, "a report on slot {slot}, which nobody spills");
                *residence = other;
                return Spilled::Obsolete(outcome.ok());
            }
        };
        if !wanted {
            self.stop_leaving(index);
        }
        match outcome {
            Ok(file) => {
                if copy.is_none() {
                    self.spilled_bytes += file.size_bytes();
                }
                self.keep_or_free(index, value, file, wanted)
            }
            Err(error) => {
                *residence_of(&mut self.entries, index) = Residence::Memory { value, copy };
                self.note_failure(index, error)
            }
        }
    }

    fn keep_or_free(&mut self, index: EntryIx, value: Value, file: SpilledFile, wanted: bool) -> Spilled {
        if wanted {
            *residence_of(&mut self.entries, index) = Residence::Memory { value, copy: Some(file) };
            self.touch(index);
            return Spilled::Kept;
        }
        let before = self.memory_bytes();
        self.unaccount(index);
        self.evicted_bytes += before - self.memory_bytes();
        *residence_of(&mut self.entries, index) = Residence::Disk { file };
        Spilled::Freed(value)
    }

    fn note_failure(&mut self, index: EntryIx, error: Error) -> Spilled {
        let full = matches!(error.kind(), ErrorKind::DiskFull { .. });
        self.entries[index as usize].unspillable = !full;
        self.touch(index);
        if full && std::mem::replace(&mut self.stalled, true) {
            return Spilled::FailedAgain;
        }
        Spilled::Failed(error)
    }

    /// Whether so much was evicted since the last time that [`crate::trim_allocator`] is worth its while:
    /// an eighth of the budget, 64 MiB at least. Call that without the lock, after dropping what
    /// [`Store::spilled`] returned.
    #[must_use]
    pub fn trim_due(&mut self) -> bool {
        let due = self.evicted_bytes >= (self.limits.budget_bytes / 8).max(TRIM_MIN_BYTES);
        if due {
            self.evicted_bytes = 0;
        }
        due
    }
}
