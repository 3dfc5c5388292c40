//! Locks around state of the whole process, with which a forked child can go on.
//!
//! A fork copies a locked lock together with a state that may be half changed, but not the thread that would unlock it: the
//! child's first use would wait for ever. So a fork takes every such lock before and gives it back after, in both
//! processes. Every lock notes itself at its first use, which no list can forget, and the system calls `fork` for
//! (`pthread_atfork`) whoever forks: Python's hooks of others, which may use anything, run outside of the locks.
//!
//! Two rules follow. Whoever holds one of these locks takes no other, since a fork takes all in some order; and waits for
//! nothing, least of all for the GIL, which who forks may hold.

use std::ops::{Deref, DerefMut};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

/// How often a lock is tried that is waited for with a limit.
const RETRY: Duration = Duration::from_millis(1);

/// A lock for a state that all threads of the process share. The standard library's inside: others keep the threads that
/// wait in tables, and in a child those threads do not exist.
///
/// ```
/// use raskt_core::ProcessLock;
///
/// static COUNT: ProcessLock<u32> = ProcessLock::new(0);
/// *COUNT.lock() += 1;
/// assert_eq!(*COUNT.lock(), 1);
/// ```
#[derive(Debug, Default)]
pub struct ProcessLock<T: 'static> {
    state: Mutex<T>,
    is_noted: AtomicBool,
}

/// The right to use the state of a [`ProcessLock`]. A panic of who had it before does not matter.
#[derive(Debug)]
pub struct ProcessGuard<T: 'static>(MutexGuard<'static, T>);

impl<T: Send> ProcessLock<T> {
    /// A lock around `state`.
    pub const fn new(state: T) -> Self {
        Self { state: Mutex::new(state), is_noted: AtomicBool::new(false) }
    }

    /// Waits for the lock.
    pub fn lock(&'static self) -> ProcessGuard<T> {
        self.note();
        ProcessGuard(self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Waits for the lock, but not after `until`.
    pub fn try_lock_until(&'static self, until: Instant) -> Option<ProcessGuard<T>> {
        self.note();
        loop {
            match self.state.try_lock() {
                Ok(guard) => return Some(ProcessGuard(guard)),
                Err(TryLockError::Poisoned(error)) => return Some(ProcessGuard(error.into_inner())),
                Err(TryLockError::WouldBlock) if Instant::now() >= until => return None,
                Err(TryLockError::WouldBlock) => std::thread::sleep(RETRY),
            }
        }
    }

    fn note(&'static self) {
        if !self.is_noted.load(Ordering::Acquire) {
            fork::note(self, &self.is_noted);
        }
    }
}

impl<T> Deref for ProcessGuard<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for ProcessGuard<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

#[cfg(unix)]
mod fork {
    use std::any::Any;
    use std::cell::RefCell;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::{Mutex, PoisonError};

    use super::ProcessLock;

    trait Hold: Sync {
        /// The lock, until what this returns is dropped.
        fn hold(&'static self) -> Box<dyn Any>;
    }

    impl<T: Send> Hold for ProcessLock<T> {
        fn hold(&'static self) -> Box<dyn Any> {
            Box::new(self.state.lock().unwrap_or_else(PoisonError::into_inner))
        }
    }

    /// All locks that were ever used.
    static NOTED: Mutex<Vec<&'static dyn Hold>> = Mutex::new(Vec::new());

    thread_local! {
        /// What the calling thread holds while it forks.
        static HELD: RefCell<Vec<Box<dyn Any>>> = const { RefCell::new(Vec::new()) };
    }

    pub(super) fn note<T: Send>(lock: &'static ProcessLock<T>, is_noted: &AtomicBool) {
        let mut noted = NOTED.lock().unwrap_or_else(PoisonError::into_inner);
        if is_noted.load(Ordering::Acquire) {
            return;
        }
        if noted.is_empty() {
            // SAFETY: the functions live as long as the program. Without memory for them a fork is what it is without this.
            unsafe { libc::pthread_atfork(Some(before), Some(after), Some(after)) };
        }
        noted.push(lock);
        is_noted.store(true, Ordering::Release);
    }

    extern "C" fn before() {
        let noted = NOTED.lock().unwrap_or_else(PoisonError::into_inner);
        let mut held: Vec<Box<dyn Any>> = noted.iter().map(|lock| lock.hold()).collect();
        held.push(Box::new(noted));
        // A thread that is past its end forks without.
        drop(HELD.try_with(|here| here.replace(held)));
    }

    extern "C" fn after() {
        drop(HELD.try_with(RefCell::take));
    }
}

#[cfg(not(unix))]
mod fork {
    use std::sync::atomic::{AtomicBool, Ordering};

    pub(super) fn note<T>(_: &'static super::ProcessLock<T>, is_noted: &AtomicBool) {
        is_noted.store(true, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    static HELD: ProcessLock<Vec<u32>> = ProcessLock::new(Vec::new());

    #[test]
    fn who_waits_with_a_limit_gives_up_and_finds_a_state_that_a_panic_left() {
        let soon = || Instant::now() + Duration::from_millis(5);
        let guard = HELD.lock();
        let other = std::thread::spawn(move || HELD.try_lock_until(soon()).is_none());
        assert!(other.join().unwrap());
        drop(guard);
        let panics = std::thread::spawn(|| {
            HELD.lock().push(1);
            let _guard = HELD.lock();
            panic!("on purpose");
        });
        assert!(panics.join().is_err());
        assert_eq!(*HELD.lock(), [1]);
        assert!(HELD.try_lock_until(soon()).is_some());
    }

    #[cfg(unix)]
    #[cfg_attr(miri, ignore = "Miri cannot fork")]
    #[test]
    fn a_child_that_is_forked_while_threads_use_a_lock_uses_it_too() {
        use std::sync::atomic::AtomicBool;
        static COUNT: ProcessLock<u64> = ProcessLock::new(0);
        static IS_OVER: AtomicBool = AtomicBool::new(false);
        let users: Vec<_> = (0..2)
            .map(|_| {
                std::thread::spawn(|| {
                    while !IS_OVER.load(Ordering::Relaxed) {
                        let mut count = COUNT.lock();
                        // Two steps, between which the state is not what it should be.
                        *count += 1;
                        *std::hint::black_box(&mut *count) += 1;
                    }
                })
            })
            .collect();
        for _ in 0..200 {
            // SAFETY: the child takes a lock that can be taken, and ends.
            let pid = unsafe { libc::fork() };
            if pid == 0 {
                let is_whole = COUNT.lock().is_multiple_of(2);
                // SAFETY: no conditions.
                unsafe { libc::_exit(i32::from(!is_whole)) };
            }
            assert!(pid > 0);
            let mut status = 0;
            // SAFETY: the pointer is to a variable that outlives the call.
            assert_eq!(unsafe { libc::waitpid(pid, &raw mut status, 0) }, pid);
            assert_eq!(status, 0);
        }
        IS_OVER.store(true, Ordering::Relaxed);
        users.into_iter().for_each(|user| user.join().unwrap());
    }
}
