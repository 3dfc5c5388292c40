//! The exchange itself: how much of its pieces is in memory, and which go to disk.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::Mutex;
use raskt_core::{ErrorKind, Payload, Result};
use rustc_hash::FxHashMap;

use super::file::{self, Extent};
use super::piece::{self, Piece, Resident};
use super::sender::Sender;
use crate::SpillFolder;

/// Where the tasks of a computation exchange pieces. Cloning is cheap: clones are one exchange.
#[derive(Clone)]
pub struct Exchange(Arc<Shared>);

pub(super) struct Shared {
    memory_max_bytes: u64,
    /// None where nothing can be written: then all stays in memory.
    folder: Option<Arc<SpillFolder>>,
    /// Of pieces that are alive and in memory.
    pub(super) memory_bytes: AtomicU64,
    spilled_bytes: AtomicU64,
    /// Pieces that were in memory when they were appended, or put back.
    resident: Mutex<Vec<Resident>>,
    /// Held by whoever moves pieces to disk.
    spilling: Mutex<()>,
}

impl Exchange {
    /// An exchange that keeps up to `memory_max_bytes` of pieces in memory, and the others in files in `folder`. Without
    /// a folder all stay in memory.
    #[must_use]
    pub fn new(memory_max_bytes: u64, folder: Option<Arc<SpillFolder>>) -> Self {
        Self(Arc::new(Shared {
            memory_max_bytes,
            folder,
            memory_bytes: AtomicU64::new(0),
            spilled_bytes: AtomicU64::new(0),
            resident: Mutex::new(Vec::new()),
            spilling: Mutex::new(()),
        }))
    }

    /// What a task sends the pieces of its input with, to `n_outputs` outputs.
    ///
    /// # Errors
    /// [`ErrorKind::OutOfMemory`](raskt_core::ErrorKind::OutOfMemory).
    pub fn sender(&self, n_outputs: u32) -> Result<Sender> {
        Sender::new(self.clone(), n_outputs)
    }

    /// Bytes of the pieces that are in memory.
    #[must_use]
    pub fn memory_bytes(&self) -> u64 {
        self.0.memory_bytes.load(Ordering::Relaxed)
    }

    /// Bytes that have been written to disk so far.
    #[must_use]
    pub fn spilled_bytes(&self) -> u64 {
        self.0.spilled_bytes.load(Ordering::Relaxed)
    }

    /// A piece in memory; others go to disk if it does not fit beside them.
    pub(super) fn append(&self, output: u32, payload: Payload) -> Result<Arc<Piece>> {
        let piece = Piece::in_memory(Arc::clone(&self.0), payload);
        self.0.resident.lock().push(Resident { output, piece: Arc::downgrade(&piece) });
        if self.0.is_full() {
            self.relieve()?;
        }
        Ok(piece)
    }

    /// Moves pieces of the largest outputs to disk until half of the budget is free.
    fn relieve(&self) -> Result<()> {
        let shared = &self.0;
        let Some(folder) = &shared.folder else { return Ok(()) };
        // Whoever comes second waits, and finds room.
        let _alone = shared.spilling.lock();
        if !shared.is_full() {
            return Ok(());
        }
        let resident = std::mem::take(&mut *shared.resident.lock());
        let wanted_bytes = self.memory_bytes().saturating_sub(shared.memory_max_bytes / 2);
        let (leaving, staying) = piece::choose(resident, wanted_bytes);
        shared.resident.lock().extend(staying);
        let pieces: Vec<_> = leaving.iter().map(|(_, piece)| Arc::clone(piece)).collect();
        match file::write(folder, &pieces, |_| Ok(None)) {
            Ok((places, _)) => {
                self.moved(pieces, places);
                Ok(())
            }
            Err(error) => {
                let back = leaving.iter();
                let back =
                    back.map(|(output, piece)| Resident { output: *output, piece: Arc::downgrade(piece) });
                shared.resident.lock().extend(back);
                Err(error)
            }
        }
    }

    /// Moves those of `pieces` to disk that are in memory, and behind them what `index` makes of the places of all: where
    /// that is.
    pub(super) fn settle(
        &self,
        pieces: &[(u32, Arc<Piece>)],
        index: impl FnOnce(&dyn Fn(&Arc<Piece>) -> Option<Extent>) -> Result<Payload>,
    ) -> Result<Extent> {
        let Some(folder) = &self.0.folder else {
            let what = "pieces of an exchange that has no folder".to_owned();
            return Err(ErrorKind::NotEncodable(what).into());
        };
        let _alone = self.0.spilling.lock();
        let in_memory = pieces.iter().filter(|(_, piece)| piece.payload().is_some());
        let leaving: Vec<_> = in_memory.map(|(_, piece)| Arc::clone(piece)).collect();
        let (places, index) = file::write(folder, &leaving, |places| {
            let places = places.iter();
            let moved: FxHashMap<usize, &Extent> =
                leaving.iter().map(|piece| Arc::as_ptr(piece).addr()).zip(places).collect();
            let extent_of = |piece: &Arc<Piece>| match moved.get(&Arc::as_ptr(piece).addr()) {
                Some(&extent) => Some(extent.clone()),
                None => piece.extent(),
            };
            index(&extent_of).map(Some)
        })?;
        self.moved(leaving, places);
        index.ok_or_else(|| ErrorKind::InvalidValue("no index was written".into()).into())
    }

    /// Pieces have been written to `places`.
    fn moved(&self, pieces: Vec<Arc<Piece>>, places: Vec<Extent>) {
        let bytes: u64 = places.iter().map(|place| place.bytes).sum();
        pieces.into_iter().zip(places).for_each(|(piece, place)| piece.move_to(place));
        self.0.spilled_bytes.fetch_add(bytes, Ordering::Relaxed);
    }
}

impl Shared {
    fn is_full(&self) -> bool {
        self.memory_bytes.load(Ordering::Relaxed) > self.memory_max_bytes
    }
}

impl fmt::Debug for Exchange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Exchange({} bytes in memory, {} on disk)", self.memory_bytes(), self.spilled_bytes())
    }
}
