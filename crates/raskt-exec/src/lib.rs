//! What runs a task anywhere: the ready set and its transitions, admission by memory, bodies and where they
//! are found, lanes, and a pool of threads.
//!
//! Floor 2. Opens no socket, knows no Python. Everything that is decided is decided by one state machine
//! ([`machine`]), which has no lock, clock or thread; [`run`] puts one behind a lock and does what it says; [`worker`] and
//! [`pool`] are the threads.
#![cfg_attr(
    not(test),
    warn(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_possible_wrap)
)]

mod arrivals;
pub mod budget;
pub mod context;
pub mod events;
pub mod float_errors;
mod inline_run;
pub mod job;
pub mod kernel;
pub mod lane;
mod local_queue;
pub mod machine;
mod memory;
pub mod observer;
pub mod options;
mod ordering;
pub mod parking;
pub mod pool;
pub mod registry;
pub mod remote;
pub mod resolved;
pub mod run;
pub mod sync;
mod warm;
pub mod worker;

pub use arrivals::{Arrival, Arrivals};
pub use budget::Budget;
pub use context::{CancelHere, CancelToken, TaskCtx, is_cancelled_here, threads_here};
pub use float_errors::{FloatErrors, FloatKinds};
pub use job::{Job, Report, Reported};
pub use kernel::{Call, ForeignRuntime, Kernel, Outcome};
pub use lane::{ELSEWHERE, Lane, LaneId, NATIVE, Surroundings};
pub use observer::{Observer, Span};
pub use options::RunOptions;
pub use pool::{Nest, Pool};
pub use raskt_core::ErrorPolicy;
pub use raskt_store::SPILL_MIN_BYTES;
pub use registry::BodyRegistry;
pub use run::Run;
