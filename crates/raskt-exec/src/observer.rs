//! Who wants to see each task start and end: callbacks, profilers.

use raskt_core::{Key, Result};
use raskt_graph::Body;

use crate::kernel::Outcome;

/// Stands around every task of a run that is observed; runs without observers pay nothing.
pub trait Observer: Send + Sync {
    /// Runs the task `key`, whose body is `body`, by calling `run` once, on `worker`; gives back its outcome.
    ///
    /// # Errors
    /// The task's error, or the observer's own, which fails the task.
    fn watch(
        &self,
        key: &Key,
        body: &Body,
        worker: usize,
        run: &mut dyn FnMut() -> Result<Outcome>,
    ) -> Result<Outcome>;
}
