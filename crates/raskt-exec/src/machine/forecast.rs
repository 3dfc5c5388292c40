//! What a task is expected to return, learnt from tasks that ran the same function.

use rustc_hash::FxHashMap;

/// Results smaller than this are not worth a forecast.
const NOTABLE_BYTES: u64 = 64 << 10;

/// Expected bytes of results, by family of tasks.
#[derive(Debug, Default)]
pub(super) struct Forecast {
    means: FxHashMap<u64, Mean>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Mean {
    n: u64,
    bytes: u64,
}

impl Forecast {
    /// Learns that a task of `family` returned `bytes`.
    pub fn learn(&mut self, family: u64, bytes: u64) {
        if bytes >= NOTABLE_BYTES || self.means.contains_key(&family) {
            let mean = self.means.entry(family).or_default();
            mean.n += 1;
            // A running mean that follows changes: at most the last 16 results weigh.
            let weight = mean.n.min(16);
            mean.bytes = mean.bytes - mean.bytes / weight + bytes / weight;
        }
    }

    /// What a task of `family` will probably return.
    #[must_use]
    pub fn expected_bytes(&self, family: u64) -> u64 {
        self.means.get(&family).map_or(0, |mean| mean.bytes)
    }

    /// Whether nothing notable has been learnt yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.means.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_results_leave_no_trace_and_large_ones_are_expected_again() {
        let mut forecast = Forecast::default();
        forecast.learn(1, 100);
        assert!(forecast.is_empty());
        forecast.learn(2, 1 << 20);
        forecast.learn(2, 1 << 20);
        assert_eq!(forecast.expected_bytes(2), 1 << 20);
        assert_eq!(forecast.expected_bytes(1), 0);
    }
}
