//! What scheduler, workers and clients say to each other. A connection keeps the order of messages; one that breaks may
//! lose those that are under way, and a message may come twice. The machines are correct under both.

mod client;
mod encode;
mod submission;
mod worker;

pub use client::{FromClient, ToClient};
pub use submission::{Demand, Particular, RESOURCE_UNIT, Submission};
pub use worker::{Compute, FromWorker, InputAt, Pressure, ToWorker, Work, WorkerInfo};
