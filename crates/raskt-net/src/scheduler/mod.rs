//! The scheduler as a daemon: one task owns the machine, others read, write and plan.
//!
//! | module | what |
//! |---|---|
//! | `daemon` | starting, listening, ending |
//! | `core` | the loop: what happened goes into the machine, what it wants done is done |
//! | `connections` | who is connected, and what it has been told |
//! | `planning` | graphs into slices of tasks, and what annotations ask for |
//! | `coordination` | what clients share beside tasks |
//! | `queries` | what clients may ask |
//! | `host` | the program in whose process it runs |
//! | `record` | what it hears of tasks that ran, for whoever watches |
//! | `heard` | the same with keys, and who came and went, for clients |

mod activity;
mod connections;
mod coordination;
mod core;
mod daemon;
mod heard;
mod host;
mod options;
mod planning;
mod queries;
mod record;

pub use activity::Activity;
pub use daemon::SchedulerDaemon;
pub use host::Answering;
pub use options::SchedulerOptions;
pub use record::{Failed, Remembered};
