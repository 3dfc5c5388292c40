//! The scheduler: what runs where, what is kept, and what becomes of it when workers are lost.
//!
//! | file | is for |
//! |---|---|
//! | `machine` | [`Scheduler`], its events and actions, the order of work within one event |
//! | `tasks`, `task` | all tasks: arena, keys, who needs whom |
//! | `life` | what becomes of a task: needed, ready, in memory, failed, released, forgotten |
//! | `submit` | graphs become tasks |
//! | `grow` | tasks become graphs |
//! | `clients` | what clients want, scatter, cancel and retry |
//! | `balance` | copies of values, and values that move to emptier workers |
//! | `reports` | what workers say |
//! | `membership` | workers join, are lost, retire |
//! | `placing` | where a task goes, what a free worker gets, what idle workers take from busy ones |
//! | `transfers` | who is to send how much, and to receive |
//! | [`policy`] | what a placement weighs |
//! | `queue`, `restrictions`, `families`, `workers` | queues that are fair to clients; conditions; durations; loads |
//! | `queries`, `explain`, `explanation` | what there is; why a task does not run |
//! | `sanity` | every index recomputed |

mod balance;
mod clients;
mod event;
mod explain;
mod explanation;
mod families;
mod grow;
mod life;
mod machine;
mod membership;
mod placing;
pub mod policy;
mod queries;
mod queue;
mod reports;
mod restrictions;
mod sanity;
mod submit;
mod task;
mod tasks;
#[cfg(test)]
mod tests;
mod transfers;
mod workers;

pub use event::{Action, Event};
pub use explanation::{Candidates, Explanation, Misfit, Queue, Why};
pub(crate) use families::Kind;
pub use machine::{Counts, Scheduler};
pub use queries::{StateCounts, TaskSnapshot, TaskState, WorkerSnapshot};
