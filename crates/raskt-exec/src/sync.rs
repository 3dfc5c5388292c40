//! Locks, condition variables, atomics and threads: the standard library's, or shuttle's when the interleaving
//! tests run.
//!
//! Not parking_lot's: it keeps the threads that wait in one table of the process, which points into the stacks of
//! threads that a forked child does not have. Idle workers wait most of the time.

#[cfg(feature = "shuttle")]
pub use shuttle::{sync::atomic::AtomicU32, sync::atomic::AtomicU64, sync::atomic::AtomicUsize};
#[cfg(feature = "shuttle")]
pub use shuttle::{sync::atomic::Ordering, sync::atomic::fence, thread, thread_local};
#[cfg(not(feature = "shuttle"))]
pub use std::{sync::atomic::AtomicU32, sync::atomic::AtomicU64, sync::atomic::AtomicUsize};
#[cfg(not(feature = "shuttle"))]
pub use std::{sync::atomic::Ordering, sync::atomic::fence, thread, thread_local};

use std::ops::{Deref, DerefMut};
use std::sync::PoisonError;
use std::time::Duration;

#[cfg(feature = "shuttle")]
use shuttle::sync;
#[cfg(not(feature = "shuttle"))]
use std::sync;

/// A mutex that does not mind a panic of who held it.
#[derive(Debug, Default)]
pub struct Mutex<T>(sync::Mutex<T>);

/// The guard of [`Mutex`]; empty only inside [`wait_for`].
#[derive(Debug)]
pub struct MutexGuard<'a, T> {
    held: Option<sync::MutexGuard<'a, T>>,
    mutex: &'a Mutex<T>,
}

impl<T> Mutex<T> {
    /// A mutex around `value`.
    pub fn new(value: T) -> Self {
        Self(sync::Mutex::new(value))
    }

    /// Waits for the lock.
    pub fn lock(&self) -> MutexGuard<'_, T> {
        let held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        MutexGuard { held: Some(held), mutex: self }
    }
}

impl<T> Deref for MutexGuard<'_, T> {
    type Target = T;
    #[allow(clippy::expect_used, reason = "a guard is used by whoever holds it")]
    fn deref(&self) -> &T {
        self.held.as_ref().expect("the guard is held")
    }
}

impl<T> DerefMut for MutexGuard<'_, T> {
    #[allow(clippy::expect_used, reason = "a guard is used by whoever holds it")]
    fn deref_mut(&mut self) -> &mut T {
        self.held.as_mut().expect("the guard is held")
    }
}

/// A condition variable for [`Mutex`].
#[derive(Debug, Default)]
pub struct Condvar(sync::Condvar);

impl Condvar {
    /// A condition variable.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Wakes one that waits.
    pub fn notify_one(&self) {
        self.0.notify_one();
    }

    /// Wakes all that wait.
    pub fn notify_all(&self) {
        self.0.notify_all();
    }
}

/// Waits until notified, or until `timeout` has passed: under shuttle, which has no clock, that is at once.
pub fn wait_for<T>(condvar: &Condvar, guard: &mut MutexGuard<'_, T>, timeout: Option<Duration>) {
    let Some(held) = guard.held.take() else { return };
    let condvar = &condvar.0;
    guard.held = match timeout {
        None => Some(condvar.wait(held).unwrap_or_else(PoisonError::into_inner)),
        Some(_) if cfg!(feature = "shuttle") => {
            drop(held);
            thread::yield_now();
            guard.mutex.lock().held
        }
        Some(timeout) => Some(condvar.wait_timeout(held, timeout).unwrap_or_else(PoisonError::into_inner).0),
    };
}
