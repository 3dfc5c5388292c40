//! Sets of block numbers that also count: a bit a block, and a table of how many come before.

use raskt_core::Fit;

/// Bits of a page.
const PAGE_BITS: u32 = 1 << 16;

/// A set of numbers below a bound. Pages of it come into being where there is something to hold.
#[derive(Clone, Debug)]
pub(crate) struct BlockSet {
    bound: u32,
    pages: Vec<Option<Page>>,
    /// How many of the set lie before each page; filled by [`BlockSet::count`].
    bases: Vec<u32>,
    len: u32,
}

#[derive(Clone, Debug)]
struct Page {
    words: Box<[u64]>,
    /// How many of the page lie before each word; filled by [`BlockSet::count`].
    before: Box<[u16]>,
}

impl BlockSet {
    /// The empty set of numbers below `bound`.
    pub(crate) fn new(bound: u32) -> Self {
        Self { bound, pages: Vec::new(), bases: Vec::new(), len: 0 }
    }

    /// How many there are.
    pub(crate) fn len(&self) -> u32 {
        self.len
    }

    /// Puts `number` in; whether it was not there. Numbers past the bound are a caller's mistake.
    pub(crate) fn insert(&mut self, number: u32) -> bool {
        debug_assert!(number < self.bound, "{number} of {}", self.bound);
        let page = (number / PAGE_BITS) as usize;
        if self.pages.len() <= page {
            self.pages.resize_with(page + 1, || None);
        }
        let left = (self.bound - page.fit::<u32>() * PAGE_BITS).min(PAGE_BITS);
        let page = self.pages[page].get_or_insert_with(|| {
            let words = vec![0; left.div_ceil(64) as usize].into_boxed_slice();
            Page { words, before: Box::default() }
        });
        let (word, bit) = (&mut page.words[(number % PAGE_BITS / 64) as usize], 1_u64 << (number % 64));
        let fresh = *word & bit == 0;
        *word |= bit;
        self.len += u32::from(fresh);
        fresh
    }

    /// Prepares [`BlockSet::rank`] and [`BlockSet::nth`].
    pub(crate) fn count(&mut self) {
        let mut base = 0;
        self.bases.clear();
        for page in &mut self.pages {
            self.bases.push(base);
            let Some(page) = page else { continue };
            // A page holds 2¹⁶ numbers, so fewer than that lie before its last word.
            let mut before = 0_u32;
            let count = |word: &u64| {
                let here = before.fit::<u16>();
                before += word.count_ones();
                here
            };
            page.before = page.words.iter().map(count).collect();
            base += before;
        }
    }

    /// How many lie before `number`, which is in the counted set.
    pub(crate) fn rank(&self, number: u32) -> u32 {
        let at_page = (number / PAGE_BITS) as usize;
        let Some(Some(page)) = self.pages.get(at_page) else { return self.len };
        let at = (number % PAGE_BITS / 64) as usize;
        let below = page.words[at] & ((1 << (number % 64)) - 1);
        self.bases[at_page] + u32::from(page.before[at]) + below.count_ones()
    }

    /// The number that has `rank` others before it in the counted set.
    pub(crate) fn nth(&self, rank: u32) -> Option<u32> {
        if rank >= self.len {
            return None;
        }
        // The last page that starts at or before the rank holds it: an empty one shares its start with the next.
        let at = self.bases.partition_point(|&base| base <= rank) - 1;
        let page = self.pages[at].as_ref()?;
        let within = rank - self.bases[at];
        let word = page.before.partition_point(|&before| u32::from(before) <= within) - 1;
        let mut bits = page.words[word];
        for _ in 0..within - u32::from(page.before[word]) {
            bits &= bits - 1;
        }
        Some(at.fit::<u32>() * PAGE_BITS + word.fit::<u32>() * 64 + bits.trailing_zeros())
    }

    /// All numbers, in ascending order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        let pages = self.pages.iter().enumerate().filter_map(|(at, page)| Some((at, page.as_ref()?)));
        let words = pages.flat_map(|(at, page)| {
            let start = at.fit::<u32>() * PAGE_BITS;
            page.words.iter().enumerate().map(move |(word, &bits)| (start + word.fit::<u32>() * 64, bits))
        });
        words.flat_map(|(start, bits)| {
            let rest = |bits: &u64| Some(bits & (bits - 1)).filter(|&rest| rest != 0);
            std::iter::successors(Some(bits).filter(|&bits| bits != 0), rest)
                .map(move |bits| start + bits.trailing_zeros())
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_set_counts_like_a_sorted_list(numbers in prop::collection::vec(
            prop_oneof![0_u32..200, 65_000_u32..66_000, 1_000_000_u32..1_000_300], 0..200,
        )) {
            let mut set = BlockSet::new(1_000_300);
            let mut sorted = BTreeSet::new();
            for &number in &numbers {
                prop_assert_eq!(set.insert(number), sorted.insert(number));
            }
            set.count();
            prop_assert_eq!(set.len() as usize, sorted.len());
            prop_assert!(set.iter().eq(sorted.iter().copied()));
            for (rank, &number) in (0..).zip(&sorted) {
                prop_assert_eq!(set.rank(number), rank);
                prop_assert_eq!(set.nth(rank), Some(number));
            }
            prop_assert_eq!(set.nth(set.len()), None);
        }
    }

    #[test]
    fn a_full_page_counts() {
        let mut set = BlockSet::new(PAGE_BITS + 1);
        (0..=PAGE_BITS).for_each(|number| assert!(set.insert(number)));
        set.count();
        assert_eq!((set.rank(PAGE_BITS - 1), set.rank(PAGE_BITS)), (PAGE_BITS - 1, PAGE_BITS));
        assert_eq!(set.nth(PAGE_BITS), Some(PAGE_BITS));
    }
}
