//! Locks, condition variables and atomics: parking_lot's and the standard library's, or shuttle's when the
//! interleaving tests run.

#[cfg(not(feature = "shuttle"))]
mod imp {
    pub use parking_lot::{Condvar, Mutex, MutexGuard};
    pub use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
    pub use std::thread;
    pub use std::thread_local;
    use std::time::Duration;

    /// Waits until notified, or until `timeout` has passed.
    pub fn wait_for<T>(condvar: &Condvar, guard: &mut MutexGuard<'_, T>, timeout: Option<Duration>) {
        match timeout {
            Some(timeout) => {
                condvar.wait_for(guard, timeout);
            }
            None => condvar.wait(guard),
        }
    }
}

#[cfg(feature = "shuttle")]
mod imp {
    use std::ops::{Deref, DerefMut};
    use std::time::Duration;

    pub use shuttle::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
    pub use shuttle::{thread, thread_local};

    /// shuttle's mutex under parking_lot's interface: no poisoning.
    #[derive(Debug, Default)]
    pub struct Mutex<T>(shuttle::sync::Mutex<T>);

    /// The guard of [`Mutex`]; empty only inside [`wait_for`].
    #[derive(Debug)]
    pub struct MutexGuard<'a, T> {
        held: Option<shuttle::sync::MutexGuard<'a, T>>,
        mutex: &'a Mutex<T>,
    }

    impl<T> Mutex<T> {
        /// A mutex around `value`.
        pub fn new(value: T) -> Self {
            Self(shuttle::sync::Mutex::new(value))
        }

        /// Waits for the lock.
        pub fn lock(&self) -> MutexGuard<'_, T> {
            let held = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
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

    /// shuttle's condition variable under parking_lot's interface.
    #[derive(Debug, Default)]
    pub struct Condvar(shuttle::sync::Condvar);

    impl Condvar {
        /// A condition variable.
        pub fn new() -> Self {
            Self(shuttle::sync::Condvar::new())
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

    /// Waits until notified. A wait with a time limit ends at once: shuttle has no clock.
    pub fn wait_for<T>(condvar: &Condvar, guard: &mut MutexGuard<'_, T>, timeout: Option<Duration>) {
        let Some(held) = guard.held.take() else { return };
        guard.held = if timeout.is_none() {
            Some(condvar.0.wait(held).unwrap_or_else(std::sync::PoisonError::into_inner))
        } else {
            drop(held);
            thread::yield_now();
            guard.mutex.lock().held
        };
    }
}

pub use imp::*;
