//! Memory that was let go of, kept for the next buffer of its size.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::process_lock::ProcessLock;

/// Smaller memory comes fast enough from the allocator.
const N_WORDS_MIN: usize = (256 << 10) / 16;
/// How much is kept at most, all pieces together: a few blocks for each thread.
const N_WORDS_MAX: usize = (128 << 20) / 16;

struct Pool {
    pieces: Vec<Vec<u128>>,
    n_words: usize,
}

/// Whether memory is kept at all.
static IS_ON: AtomicBool = AtomicBool::new(true);

static POOL: ProcessLock<Pool> = ProcessLock::new(Pool { pieces: Vec::new(), n_words: 0 });

/// Memory of `n_words`, whatever they hold, if there is some.
pub(crate) fn take(n_words: usize) -> Option<Vec<u128>> {
    if !(N_WORDS_MIN..=N_WORDS_MAX).contains(&n_words) {
        return None;
    }
    let mut pool = POOL.lock();
    // The last one kept is the one that the cache may still hold.
    let at = pool.pieces.iter().rposition(|piece| piece.len() == n_words)?;
    pool.n_words -= n_words;
    Some(pool.pieces.remove(at))
}

/// Says whether memory that is let go of is kept for the next buffer of its size, 128 MiB at most; and as much by a
/// [`RecyclingAllocator`](crate::RecyclingAllocator), where it is the program's. Who must keep to a
/// limit turns it off when memory is short: what is kept then goes back to the system.
///
/// ```
/// raskt_core::set_recycling(false);
/// drop(raskt_core::Buffer::recycled(1 << 20)?);
/// raskt_core::set_recycling(true);
/// # Ok::<(), raskt_core::Error>(())
/// ```
pub fn set_recycling(is_on: bool) {
    crate::recycling::set(is_on);
    let gone = {
        let mut pool = POOL.lock();
        // Under the lock: nothing is kept after what was kept has gone.
        if IS_ON.swap(is_on, Ordering::AcqRel) == is_on || is_on {
            return;
        }
        pool.n_words = 0;
        std::mem::take(&mut pool.pieces)
    };
    // Given back to the system without the lock.
    drop(gone);
}

/// Keeps memory; the oldest pieces go where that would be too much.
pub(crate) fn keep(words: Vec<u128>) {
    let n_words = words.len();
    let is_kept = (N_WORDS_MIN..=N_WORDS_MAX / 4).contains(&n_words) && words.capacity() == n_words;
    if !is_kept {
        return;
    }
    let mut gone = Vec::new();
    {
        let mut pool = POOL.lock();
        if !IS_ON.load(Ordering::Acquire) {
            return;
        }
        let mut excess = (pool.n_words + n_words).saturating_sub(N_WORDS_MAX);
        let n_gone = pool.pieces.iter().take_while(|piece| {
            let is_excess = excess > 0;
            excess = excess.saturating_sub(piece.len());
            is_excess
        });
        let n_gone = n_gone.count();
        gone.extend(pool.pieces.drain(..n_gone));
        pool.n_words += n_words;
        pool.n_words -= gone.iter().map(Vec::len).sum::<usize>();
        pool.pieces.push(words);
    }
    // Given back to the system without the lock.
    drop(gone);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg_attr(miri, ignore = "takes minutes: it fills hundreds of megabytes")]
    #[test]
    fn kept_memory_comes_back_and_never_exceeds_the_bound() {
        let n_words = N_WORDS_MAX / 4 - 1;
        for _ in 0..9 {
            keep(vec![1; n_words]);
            let pool = POOL.lock();
            let held: usize = pool.pieces.iter().map(Vec::len).sum();
            assert_eq!(held, pool.n_words);
            assert!(held <= N_WORDS_MAX);
        }
        assert_eq!(take(n_words).map(|words| words.len()), Some(n_words));
        assert!(take(n_words + 2).is_none());
    }

    #[test]
    fn small_memory_is_not_kept() {
        keep(vec![3; N_WORDS_MIN - 1]);
        assert!(take(N_WORDS_MIN - 1).is_none());
    }
}
