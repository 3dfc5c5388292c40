//! The cluster's machines under virtual time: a network whose bandwidth is shared fairly, and faults from a seed.
//!
//! For development only. [`Scenario::random`] draws workers, graphs and faults from a seed; [`run`] plays them with the real
//! [`raskt_sched::Scheduler`] and [`raskt_sched::Worker`], checks every index as it goes, and says whether each wanted value
//! came and was right, or failed for a reason that is true. [`shrink`] makes a failing scenario small.
//!
//! ```
//! use raskt_sim::{Scenario, run};
//! let report = run(&Scenario::random(7, 8))?;
//! assert!(report.n_tasks_run > 0);
//! # Ok::<(), raskt_sim::Violation>(())
//! ```

mod network;
mod node;
mod random;
mod scenario;
mod shrink;
mod slices;
mod world;
mod world_client;
mod world_query;
mod world_request;
mod world_worker;

pub use random::Random;
pub use scenario::{
    Fault, FaultKind, GraphSpec, Kind, PolicyKind, RequestKind, RequestSpec, Scenario, SubgraphSpec,
    TaskSpec, WorkerSpec,
};
pub use shrink::shrink;
pub use world::{Report, Violation, run};
