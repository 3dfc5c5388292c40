//! Where an element's random words come from.

use super::philox::{Rounds, philox4x64};
use crate::kernels::simd::{Loop, vectorized};

/// Tells the streams of elements from the stream of first words: the counter's last word.
const OF_ELEMENT: u64 = 1;

/// One element's words: its word of the common stream, then a stream of its own.
pub(crate) struct Source {
    key: [u64; 2],
    place: u64,
    first: Option<u64>,
    next_block: u64,
    words: [u64; 4],
    n_left: usize,
}

impl Source {
    /// The words of the element at `place`, the first of which is known.
    #[inline]
    pub fn new(key: [u64; 2], place: u64, first: u64) -> Self {
        Self { key, place, first: Some(first), next_block: 0, words: [0; 4], n_left: 0 }
    }

    /// 64 random bits.
    #[inline]
    pub fn word(&mut self) -> u64 {
        match self.first.take() {
            Some(first) => first,
            None => self.more(),
        }
    }

    #[cold]
    fn more(&mut self) -> u64 {
        if self.n_left == 0 {
            self.words = philox4x64([self.next_block, self.place, 0, OF_ELEMENT], self.key);
            self.next_block += 1;
            self.n_left = 4;
        }
        self.n_left -= 1;
        self.words[3 - self.n_left]
    }

    /// A float in [0, 1), with 53 random bits.
    #[inline]
    pub fn unit(&mut self) -> f64 {
        unit(self.word())
    }

    /// A standard exponential number.
    #[inline]
    pub fn exponential(&mut self) -> f64 {
        -(-self.unit()).ln_1p()
    }
}

/// The float in [0, 1) that a word stands for.
#[inline(always)]
pub(crate) fn unit(word: u64) -> f64 {
    (word >> 11) as f64 * (1.0 / 9_007_199_254_740_992.0)
}

/// Words that are made at once: they stay in the fastest cache.
const N_WORDS: usize = 512;

/// The words of the common stream from the counter `block` on, four a counter.
struct Words<'a> {
    key: [u64; 2],
    block: u64,
    out: &'a mut [u64],
}

impl Loop for Words<'_> {
    type Out = ();

    #[inline(always)]
    fn run(self) {
        let rounds = Rounds::new(self.key);
        for (block, out) in (self.block..).zip(self.out.chunks_exact_mut(4)) {
            out.copy_from_slice(&rounds.apply([block, 0, 0, 0]));
        }
    }
}

/// Calls `visit` with the first words of `n` elements from the element at `place` on, many at a time, and with the first
/// one's number among the `n`.
#[inline]
pub(crate) fn for_each_words(key: [u64; 2], place: u64, n: usize, mut visit: impl FnMut(usize, &[u64])) {
    let mut words = [0; N_WORDS];
    let mut at = 0;
    while at < n {
        let start = place.wrapping_add(at as u64);
        let skipped = (start % 4) as usize;
        let end = (skipped + n - at).min(N_WORDS);
        let out = &mut words[..end.next_multiple_of(4)];
        vectorized(Words { key, block: (start / 4).wrapping_add(1), out });
        visit(at, &words[skipped..end]);
        at += end - skipped;
    }
}

/// Calls `visit` with `n` elements' numbers within the run, and their first words, from the element at `place` on.
#[inline]
pub(crate) fn for_each_word(key: [u64; 2], place: u64, n: usize, mut visit: impl FnMut(usize, u64)) {
    for_each_words(key, place, n, |first, words| {
        for (at, &word) in words.iter().enumerate() {
            visit(first + at, word);
        }
    });
}
