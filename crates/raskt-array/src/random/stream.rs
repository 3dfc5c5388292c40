//! Where an element's random words come from.

use super::philox::{Rounds, philox4x64};
use crate::kernels::elementwise::exponential::ln_of_easy;
use crate::kernels::simd::{Loop, vectorized};

/// Tells streams apart: the counter's last word. The words that elements need first, and second, come from two common
/// streams, four elements' at once and many side by side; few elements need more.
const OF_FIRST: u64 = 0;
const OF_ELEMENT: u64 = 1;
const OF_SECOND: u64 = 2;

/// Words of an element that are known together: one of each common stream and four of its own.
const N_READY_MAX: usize = 6;

/// One element's words: its words of the common streams, then a stream of its own.
pub(crate) struct Source {
    key: [u64; 2],
    place: u64,
    ready: [u64; N_READY_MAX],
    n_taken: usize,
    n_ready: usize,
    /// What comes after those: 0 for the word of the second stream, then the blocks of the element's own.
    next: u64,
}

impl Source {
    /// The words of the element at `place`, the first of which is known.
    #[inline]
    pub fn new(key: [u64; 2], place: u64, first: u64) -> Self {
        Self { key, place, ready: [first, 0, 0, 0, 0, 0], n_taken: 0, n_ready: 1, next: 0 }
    }

    /// 64 random bits.
    #[inline]
    pub fn word(&mut self) -> u64 {
        if self.n_taken == self.n_ready {
            self.more();
        }
        self.n_taken += 1;
        self.ready[self.n_taken - 1]
    }

    #[cold]
    fn more(&mut self) {
        if self.next == 0 {
            let four = philox4x64([(self.place / 4).wrapping_add(1), 0, 0, OF_SECOND], self.key);
            (self.ready[0], self.n_ready) = (four[(self.place % 4) as usize], 1);
        } else {
            let four = philox4x64([self.next - 1, self.place, 0, OF_ELEMENT], self.key);
            self.ready[..4].copy_from_slice(&four);
            self.n_ready = 4;
        }
        self.n_taken = 0;
        self.next += 1;
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

/// The float in (0, 1) that a word stands for, with 52 random bits: the middles of as many intervals.
#[inline(always)]
pub(crate) fn open_unit(word: u64) -> f64 {
    ((word >> 12) as f64 + 0.5) * (1.0 / 4_503_599_627_370_496.0)
}

/// The standard exponential number that a word stands for.
#[inline(always)]
pub(crate) fn exponential(word: u64) -> f64 {
    // 1 less a float in [0, 1) of 53 bits is exact, and a positive normal number.
    0.0 - ln_of_easy(1.0 - unit(word))
}

/// How many words most elements need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// No more than two: those of the common streams.
    Two,
    /// More: the first of the element's own stream, too.
    More,
}

/// Words that are made at once: they stay in the fastest cache.
pub(crate) const N_WORDS: usize = 512;

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

/// The first four words of the own streams of elements from `place` on.
struct OwnWords<'a> {
    key: [u64; 2],
    place: u64,
    out: &'a mut [[u64; 4]],
}

impl Loop for OwnWords<'_> {
    type Out = ();

    #[inline(always)]
    fn run(self) {
        let rounds = Rounds::new(self.key);
        for (at, out) in (0..).zip(self.out) {
            *out = rounds.apply([0, self.place.wrapping_add(at), 0, OF_ELEMENT]);
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
pub(crate) fn for_each_source(
    (key, need): ([u64; 2], Need),
    place: u64,
    n: usize,
    mut visit: impl FnMut(usize, &mut Source),
) {
    let (mut first, mut second, mut own) = ([0; N_WORDS], [0; N_WORDS], [[0; 4]; N_WORDS]);
    let mut at = 0;
    while at < n {
        let start = place.wrapping_add(at as u64);
        let here = words_at((key, OF_FIRST), start, n - at, &mut first);
        words_at((key, OF_SECOND), start, n - at, &mut second);
        if need == Need::More {
            vectorized(OwnWords { key, place: start, out: &mut own[..here.len()] });
        }
        for (number, word) in here.clone().enumerate() {
            let [a, b, c, d] = own[number];
            let ready = [first[word], second[word], a, b, c, d];
            let (n_ready, next) = if need == Need::More { (N_READY_MAX, 2) } else { (2, 1) };
            let place = start.wrapping_add(number as u64);
            visit(at + number, &mut Source { key, place, ready, n_taken: 0, n_ready, next });
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
