//! State that a forked child must not share with its parent.
//!
//! The child begins with a state of its own, and what was the parent's is never touched again, other than to
//! [read](PerProcess::renew_in_child) it.

use std::sync::atomic::{AtomicPtr, Ordering};

use raskt_core::{ProcessGuard, ProcessLock};

/// A lock around a state that every process makes for itself. The rules of [`ProcessLock`] hold.
pub struct PerProcess<T: 'static> {
    /// Null, or a box that is never freed.
    current: AtomicPtr<ProcessLock<T>>,
}

impl<T: Default + Send + 'static> PerProcess<T> {
    /// Nothing yet: the state is made when it is first asked for.
    pub const fn new() -> Self {
        Self { current: AtomicPtr::new(std::ptr::null_mut()) }
    }

    /// Waits for the lock.
    pub fn lock(&self) -> ProcessGuard<T> {
        self.state().lock()
    }

    fn state(&self) -> &'static ProcessLock<T> {
        if let Some(state) = self.made() {
            return state;
        }
        let fresh = Box::into_raw(Box::new(ProcessLock::new(T::default())));
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

    fn made(&self) -> Option<&'static ProcessLock<T>> {
        // SAFETY: null, or from a box that is never freed.
        unsafe { self.current.load(Ordering::Acquire).as_ref() }
    }

    /// In a forked child: from here on the state is a new one. What the parent's was at the fork is shown to `read`; it
    /// stays where it is, for good.
    pub fn renew_in_child(&self, read: impl FnOnce(&T)) {
        let old = self.made();
        self.current.store(std::ptr::null_mut(), Ordering::Release);
        if let Some(old) = old {
            read(&old.lock());
        }
    }
}

impl<T> std::fmt::Debug for PerProcess<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PerProcess")
    }
}
