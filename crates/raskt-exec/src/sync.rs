//! Locks, condition variables and atomics: parking_lot's and the standard library's, or shuttle's when the
//! interleaving tests run.

#[cfg(not(feature = "shuttle"))]
mod imp {
    pub use parking_lot::{Condvar, Mutex, MutexGuard};
    pub use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};
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

    pub use shuttle::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};

    /// shuttle's mutex under parking_lot's interface: no poisoning.
    #[derive(Debug, Default)]
    pub struct Mutex<T>(shuttle::sync::Mutex<T>);

    /// The guard of [`Mutex`]; empty only inside [`wait_for`].
    #[derive(Debug)]
    pub struct MutexGuard<'a, T>(Option<shuttle::sync::MutexGuard<'a, T>>);

    impl<T> Mutex<T> {
        pub fn new(value: T) -> Self {
            Self(shuttle::sync::Mutex::new(value))
        }

        pub fn lock(&self) -> MutexGuard<'_, T> {
            MutexGuard(Some(self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)))
        }
    }

    impl<T> Deref for MutexGuard<'_, T> {
        type Target = T;
        #[allow(clippy::expect_used)]
        fn deref(&self) -> &T {
            self.0.as_ref().expect("the guard is held")
        }
    }

    impl<T> DerefMut for MutexGuard<'_, T> {
        #[allow(clippy::expect_used)]
        fn deref_mut(&mut self) -> &mut T {
            self.0.as_mut().expect("the guard is held")
        }
    }

    /// shuttle's condition variable under parking_lot's interface.
    #[derive(Debug, Default)]
    pub struct Condvar(shuttle::sync::Condvar);

    impl Condvar {
        pub fn new() -> Self {
            Self(shuttle::sync::Condvar::new())
        }

        pub fn notify_one(&self) {
            self.0.notify_one();
        }

        pub fn notify_all(&self) {
            self.0.notify_all();
        }
    }

    /// Waits until notified. A wait with a time limit may end at once: shuttle has no clock.
    pub fn wait_for<T>(condvar: &Condvar, guard: &mut MutexGuard<'_, T>, timeout: Option<Duration>) {
        if timeout.is_some() {
            if let Some(held) = guard.0.take() {
                let mutex = shuttle::sync::MutexGuard::mutex(&held);
                drop(held);
                shuttle::thread::yield_now();
                guard.0 = Some(mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
            }
            return;
        }
        if let Some(held) = guard.0.take() {
            guard.0 = Some(condvar.0.wait(held).unwrap_or_else(std::sync::PoisonError::into_inner));
        }
    }
}

pub use imp::*;
