//! What a slot holds: a small value in place, or the number of an entry in the arena of accounted values.

use raskt_core::Value;
use smallvec::SmallVec;

use crate::SpilledFile;
use crate::owners::Hold;

/// Index of an [`Entry`] in the store's arena.
pub(crate) type EntryIx = u32;

/// One slot; 32 bytes.
#[derive(Default)]
pub(crate) enum Slot {
    /// Nothing was put, or it was released.
    #[default]
    Empty,
    /// A value without buffers that is too small to spill, and its bytes.
    Small { value: Value, bytes: u32 },
    /// A value that owns buffers or may spill.
    Entry(EntryIx),
}

/// A value that is accounted by owner, and may live on disk.
pub(crate) struct Entry {
    pub slot: u32,
    /// The store's clock when it was put: tells this use of the arena place from another.
    pub born: u64,
    /// The store's clock when it was last put, fetched or loaded.
    pub used: u64,
    /// Bytes of the value alone, shared buffers left out; 0 while it is not in memory.
    pub own_bytes: u64,
    /// Its part in each owner of memory; empty while it is not in memory.
    pub holds: SmallVec<[Hold; 1]>,
    pub residence: Residence,
    pub standing: Standing,
    /// Set for good when the value turned out to have no encoding, or its write failed.
    pub unspillable: bool,
}

/// Where the value is.
pub(crate) enum Residence {
    /// Nowhere: this place of the arena is free.
    Vacant,
    /// In memory, perhaps with a copy on disk from an earlier spill.
    Memory { value: Value, copy: Option<SpilledFile> },
    /// In memory and readable, while a job writes it; `wanted` once it was fetched since the job began.
    Spilling { value: Value, copy: Option<SpilledFile>, wanted: bool },
    /// With its last reader, who may have it as its own; these bytes of memory are with it until it is released.
    HandedOver { bytes: u64, copy: Option<SpilledFile> },
    /// On disk only.
    Disk { file: SpilledFile },
    /// On disk, and being read by a thread.
    Loading { file: SpilledFile },
}

/// What the choice of victims knows of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// No candidate.
    Out,
    /// A candidate whose next need has to be asked for.
    Unranked,
    /// A candidate, filed under this rank.
    Ranked(u64),
}

impl Entry {
    pub fn vacant() -> Self {
        Self {
            slot: u32::MAX,
            born: 0,
            used: 0,
            own_bytes: 0,
            holds: SmallVec::new(),
            residence: Residence::Vacant,
            standing: Standing::Out,
            unspillable: false,
        }
    }

    /// The file that the entry keeps alive, whatever it is for.
    pub fn file(&self) -> Option<&SpilledFile> {
        match &self.residence {
            Residence::Vacant => None,
            Residence::Memory { copy, .. }
            | Residence::Spilling { copy, .. }
            | Residence::HandedOver { copy, .. } => copy.as_ref(),
            Residence::Disk { file } | Residence::Loading { file } => Some(file),
        }
    }
}

impl Residence {
    /// The value and the file, taken apart.
    pub fn into_parts(self) -> (Option<Value>, Option<SpilledFile>) {
        match self {
            Self::Vacant => (None, None),
            Self::Memory { value, copy } | Self::Spilling { value, copy, .. } => (Some(value), copy),
            Self::HandedOver { copy, .. } => (None, copy),
            Self::Disk { file } | Self::Loading { file } => (None, Some(file)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_is_four_words() {
        assert!(size_of::<Slot>() <= 32);
    }
}
