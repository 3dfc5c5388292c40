//! A worker: gets inputs from other workers, runs tasks when it has threads and resources for them, keeps values within its
//! memory.
//!
//! | file | is for |
//! |---|---|
//! | `machine` | [`Worker`], its events and actions, what the scheduler tells it |
//! | `fetching` | inputs from other workers, in batches |
//! | `running` | tasks that have their inputs |
//! | `memory` | what is in memory and what on disk |
//! | `forecast` | how large values are that are not made yet |
//! | `figures` | what it does, for whoever watches |
//! | `sanity` | every index recomputed |

mod fetching;
mod figures;
mod forecast;
mod machine;
mod memory;
mod running;
mod sanity;
#[cfg(test)]
mod tests;

pub use figures::WorkerLoad;
pub use machine::{Worker, WorkerAction, WorkerEvent};
