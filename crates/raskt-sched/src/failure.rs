//! Why a wanted value does not come.

use std::fmt;
use std::sync::Arc;

use raskt_core::{Error, Key, Name};

/// Why a wanted value does not come: what went wrong, and with which task. Tasks that need that one fail with the same.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The task that went wrong.
    pub key: Key,
    /// What went wrong.
    pub reason: Reason,
}

/// What went wrong with a task.
#[derive(Clone, Debug)]
pub enum Reason {
    /// Its code raised, in the last of as many attempts as it had.
    Raised {
        /// The worker's name.
        worker: Name,
        /// What it raised.
        error: Error,
    },
    /// Workers ended while they ran it, as far as they had said, one more than may.
    KilledWorkers {
        /// Each of them: its name, and how it ended.
        deaths: Arc<[Death]>,
    },
    /// Its value was put there by a client, and no worker holds it any more.
    DataLost,
    /// A client that was about to put it there has gone, or does not want it any more.
    NeverScattered,
}

/// How a worker ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Death {
    /// Its name.
    pub worker: Name,
    /// How it ended: an exit code, memory, silence.
    pub how: Arc<str>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, reason } = self;
        match reason {
            Reason::Raised { worker, error } => write!(f, "task {key} failed on worker {worker}: {error}"),
            Reason::KilledWorkers { deaths } => {
                write!(f, "task {key} was running on {} workers when they ended:", deaths.len())?;
                for (at, Death { worker, how }) in deaths.iter().enumerate() {
                    write!(f, "{} {worker} ({how})", if at == 0 { "" } else { "," })?;
                }
                Ok(())
            }
            Reason::DataLost => write!(
                f,
                "the data {key} was scattered, and the workers that held it are gone: scatter it again, \
                 with broadcast=True if it must outlive a worker"
            ),
            Reason::NeverScattered => {
                write!(f, "the data {key} was to be scattered, and its client has gone")
            }
        }
    }
}
