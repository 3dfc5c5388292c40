//! One memory budget for all runs of a process.

use std::sync::Arc;

use crate::sync::{AtomicU64, AtomicUsize, Ordering};

/// What all runs that share it use of memory. A run decides by its own limit: it may use what the others leave, and at
/// least an equal part of the limit, so that a run that came first and took everything spills down to its part.
#[derive(Debug, Default)]
pub struct Budget {
    used_bytes: AtomicU64,
    n_shares: AtomicUsize,
}

/// One run's share.
#[derive(Debug)]
pub(crate) struct Share {
    budget: Arc<Budget>,
    limit_bytes: u64,
    used_bytes: AtomicU64,
}

impl Budget {
    /// A share for a run that may see `limit_bytes` used by all.
    pub(crate) fn share(self: Arc<Self>, limit_bytes: u64) -> Share {
        self.n_shares.fetch_add(1, Ordering::Relaxed);
        Share { budget: self, limit_bytes, used_bytes: AtomicU64::new(0) }
    }

    /// Bytes that all runs use, or reserved.
    #[must_use]
    pub fn used_bytes(&self) -> u64 {
        self.used_bytes.load(Ordering::Relaxed)
    }
}

impl Share {
    /// How many bytes the run may use at this moment.
    pub fn allowed_bytes(&self) -> u64 {
        let n = self.budget.n_shares.load(Ordering::Relaxed).max(1) as u64;
        if n == 1 {
            return self.limit_bytes;
        }
        let others = self.budget.used_bytes().saturating_sub(self.used_bytes.load(Ordering::Relaxed));
        (self.limit_bytes / n).max(self.limit_bytes.saturating_sub(others)).max(1)
    }

    /// Says what the run uses. One thread at a time: that which has the run's lock.
    pub fn publish(&self, used_bytes: u64) {
        let before = self.used_bytes.swap(used_bytes, Ordering::Relaxed);
        if used_bytes >= before {
            self.budget.used_bytes.fetch_add(used_bytes - before, Ordering::Relaxed);
        } else {
            self.budget.used_bytes.fetch_sub(before - used_bytes, Ordering::Relaxed);
        }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.publish(0);
        self.budget.n_shares.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(all(test, not(feature = "shuttle")))]
mod tests {
    use super::*;

    #[test]
    fn a_run_may_use_what_others_leave_and_at_least_an_equal_part() {
        let budget = Arc::new(Budget::default());
        let first = Arc::clone(&budget).share(100);
        first.publish(90);
        assert_eq!(first.allowed_bytes(), 100);
        let second = Arc::clone(&budget).share(100);
        assert_eq!((first.allowed_bytes(), second.allowed_bytes()), (100, 50));
        second.publish(50);
        assert_eq!((first.allowed_bytes(), second.allowed_bytes()), (50, 50));
        first.publish(20);
        assert_eq!((first.allowed_bytes(), second.allowed_bytes()), (50, 80));
        drop(first);
        assert_eq!((budget.used_bytes(), second.allowed_bytes()), (50, 100));
    }
}
