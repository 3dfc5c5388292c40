//! How large values are that are not made yet: as large as those of the same function were.

use rustc_hash::FxHashMap;

use crate::messages::Work;
use crate::scheduler::Kind;

/// Smaller values are not remembered: what they take of memory is measured soon enough.
const N_BYTES_MIN: u64 = 64 << 10;
/// So many kinds are remembered: a program that makes functions without end starts anew.
const N_KINDS_MAX: usize = 4096;

/// The size of the largest value of late, for each kind of task whose values are large.
#[derive(Debug, Default)]
pub(super) struct Forecast {
    n_bytes: FxHashMap<Kind, u64>,
}

impl Forecast {
    /// How large the value of a task is expected to be; 0 for a kind of which nothing is known.
    pub fn expected_bytes(&self, work: &Work) -> u64 {
        if self.n_bytes.is_empty() {
            return 0;
        }
        self.n_bytes.get(&Kind::of(work.table.body(work.row))).copied().unwrap_or(0)
    }

    /// A task has made a value. What is expected falls slower than it grows: too little costs a process, too much some time.
    pub fn learn(&mut self, work: &Work, expected_bytes: u64, n_bytes: u64) {
        if n_bytes < N_BYTES_MIN && expected_bytes == 0 {
            return;
        }
        let kind = Kind::of(work.table.body(work.row));
        if self.n_bytes.len() >= N_KINDS_MAX && !self.n_bytes.contains_key(&kind) {
            self.n_bytes.clear();
        }
        let known = self.n_bytes.entry(kind).or_default();
        *known = n_bytes.max(*known - *known / 4);
    }
}
