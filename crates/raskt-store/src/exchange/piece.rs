//! One piece of data, in memory or on disk.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use raskt_core::Payload;
use rustc_hash::{FxHashMap, FxHashSet};

use super::file::Extent;
use super::service::Shared;

/// What was appended at once for one output.
pub(crate) struct Piece {
    bytes: u64,
    residence: Mutex<Residence>,
}

enum Residence {
    Memory { payload: Arc<Payload>, exchange: Arc<Shared> },
    Disk(Extent),
}

/// A piece in memory, and its output.
pub(crate) struct Resident {
    pub output: u32,
    pub piece: Weak<Piece>,
}

impl Piece {
    pub fn in_memory(exchange: Arc<Shared>, payload: Payload) -> Arc<Self> {
        let bytes = payload.size_bytes();
        exchange.memory_bytes.fetch_add(bytes, Ordering::Relaxed);
        let residence = Residence::Memory { payload: Arc::new(payload), exchange };
        Arc::new(Self { bytes, residence: Mutex::new(residence) })
    }

    /// A piece of so many bytes that another process wrote.
    pub fn on_disk(bytes: u64, place: Extent) -> Arc<Self> {
        Arc::new(Self { bytes, residence: Mutex::new(Residence::Disk(place)) })
    }

    /// The bytes of its payload.
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Its payload, where that is in memory.
    pub fn payload(&self) -> Option<Arc<Payload>> {
        match &*self.residence.lock() {
            Residence::Memory { payload, .. } => Some(Arc::clone(payload)),
            Residence::Disk(_) => None,
        }
    }

    /// Where it is on disk, if it is there.
    pub fn extent(&self) -> Option<Extent> {
        match &*self.residence.lock() {
            Residence::Memory { .. } => None,
            Residence::Disk(extent) => Some(extent.clone()),
        }
    }

    /// It has been written: memory is given up.
    pub fn move_to(&self, place: Extent) {
        let before = std::mem::replace(&mut *self.residence.lock(), Residence::Disk(place));
        before.leave_memory(self.bytes);
    }
}

impl Residence {
    fn leave_memory(&self, bytes: u64) {
        if let Self::Memory { exchange, .. } = self {
            exchange.memory_bytes.fetch_sub(bytes, Ordering::Relaxed);
        }
    }
}

impl Drop for Piece {
    fn drop(&mut self) {
        self.residence.get_mut().leave_memory(self.bytes);
    }
}

/// Chooses pieces of the outputs that have most in memory, `wanted_bytes` at least where there are so many: those that
/// go to disk, sorted by output and then by age, and those that stay.
pub(crate) fn choose(resident: Vec<Resident>, wanted_bytes: u64) -> (Vec<(u32, Arc<Piece>)>, Vec<Resident>) {
    let mut bytes_of: FxHashMap<u32, u64> = FxHashMap::default();
    let alive: Vec<_> = resident
        .into_iter()
        .filter_map(|resident| Some((resident.output, resident.piece.upgrade()?)))
        .filter(|(_, piece)| piece.payload().is_some())
        .inspect(|(output, piece)| *bytes_of.entry(*output).or_default() += piece.bytes())
        .collect();
    let mut by_size: Vec<(u32, u64)> = bytes_of.into_iter().collect();
    by_size.sort_unstable_by_key(|&(output, bytes)| (std::cmp::Reverse(bytes), output));
    let mut chosen: FxHashSet<u32> = FxHashSet::default();
    let mut bytes_chosen = 0;
    for (output, bytes) in by_size {
        if bytes_chosen >= wanted_bytes {
            break;
        }
        bytes_chosen += bytes;
        chosen.insert(output);
    }
    let (mut leaving, staying): (Vec<_>, Vec<_>) =
        alive.into_iter().partition(|(output, _)| chosen.contains(output));
    leaving.sort_by_key(|(output, _)| *output);
    let staying =
        staying.into_iter().map(|(output, piece)| Resident { output, piece: Arc::downgrade(&piece) });
    (leaving, staying.collect())
}
