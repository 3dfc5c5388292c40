//! State that a forked child must not share with its parent, behind a lock that the child never waits for.
//!
//! A fork copies a locked lock together with its state, but not the thread that would unlock it. To unlock it by force
//! would be to trust a state that may be half changed. So the child begins with a lock and a state of its own, and what
//! was the parent's is never touched again, other than to [read](PerProcess::renew_in_child) it where no thread held it.

use std::sync::atomic::{AtomicPtr, Ordering};

use parking_lot::{Mutex, MutexGuard};

/// A lock around a state that every process makes for itself.
pub struct PerProcess<T: 'static> {
    /// Null, or a box that is never freed.
    current: AtomicPtr<Mutex<T>>,
}

impl<T: Default + Send + 'static> PerProcess<T> {
    /// Nothing yet: the state is made when it is first asked for.
    pub const fn new() -> Self {
        Self { current: AtomicPtr::new(std::ptr::null_mut()) }
    }

    /// Waits for the lock.
    pub fn lock(&self) -> MutexGuard<'static, T> {
        self.mutex().lock()
    }

    fn mutex(&self) -> &'static Mutex<T> {
        if let Some(mutex) = self.made() {
            return mutex;
        }
        let fresh = Box::into_raw(Box::<Mutex<T>>::default());
        let null = std::ptr::null_mut();
        let (won, pointer) =
            match self.current.compare_exchange(null, fresh, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => (true, fresh),
                Err(other) => (false, other),
            };
        if !won {
            // SAFETY: made by `into_raw` above, and nobody else has seen it.
            drop(unsafe { Box::from_raw(fresh) });
        }
        // SAFETY: what `current` holds came from a box and is never freed.
        unsafe { &*pointer }
    }

    fn made(&self) -> Option<&'static Mutex<T>> {
        // SAFETY: null, or from a box that is never freed.
        unsafe { self.current.load(Ordering::Acquire).as_ref() }
    }

    /// In a forked child, which has one thread: from here on the state is a new one. What the parent's was at the fork is
    /// shown to `read`, unless a thread of the parent was just changing it; it stays where it is, for good.
    pub fn renew_in_child(&self, read: impl FnOnce(&T)) {
        let old = self.made();
        self.current.store(std::ptr::null_mut(), Ordering::Release);
        if let Some(guard) = old.and_then(Mutex::try_lock) {
            read(&guard);
            // To unlock could mean to wake threads that wait for the lock, and there are none here.
            std::mem::forget(guard);
        }
    }
}

impl<T> std::fmt::Debug for PerProcess<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PerProcess")
    }
}
