//! Where workers sleep that have nothing to do, and how they are woken without losing a call.

use std::time::Duration;

use crate::run::Waker;
use crate::sync::{AtomicU64, AtomicUsize, Condvar, Mutex, MutexGuard, Ordering, wait_for};

/// A place to sleep. A worker reads the epoch, looks for work, and sleeps only if the epoch has not moved: a
/// call between the look and the sleep is never lost.
///
/// A worker that sleeps with a timeout stands by for work in a lane where another worker is busy. [`Waker::notify`], which
/// says that such a lane has more tasks, does not wake it; [`Waker::wake`] does.
#[derive(Debug, Default)]
pub struct Parking {
    lock: Mutex<()>,
    asleep: Bell,
    standby: Bell,
    n_calls: AtomicU64,
    n_notified: AtomicU64,
}

/// What one kind of sleepers hears.
#[derive(Debug, Default)]
struct Bell {
    condvar: Condvar,
    n_sleepers: AtomicUsize,
}

/// How often `wake` and `notify` were called up to some moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Epoch {
    n_calls: u64,
    n_notified: u64,
}

impl Parking {
    /// The epoch, to be read before looking for work.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        Epoch {
            n_calls: self.n_calls.load(Ordering::SeqCst),
            n_notified: self.n_notified.load(Ordering::SeqCst),
        }
    }

    /// Sleeps until [`Waker::wake`] is called, or for `timeout`; without a timeout, [`Waker::notify`] ends the sleep
    /// too. Returns at once where one of these was called since `epoch`.
    pub fn sleep(&self, epoch: Epoch, timeout: Option<Duration>) {
        let bell = if timeout.is_some() { &self.standby } else { &self.asleep };
        bell.n_sleepers.fetch_add(1, Ordering::SeqCst);
        let mut guard = self.lock.lock();
        let now = self.epoch();
        if now.n_calls == epoch.n_calls && (timeout.is_some() || now == epoch) {
            wait_for(&bell.condvar, &mut guard, timeout);
        }
        drop(guard);
        bell.n_sleepers.fetch_sub(1, Ordering::SeqCst);
    }

    /// Rings for up to `n` sleepers; for how many more there were none.
    fn ring(&self, bell: &Bell, n: usize) -> usize {
        let n_sleepers = bell.n_sleepers.load(Ordering::SeqCst);
        if n == 0 || n_sleepers == 0 {
            return n;
        }
        // Whoever counts as asleep has seen the new epoch or, once this lock is free, waits.
        drop::<MutexGuard<'_, ()>>(self.lock.lock());
        if n == 1 {
            bell.condvar.notify_one();
        } else {
            bell.condvar.notify_all();
        }
        n.saturating_sub(n_sleepers)
    }
}

impl Waker for Parking {
    fn wake(&self, n: usize) {
        self.n_calls.fetch_add(1, Ordering::SeqCst);
        let n = self.ring(&self.asleep, n);
        self.ring(&self.standby, n);
    }

    fn notify(&self, n: usize) {
        self.n_notified.fetch_add(1, Ordering::SeqCst);
        self.ring(&self.asleep, n);
    }
}

#[cfg(all(test, not(feature = "shuttle")))]
mod tests {
    use super::*;

    #[test]
    fn wake_keeps_every_worker_awake_and_notify_those_without_a_timeout() {
        let parking = Parking::default();
        let epoch = parking.epoch();
        parking.notify(1);
        parking.sleep(epoch, None);
        let begun = std::time::Instant::now();
        parking.sleep(epoch, Some(Duration::from_millis(2)));
        assert!(begun.elapsed() >= Duration::from_millis(1), "notify does not wake standby workers");
        parking.wake(1);
        parking.sleep(epoch, Some(Duration::MAX));
    }
}
