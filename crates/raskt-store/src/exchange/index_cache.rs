//! Lists of pieces that other processes wrote: each is read once, though every receiving task asks for it.

use std::collections::VecDeque;
use std::io::{BufReader, Seek, SeekFrom};

use raskt_core::{ProcessLock, Result};
use rustc_hash::FxHashMap;

use super::file::Extent;
use super::sent::Index;
use crate::image::{GATHER_BYTES, io_error, read_image};

/// So many pieces are named by the lists that are kept, at the most.
const N_PIECES_MAX: usize = 1 << 18;

/// Folder, file and slot of an index.
type Place = (u64, u64, u64);

#[derive(Default)]
struct Cache {
    lists: FxHashMap<Place, Index>,
    /// Oldest first.
    order: VecDeque<Place>,
    n_pieces: usize,
}

static CACHE: ProcessLock<Option<Cache>> = ProcessLock::new(None);

/// The list of pieces at `extent`.
///
/// # Errors
/// [`ErrorKind::Corrupt`](raskt_core::ErrorKind::Corrupt) or [`ErrorKind::Io`](raskt_core::ErrorKind::Io), with the path.
pub(super) fn get(extent: &Extent) -> Result<Index> {
    let stamp = extent.stamp();
    let place = (stamp.folder, stamp.file, stamp.slot);
    if let Some(found) = CACHE.lock().as_ref().and_then(|cache| cache.lists.get(&place)) {
        return Ok(found.clone());
    }
    let index = read(extent)?;
    let mut cache = CACHE.lock();
    let gone = cache.get_or_insert_default().add(place, index.clone());
    drop(cache);
    drop(gone);
    Ok(index)
}

fn read(extent: &Extent) -> Result<Index> {
    let path = extent.file.path();
    let mut source = extent.file.open().map_err(|error| io_error(&error, path))?;
    source.seek(SeekFrom::Start(extent.offset)).map_err(|error| io_error(&error, path))?;
    let mut source = BufReader::with_capacity(GATHER_BYTES, source);
    Index::decode(&read_image(&mut source, extent.bytes, extent.stamp(), path)?.header)
}

impl Cache {
    /// Returns what goes for it, to be dropped outside the lock.
    #[must_use]
    fn add(&mut self, place: Place, index: Index) -> Vec<Index> {
        let n_pieces = index.n_pieces();
        let mut all_gone = Vec::new();
        if let Some(before) = self.lists.insert(place, index) {
            all_gone.push(before);
            return all_gone;
        }
        self.n_pieces += n_pieces;
        self.order.push_back(place);
        while self.n_pieces > N_PIECES_MAX && self.order.len() > 1 {
            let oldest = self.order.pop_front();
            let gone = oldest.and_then(|place| self.lists.remove(&place));
            self.n_pieces -= gone.as_ref().map_or(0, Index::n_pieces);
            all_gone.extend(gone);
        }
        all_gone
    }
}
