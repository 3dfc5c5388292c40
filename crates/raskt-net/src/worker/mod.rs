//! A worker: connects to its scheduler, runs tasks, keeps values and serves them to whoever asks.
//!
//! | file | is for |
//! |---|---|
//! | `options` | what a worker is told |
//! | `daemon` | [`WorkerDaemon`]: its start and its end |
//! | `core` | the machine behind a lock, and what becomes of its actions |
//! | `state` | the machine with what it decides about: values, jobs, messages on their way out |
//! | `values` | what is held, in memory or on disk |
//! | `current` | what the calling thread does for a worker |
//! | `executor` | threads that run tasks |
//! | `job` | one task: its inputs opened, its body found, its outcome closed |
//! | `opening` | what is foreign in the parameters of a body is opened |
//! | `errands` | threads for what may wait for a disk or for Python: pickling, spilling, letting go |
//! | `spilling` | values go to disk and come back |
//! | `scheduler_link` | the connection to the scheduler |
//! | `peers` | values from other workers |
//! | `home` | pieces of exchanges: those that are here, and those of other workers |
//! | `serving` | values for other workers and for clients |
//! | `memory` | what the process takes |
//!
//! Whoever has news (a thread that has run a task, the reader of a connection) takes the lock, has the machine decide, and
//! does what it says once the lock is free. Under the lock nothing is waited for, nothing is pickled and nothing of a foreign
//! runtime is dropped, so that the network never waits for Python. A thread that has run a task takes the next one with it:
//! between two short tasks nobody is woken.

mod core;
mod current;
mod daemon;
mod errands;
mod executor;
mod home;
mod job;
mod memory;
mod opening;
mod options;
mod peers;
mod scheduler_link;
mod serving;
mod spilling;
mod state;
mod values;

pub use current::{
    CurrentWork, RunningTask, current_work, is_running_tasks, rejoin, running_tasks, secede, try_again,
};
pub use daemon::{Departure, WorkerDaemon, WorkerLook};
pub use options::{Measure, WorkerOptions};
