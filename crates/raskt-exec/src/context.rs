//! What a running task may ask of its executor.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use raskt_core::{ErrorKind, Result};

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
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_clone_of_a_token_sees_the_cancellation() {
        let token = CancelToken::default();
        let clone = token.clone();
        assert!(clone.check().is_ok());
        token.cancel();
        assert_eq!(clone.check().unwrap_err().kind(), &ErrorKind::Cancelled);
    }
}
