//! Where workers sleep that have nothing to do, and how they are woken without losing a call.

use std::time::Duration;

use crate::run::Waker;
use crate::sync::{AtomicU64, AtomicUsize, Condvar, Mutex, Ordering, wait_for};

/// A place to sleep. A worker reads the epoch, looks for work, and sleeps only if the epoch has not moved: a
/// call between the look and the sleep is never lost.
#[derive(Debug)]
pub struct Parking {
    lock: Mutex<()>,
    bell: Condvar,
    epoch: AtomicU64,
    n_idle: AtomicUsize,
}

impl Default for Parking {
    fn default() -> Self {
        Self {
            lock: Mutex::new(()),
            bell: Condvar::new(),
            epoch: AtomicU64::new(0),
            n_idle: AtomicUsize::new(0),
        }
    }
}

impl Parking {
    /// The epoch, to be read before looking for work.
    #[must_use]
    pub fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::SeqCst)
    }

    /// Sleeps until somebody wakes, or for `timeout`; not at all if somebody did since `epoch`.
    pub fn sleep(&self, epoch: u64, timeout: Option<Duration>) {
        self.n_idle.fetch_add(1, Ordering::SeqCst);
        let mut guard = self.lock.lock();
        if self.epoch() == epoch {
            wait_for(&self.bell, &mut guard, timeout);
        }
        drop(guard);
        self.n_idle.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Waker for Parking {
    fn wake(&self, n: usize) {
        self.epoch.fetch_add(1, Ordering::SeqCst);
        if self.n_idle.load(Ordering::SeqCst) == 0 {
            return;
        }
        // Whoever counts as idle has seen the new epoch or, once this lock is free, waits.
        drop(self.lock.lock());
        if n == 1 {
            self.bell.notify_one();
        } else {
            self.bell.notify_all();
        }
    }
}
