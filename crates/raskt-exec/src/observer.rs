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

    /// For a task that runs in another process: it is on its way to `worker`.
    ///
    /// # Errors
    /// The observer's own, which fails the task.
    fn begin(&self, _key: &Key, _body: &Body, _worker: usize) -> Result<()> {
        Ok(())
    }

    /// For a task that ran in another process: its outcome, and when it started and ended there.
    ///
    /// # Errors
    /// The observer's own, which fails the task.
    fn end(&self, _key: &Key, _body: &Body, _worker: usize, _outcome: &Outcome, _span: Span) -> Result<()> {
        Ok(())
    }

    /// Whether it wants to hear of single tasks: then no task is shipped before it can start.
    fn follows_tasks(&self) -> bool {
        true
    }
}

/// When a task started and ended, in seconds of the machine's monotonic clock.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Span {
    /// The start.
    pub started: f64,
    /// The end.
    pub ended: f64,
}
