//! How often elements occur.

/// Elements and how often each occurs, in the order in which they were first met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frequencies<T> {
    pairs: Vec<(T, u64)>,
}

impl<T> Frequencies<T> {
    pub(super) fn new(pairs: Vec<(T, u64)>) -> Self {
        Self { pairs }
    }

    /// The pairs of element and number.
    pub fn pairs(&self) -> &[(T, u64)] {
        &self.pairs
    }

    /// The `k` most frequent, the most frequent first; of equally frequent ones the first is first.
    pub fn topk(mut self, k: usize) -> Vec<(T, u64)> {
        self.pairs.sort_by_key(|(_, n)| std::cmp::Reverse(*n));
        self.pairs.truncate(k);
        self.pairs
    }
}
