//! Options of a run, as values. Configuration files, variables and the machine's size are read above;
//! what arrives here is what counts.

use std::path::PathBuf;

use crate::{ErrorKind, Result};

/// What happens to the rest of a graph when a task fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ErrorPolicy {
    /// The first error cancels what has not started, and is the run's error.
    #[default]
    First,
    /// Everything that does not need a failed task still runs; the run's error is
    /// [`ErrorKind::Many`] if several failed.
    All,
}

/// Where values go that the memory budget has no room for.
///
/// ```
/// use raskt_core::options::SpillOptions;
/// let spill = SpillOptions::default().with_directory("/fast/disk").with_min_bytes(1 << 20);
/// assert!(spill.enabled && spill.validated().is_ok());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpillOptions {
    /// Whether values may be written to disk; where not, a run past its budget waits, or fails.
    pub enabled: bool,
    /// The folder under which each run makes one of its own; the system's folder for temporary files if
    /// there is none.
    pub directory: Option<PathBuf>,
    /// Smaller values stay in memory.
    pub min_bytes: u64,
}

impl Default for SpillOptions {
    fn default() -> Self {
        Self { enabled: true, directory: None, min_bytes: 64 << 10 }
    }
}

impl SpillOptions {
    /// No spilling.
    #[must_use]
    pub fn disabled() -> Self {
        Self { enabled: false, ..Self::default() }
    }

    /// The same, in another folder.
    #[must_use]
    pub fn with_directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.directory = Some(directory.into());
        self
    }

    /// The same, for values of at least `bytes`.
    #[must_use]
    pub fn with_min_bytes(mut self, bytes: u64) -> Self {
        self.min_bytes = bytes;
        self
    }

    /// These options, if they can be followed.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`], naming the option.
    pub fn validated(self) -> Result<Self> {
        match &self.directory {
            Some(directory) if directory.as_os_str().is_empty() => {
                Err(ErrorKind::InvalidValue("spill.directory is empty".into()).into())
            }
            _ => Ok(self),
        }
    }
}

/// How a graph is run on this machine.
///
/// ```
/// use raskt_core::options::{ErrorPolicy, RunOptions};
/// let options = RunOptions::new(8).with_memory_limit(1 << 30).with_errors(ErrorPolicy::All).validated()?;
/// assert_eq!((options.n_threads, options.memory_limit_bytes), (8, Some(1 << 30)));
/// assert!(RunOptions::new(0).validated().is_err());
/// # Ok::<(), raskt_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunOptions {
    /// The memory that values may take; no bound if there is none.
    pub memory_limit_bytes: Option<u64>,
    /// How many tasks run at once; also what native kernels and BLAS may take between them.
    pub n_threads: usize,
    /// What a failed task means for the others.
    pub errors: ErrorPolicy,
    /// How often a failed task is tried again.
    pub retries: u32,
    /// The most tasks that a thread takes at once into a foreign world (under one hold of the GIL).
    pub batch_max: u32,
    /// What is done with values that the budget has no room for.
    pub spill: SpillOptions,
}

impl RunOptions {
    /// The most threads that a run may ask for.
    pub const N_THREADS_MAX: usize = 4096;

    /// The usual options on `n_threads` threads: no bound of memory, no retries, the first error ends the run.
    #[must_use]
    pub fn new(n_threads: usize) -> Self {
        Self {
            memory_limit_bytes: None,
            n_threads,
            errors: ErrorPolicy::First,
            retries: 0,
            batch_max: 64,
            spill: SpillOptions::default(),
        }
    }

    /// The same, under a budget of memory.
    #[must_use]
    pub fn with_memory_limit(mut self, bytes: u64) -> Self {
        self.memory_limit_bytes = Some(bytes);
        self
    }

    /// The same, with another consequence of errors.
    #[must_use]
    pub fn with_errors(mut self, errors: ErrorPolicy) -> Self {
        self.errors = errors;
        self
    }

    /// The same, trying failed tasks again.
    #[must_use]
    pub fn with_retries(mut self, retries: u32) -> Self {
        self.retries = retries;
        self
    }

    /// The same, with larger or smaller batches.
    #[must_use]
    pub fn with_batch_max(mut self, batch_max: u32) -> Self {
        self.batch_max = batch_max;
        self
    }

    /// The same, spilling otherwise.
    #[must_use]
    pub fn with_spill(mut self, spill: SpillOptions) -> Self {
        self.spill = spill;
        self
    }

    /// These options, if they can be followed.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`], naming the option and what it may be.
    pub fn validated(mut self) -> Result<Self> {
        let refuse = |what: String| Err(ErrorKind::InvalidValue(what).into());
        if !(1..=Self::N_THREADS_MAX).contains(&self.n_threads) {
            return refuse(format!("n_threads is {}, not 1 to {}", self.n_threads, Self::N_THREADS_MAX));
        }
        if self.batch_max == 0 {
            return refuse("batch_max is 0, where a batch has at least one task".into());
        }
        if self.memory_limit_bytes == Some(0) {
            return refuse("memory_limit_bytes is 0, which leaves room for no value".into());
        }
        self.spill = self.spill.validated()?;
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_that_cannot_be_followed_are_named() {
        let cases = [
            (RunOptions::new(0), "n_threads is 0, not 1 to 4096"),
            (RunOptions::new(5000), "n_threads is 5000, not 1 to 4096"),
            (RunOptions::new(1).with_batch_max(0), "batch_max is 0, where a batch has at least one task"),
            (
                RunOptions::new(1).with_memory_limit(0),
                "memory_limit_bytes is 0, which leaves room for no value",
            ),
            (
                RunOptions::new(1).with_spill(SpillOptions::default().with_directory("")),
                "spill.directory is empty",
            ),
        ];
        for (options, message) in cases {
            assert_eq!(options.validated().unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn good_options_pass_unchanged() {
        let options = RunOptions::new(2).with_retries(3).with_spill(SpillOptions::disabled());
        assert_eq!(options.clone().validated(), Ok(options));
    }
}
