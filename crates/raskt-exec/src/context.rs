//! What a running task may ask of its executor.

use std::cell::{Cell, RefCell};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use raskt_core::{ErrorKind, Result};

use crate::float_errors::FloatErrors;

/// A flag that tells the tasks of a computation to stop. Kernels poll it once a tile.
#[derive(Clone, Debug, Default)]
pub struct CancelToken(Arc<AtomicBool>);

impl CancelToken {
    /// Asks everybody who holds the token to stop.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Release);
    }

    /// Whether somebody asked.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }

    /// For the `?` in a kernel's loop.
    ///
    /// # Errors
    /// [`ErrorKind::Cancelled`] once somebody asked.
    pub fn check(&self) -> Result<()> {
        if self.is_cancelled() { Err(ErrorKind::Cancelled.into()) } else { Ok(()) }
    }
}

/// What a body gets beside its inputs.
#[derive(Debug)]
pub struct TaskCtx<'a> {
    /// Tells the task to stop.
    pub cancel: &'a CancelToken,
    /// Threads that the task may use, itself included: 1 unless there are fewer tasks than threads.
    pub n_threads: usize,
    /// Which worker of its executor runs the task.
    pub worker: usize,
    /// Where native kernels note floating-point errors, if somebody asks for them.
    pub float_errors: Option<&'a FloatErrors>,
}

thread_local! {
    static N_THREADS_HERE: Cell<usize> = const { Cell::new(1) };
}

// Shuttle's threads are not the system's: each has its own.
crate::sync::thread_local! {
    static CANCEL_HERE: RefCell<Option<CancelToken>> = const { RefCell::new(None) };
}

/// Whether the run is cancelled whose task the calling thread runs, for functions whose callers pass no context on.
#[must_use]
pub fn is_cancelled_here() -> bool {
    CANCEL_HERE.with(|here| here.borrow().as_ref().is_some_and(CancelToken::is_cancelled))
}

/// Which token [`is_cancelled_here`] asks for a while.
#[derive(Debug)]
pub struct CancelHere {
    before: Option<CancelToken>,
}

impl CancelHere {
    /// Has this thread ask `token`, until the value is dropped.
    #[must_use]
    pub fn set(token: &CancelToken) -> Self {
        Self { before: CANCEL_HERE.with(|here| here.replace(Some(token.clone()))) }
    }
}

impl CancelHere {
    /// Whether the run is cancelled within whose task this one runs on the same thread.
    #[must_use]
    pub fn is_outer_cancelled(&self) -> bool {
        self.before.as_ref().is_some_and(CancelToken::is_cancelled)
    }
}

impl Drop for CancelHere {
    fn drop(&mut self) {
        let before = self.before.take();
        CANCEL_HERE.with(|here| *here.borrow_mut() = before);
    }
}

/// [`TaskCtx::n_threads`] of the task that the calling thread runs, for functions whose callers pass no context on;
/// 1 where it runs none.
#[must_use]
pub fn threads_here() -> usize {
    N_THREADS_HERE.get()
}

/// What [`threads_here`] says for a while: to the end of a call, or of one that it makes.
#[derive(Debug)]
pub(crate) struct ThreadsHere {
    before: usize,
}

impl ThreadsHere {
    pub(crate) fn set(n_threads: usize) -> Self {
        Self { before: N_THREADS_HERE.replace(n_threads) }
    }
}

impl Drop for ThreadsHere {
    fn drop(&mut self) {
        N_THREADS_HERE.set(self.before);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thread_asks_the_token_of_the_innermost_run() {
        let (outer, inner) = (CancelToken::default(), CancelToken::default());
        assert!(!is_cancelled_here());
        let _outer = CancelHere::set(&outer);
        outer.cancel();
        {
            let _inner = CancelHere::set(&inner);
            assert!(!is_cancelled_here());
        }
        assert!(is_cancelled_here());
    }

    #[test]
    fn threads_are_those_of_the_innermost_call() {
        assert_eq!(threads_here(), 1);
        let outer = ThreadsHere::set(4);
        {
            let _inner = ThreadsHere::set(2);
            assert_eq!(threads_here(), 2);
        }
        assert_eq!(threads_here(), 4);
        drop(outer);
        assert_eq!(threads_here(), 1);
    }

    #[test]
    fn every_clone_of_a_token_sees_the_cancellation() {
        let token = CancelToken::default();
        let clone = token.clone();
        assert!(clone.check().is_ok());
        token.cancel();
        assert_eq!(clone.check().unwrap_err().kind(), &ErrorKind::Cancelled);
    }
}
