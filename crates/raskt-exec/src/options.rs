//! How a graph is to be run.

use std::sync::Arc;

use raskt_core::{ErrorKind, ErrorPolicy, Result};
use raskt_store::SpillFolder;
use rustc_hash::FxHashMap;

use crate::budget::Budget;
use crate::float_errors::FloatErrors;
use crate::lane::Surroundings;
use crate::observer::Observer;

/// How a graph is to be run.
///
/// ```
/// use raskt_exec::{ErrorPolicy, RunOptions};
/// let options = RunOptions { n_workers: 8, errors: ErrorPolicy::All, ..RunOptions::default() };
/// assert!(options.validated().is_ok());
/// assert!(RunOptions { n_workers: 0, ..RunOptions::default() }.validated().is_err());
/// ```
#[derive(Clone)]
pub struct RunOptions {
    /// Workers that will take part; also the threads that native kernels may take between them.
    pub n_workers: usize,
    /// Bytes of values to hold in memory; `None` for no limit.
    pub memory_limit_bytes: Option<u64>,
    /// What counts towards that limit beside the run's own values: those of all runs with the same budget.
    pub budget: Option<Arc<Budget>>,
    /// Where values go that do not fit; without it nothing is spilled.
    pub spill: Option<Arc<SpillFolder>>,
    /// What to do when a task fails for good.
    pub errors: ErrorPolicy,
    /// How often a failed task is tried again, unless [`RunOptions::retries_of`] says otherwise.
    pub retries: u32,
    /// Retries of single tasks.
    pub retries_of: FxHashMap<u32, u32>,
    /// The most tasks that a worker takes at once.
    pub batch_max: usize,
    /// Graphs of more tasks and edges than this are ordered by a worker, while others run what comes first already.
    pub order_later_from: usize,
    /// Whether all values together are small beside the memory that there is: then no time is spent on an order that keeps
    /// few of them alive.
    pub values_are_small: bool,
    /// What the computation brings along for foreign tasks.
    pub surroundings: Option<Surroundings>,
    /// Who wants to see each task start and end.
    pub observer: Option<Arc<dyn Observer>>,
    /// Where native kernels note floating-point errors; without it they look for none.
    pub float_errors: Option<Arc<FloatErrors>>,
}

impl Default for RunOptions {
    /// One worker, no limit of memory, no retries; the first error ends the run.
    fn default() -> Self {
        Self {
            n_workers: 1,
            memory_limit_bytes: None,
            budget: None,
            spill: None,
            errors: ErrorPolicy::First,
            retries: 0,
            retries_of: FxHashMap::default(),
            batch_max: 64,
            order_later_from: 1 << 18,
            values_are_small: false,
            surroundings: None,
            observer: None,
            float_errors: None,
        }
    }
}

impl RunOptions {
    /// The most workers that a run may have.
    pub const N_WORKERS_MAX: usize = 4096;

    /// These options, if they can be followed.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`], naming the option and what it may be.
    pub fn validated(self) -> Result<Self> {
        let refuse = |what: String| Err(ErrorKind::InvalidValue(what).into());
        if !(1..=Self::N_WORKERS_MAX).contains(&self.n_workers) {
            return refuse(format!("n_workers is {}, not 1 to {}", self.n_workers, Self::N_WORKERS_MAX));
        }
        if self.batch_max == 0 {
            return refuse("batch_max is 0, where a batch has at least one task".into());
        }
        if self.memory_limit_bytes == Some(0) {
            return refuse("memory_limit_bytes is 0, which leaves room for no value".into());
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_that_cannot_be_followed_are_named() {
        let cases = [
            (RunOptions { n_workers: 0, ..RunOptions::default() }, "n_workers is 0, not 1 to 4096"),
            (RunOptions { n_workers: 5000, ..RunOptions::default() }, "n_workers is 5000, not 1 to 4096"),
            (
                RunOptions { batch_max: 0, ..RunOptions::default() },
                "batch_max is 0, where a batch has at least one task",
            ),
            (
                RunOptions { memory_limit_bytes: Some(0), ..RunOptions::default() },
                "memory_limit_bytes is 0, which leaves room for no value",
            ),
        ];
        for (options, message) in cases {
            assert_eq!(options.validated().err().map(|error| error.to_string()), Some(message.into()));
        }
    }
}
