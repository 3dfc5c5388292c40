//! What runs a task anywhere: the ready set and its transitions, admission by memory, bodies and where they
//! are found, lanes, and a pool of threads.
//!
//! Floor 2. Opens no socket, knows no Python. The decisions ([`machine`], [`ready`], [`admission`]) are pure
//! state machines; [`run`] holds one together with the values; [`worker`] and [`pool`] are the threads.

pub mod admission;
mod arrange;
pub mod context;
mod desk;
pub mod float_errors;
mod hand;
pub mod job;
pub mod kernel;
pub mod lane;
pub mod machine;
pub mod observer;
pub mod options;
mod outputs;
pub mod parking;
pub mod plan;
pub mod pool;
pub mod ready;
pub mod registry;
mod relief;
pub mod remote;
pub mod run;
pub mod segment;
pub mod sync;
mod warm;
pub mod worker;

pub use context::{CancelHere, CancelToken, TaskCtx, is_cancelled_here, threads_here};
pub use float_errors::{FloatErrors, FloatKinds};
pub use job::{Job, Report, Reported};
pub use kernel::{Call, Kernel, Outcome, World};
pub use lane::{ELSEWHERE, Lane, LaneId, NATIVE, Surroundings};
pub use observer::{Observer, Span};
pub use options::RunOptions;
pub use pool::{Nest, Pool};
pub use raskt_core::ErrorPolicy;
pub use registry::BodyRegistry;
pub use run::Run;
