//! Waiting for memory once instead of many times.

/// Makes the reads of `reads` and forgets what was read. In a graph of a million tasks what belongs to one lies
/// anywhere in memory: a pass of nothing but independent reads has the processor fetch a dozen at a time, and
/// the work that follows finds them in the cache.
#[inline]
pub(crate) fn warm(reads: impl Iterator<Item = u32>) {
    std::hint::black_box(reads.fold(0, |all, read| all ^ read));
}
