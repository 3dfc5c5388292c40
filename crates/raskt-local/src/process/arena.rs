//! Memory that one process shares with others: segments that it owns, and blocks of them that are in use.
//!
//! Fresh pages cost more than the copy into them, so segments are kept and used again. Only the owner writes,
//! and only into blocks that nobody else knows of yet.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;

use parking_lot::Mutex;

use super::shared::{ALIGN_BYTES, Mapping, SharedFile, View};

/// Blocks smaller than this share segments, so that descriptors do not run out.
const SEGMENT_BYTES: usize = 32 << 20;

/// A segment that this process owns.
#[derive(Debug)]
pub struct OwnSegment {
    /// Its number in the arena.
    pub number: u32,
    /// The file behind it.
    pub file: SharedFile,
    mapping: Mapping,
}

impl OwnSegment {
    /// All of it.
    pub fn bytes(&self) -> &[u8] {
        self.mapping.bytes()
    }
}

/// A block in use.
#[derive(Clone, Debug)]
pub struct Place {
    /// Where it is.
    pub segment: Arc<OwnSegment>,
    /// Where it begins there.
    pub offset: usize,
    /// Its length as asked for.
    pub len: usize,
}

#[derive(Debug)]
struct Entry {
    segment: Arc<OwnSegment>,
    /// Free ranges: start, length; neighbours are merged.
    free: BTreeMap<usize, usize>,
    n_used: usize,
}

/// The segments of one process.
#[derive(Debug, Default)]
pub struct Arena {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    entries: BTreeMap<u32, Entry>,
    next: u32,
    /// Blocks in use: (segment, offset) to length.
    blocks: BTreeMap<(u32, usize), usize>,
}

impl Arena {
    /// Copies `bytes` into a block.
    ///
    /// # Errors
    /// The operating system's, where it gives no memory.
    pub fn store(&self, bytes: &[u8]) -> io::Result<Place> {
        let place = self.reserve(bytes.len())?;
        // SAFETY: the block was free, and nobody has been told of it.
        unsafe { place.segment.mapping.write(place.offset, bytes) };
        Ok(place)
    }

    fn reserve(&self, len: usize) -> io::Result<Place> {
        let need = len.max(1).next_multiple_of(ALIGN_BYTES);
        let mut state = self.state.lock();
        if let Some(place) = state.fit(need, len) {
            return Ok(place);
        }
        let number = state.next;
        state.next += 1;
        drop(state);
        // Sizes come in steps, so that a slightly larger block next time finds room.
        let step = (need / 8).next_power_of_two().max(ALIGN_BYTES);
        let size = need.next_multiple_of(step).max(SEGMENT_BYTES);
        let file = SharedFile::create(size)?;
        let mapping = Mapping::new(&file, 0, size, View::Owner)?;
        let segment = Arc::new(OwnSegment { number, file, mapping });
        let mut state = self.state.lock();
        let entry = Entry { segment: Arc::clone(&segment), free: BTreeMap::from([(0, size)]), n_used: 0 };
        state.entries.insert(number, entry);
        state.cut(number, 0, need, len);
        Ok(Place { segment, offset: 0, len })
    }

    /// Gives a block back; false if there is none there.
    pub fn release(&self, segment: u32, offset: usize) -> bool {
        let mut state = self.state.lock();
        let Some(len) = state.blocks.remove(&(segment, offset)) else { return false };
        let need = len.max(1).next_multiple_of(ALIGN_BYTES);
        if let Some(entry) = state.entries.get_mut(&segment) {
            entry.n_used -= 1;
            entry.free(offset, need);
        }
        true
    }

    /// Gives memory that nobody uses back to the system, but for `keep_bytes` of it, the latest first; the
    /// numbers of the segments that went.
    pub fn trim(&self, keep_bytes: usize) -> Vec<u32> {
        let mut state = self.state.lock();
        let idle = state.entries.values().filter(|entry| entry.n_used == 0);
        let mut total: usize = idle.map(|entry| entry.segment.file.len()).sum();
        let mut gone = Vec::new();
        state.entries.retain(|&number, entry| {
            let goes = entry.n_used == 0 && total > keep_bytes;
            if goes {
                total -= entry.segment.file.len();
                gone.push(number);
            }
            !goes
        });
        gone
    }

    /// Bytes of blocks in use, and of all segments.
    #[cfg(test)]
    pub fn bytes(&self) -> (usize, usize) {
        let state = self.state.lock();
        let all = state.entries.values().map(|entry| entry.segment.file.len()).sum();
        (state.blocks.values().sum(), all)
    }
}

impl State {
    /// A block in the tightest range of the segments that are there. A large segment is not cut up for a block
    /// that is small beside it: the next large block would need a new one.
    fn fit(&mut self, need: usize, len: usize) -> Option<Place> {
        let fits = |entry: &Entry| {
            let worth = entry.segment.file.len() <= SEGMENT_BYTES || need * 4 >= entry.segment.file.len();
            let ranges = entry.free.iter().filter(|(_, size)| worth && **size >= need);
            ranges.min_by_key(|(_, size)| **size).map(|(start, size)| (*size, *start))
        };
        let found = self.entries.iter().filter_map(|(number, entry)| Some((fits(entry)?, *number))).min();
        let ((_, start), number) = found?;
        self.cut(number, start, need, len);
        let segment = Arc::clone(&self.entries.get(&number)?.segment);
        Some(Place { segment, offset: start, len })
    }

    fn cut(&mut self, number: u32, start: usize, need: usize, len: usize) {
        if let Some(entry) = self.entries.get_mut(&number)
            && let Some(size) = entry.free.remove(&start)
        {
            if size > need {
                entry.free.insert(start + need, size - need);
            }
            entry.n_used += 1;
            self.blocks.insert((number, start), len);
        }
    }
}

impl Entry {
    fn free(&mut self, mut start: usize, mut len: usize) {
        if let Some((&before, &size)) = self.free.range(..start).next_back()
            && before + size == start
        {
            self.free.remove(&before);
            (start, len) = (before, len + size);
        }
        if let Some(size) = self.free.remove(&(start + len)) {
            len += size;
        }
        self.free.insert(start, len);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn memory_is_used_again_and_given_back() {
        let arena = Arena::default();
        let bytes = vec![1u8; 40 << 20];
        for _ in 0..5 {
            let place = arena.store(&bytes).unwrap();
            assert!(arena.release(place.segment.number, place.offset));
        }
        assert!(arena.bytes().1 < 80 << 20);
        assert_eq!(arena.trim(0), [0]);
        assert_eq!(arena.bytes(), (0, 0));
        assert!(!arena.release(0, 0));
    }

    proptest! {
        #[test]
        fn blocks_never_overlap_and_all_room_comes_back(
            steps in prop::collection::vec((any::<bool>(), 1usize..300_000, any::<usize>()), 1..80),
        ) {
            let arena = Arena::default();
            let mut live: Vec<(Place, u8)> = Vec::new();
            for (nth, (put, len, pick)) in steps.into_iter().enumerate() {
                if put || live.is_empty() {
                    live.push((arena.store(&vec![nth as u8; len]).unwrap(), nth as u8));
                } else {
                    let (place, _) = live.swap_remove(pick % live.len());
                    prop_assert!(arena.release(place.segment.number, place.offset));
                }
                for (place, fill) in &live {
                    let bytes = &place.segment.bytes()[place.offset..place.offset + place.len];
                    prop_assert!(bytes.iter().all(|byte| byte == fill));
                }
            }
            for (place, _) in live {
                arena.release(place.segment.number, place.offset);
            }
            prop_assert_eq!(arena.bytes().0, 0);
            for entry in arena.state.lock().entries.values() {
                prop_assert_eq!(entry.free.iter().map(|(a, b)| (*a, *b)).collect::<Vec<_>>(), [(0, entry.segment.file.len())]);
            }
        }
    }
}
