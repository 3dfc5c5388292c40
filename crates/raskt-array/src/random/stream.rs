//! Where an element's random words come from.

use super::philox::{Rounds, philox4x64};
use crate::kernels::elementwise::exponential::ln_of_easy;
use crate::kernels::simd::{Loop, vectorized};

/// Tells streams apart: the counter's last word. The words that elements need first, and second, come from two common
/// streams, four elements' at once and many side by side; few elements need more.
const OF_FIRST: u64 = 0;
const OF_ELEMENT: u64 = 1;
const OF_SECOND: u64 = 2;

/// One element's words: its words of the common streams, then a stream of its own.
pub(crate) struct Source {
    key: [u64; 2],
    place: u64,
    first: Option<u64>,
    second: Option<u64>,
    /// Whether the second word was known, or has been worked out.
    knows_second: bool,
    next_block: u64,
    words: [u64; 4],
    n_left: usize,
}

impl Source {
    /// The words of the element at `place`, the first of which is known.
    #[inline]
    pub fn new(key: [u64; 2], place: u64, first: u64) -> Self {
        let (first, second) = (Some(first), None);
        Self { key, place, first, second, knows_second: false, next_block: 0, words: [0; 4], n_left: 0 }
    }

    /// The same, of which two are known.
    #[inline]
    pub fn with_two(key: [u64; 2], place: u64, [first, second]: [u64; 2]) -> Self {
        Self { second: Some(second), knows_second: true, ..Self::new(key, place, first) }
    }

    /// 64 random bits.
    #[inline]
    pub fn word(&mut self) -> u64 {
        match self.first.take().or_else(|| self.second.take()) {
            Some(word) => word,
            None => self.more(),
        }
    }

    #[cold]
    fn more(&mut self) -> u64 {
        if !self.knows_second {
            self.knows_second = true;
            let four = philox4x64([(self.place / 4).wrapping_add(1), 0, 0, OF_SECOND], self.key);
            return four[(self.place % 4) as usize];
        }
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
        exponential(self.word())
    }
}

/// The float in [0, 1) that a word stands for.
#[inline(always)]
pub(crate) fn unit(word: u64) -> f64 {
    (word >> 11) as f64 * (1.0 / 9_007_199_254_740_992.0)
}

/// The standard exponential number that a word stands for.
#[inline(always)]
pub(crate) fn exponential(word: u64) -> f64 {
    // 1 less a float in [0, 1) of 53 bits is exact, and a positive normal number.
    0.0 - ln_of_easy(1.0 - unit(word))
}

/// Words that are made at once: they stay in the fastest cache.
const N_WORDS: usize = 512;

/// The words of a common stream from the counter `block` on, four a counter.
struct Words<'a> {
    key: [u64; 2],
    stream: u64,
    block: u64,
    out: &'a mut [u64],
}

impl Loop for Words<'_> {
    type Out = ();

    #[inline(always)]
    fn run(self) {
        let rounds = Rounds::new(self.key);
        for (block, out) in (self.block..).zip(self.out.chunks_exact_mut(4)) {
            out.copy_from_slice(&rounds.apply([block, 0, 0, self.stream]));
        }
    }
}

/// The words of a common stream for `n` elements from `place` on, as many as fit `words`: which of these they are.
#[inline]
fn words_at(
    (key, stream): ([u64; 2], u64),
    place: u64,
    n: usize,
    words: &mut [u64; N_WORDS],
) -> std::ops::Range<usize> {
    let skipped = (place % 4) as usize;
    let end = skipped.saturating_add(n).min(N_WORDS);
    let out = &mut words[..end.next_multiple_of(4)];
    vectorized(Words { key, stream, block: (place / 4).wrapping_add(1), out });
    skipped..end
}

/// Calls `visit` with the first words of `n` elements from the element at `place` on, many at a time, and with the first
/// one's number among the `n`.
#[inline]
pub(crate) fn for_each_words(key: [u64; 2], place: u64, n: usize, mut visit: impl FnMut(usize, &[u64])) {
    let mut words = [0; N_WORDS];
    let mut at = 0;
    while at < n {
        let here = words_at((key, OF_FIRST), place.wrapping_add(at as u64), n - at, &mut words);
        let len = here.len();
        visit(at, &words[here]);
        at += len;
    }
}

/// Calls `visit` with `n` elements' numbers within the run, and their words, from the element at `place` on.
#[inline]
pub(crate) fn for_each_source(key: [u64; 2], place: u64, n: usize, mut visit: impl FnMut(usize, Source)) {
    let (mut first, mut second) = ([0; N_WORDS], [0; N_WORDS]);
    let mut at = 0;
    while at < n {
        let start = place.wrapping_add(at as u64);
        let here = words_at((key, OF_FIRST), start, n - at, &mut first);
        words_at((key, OF_SECOND), start, n - at, &mut second);
        for (number, word) in here.clone().enumerate() {
            let two = [first[word], second[word]];
            visit(at + number, Source::with_two(key, start + number as u64, two));
        }
        at += here.len();
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
