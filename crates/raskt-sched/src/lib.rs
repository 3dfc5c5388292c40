//! The cluster as pure state machines: [`Scheduler`], which says where each task runs, and [`Worker`], which gets inputs from
//! other workers and runs tasks. Beside them [`Coordination`]: locks, queues and the like, which clients share.
//!
//! Floor 2. Events and an instant go in, actions come out: nothing here reads a clock, opens a socket, starts a thread, walks
//! an unordered map or draws a random number. Whoever drives a machine delivers messages and does what it says; `raskt-sim`
//! drives both under virtual time, with faults.
//!
//! ```
//! use std::sync::Arc;
//! use std::time::Duration;
//! use raskt_core::Key;
//! use raskt_graph::{Body, Keys, TableBuilder};
//! use raskt_sched::{
//!     Action, Event, FromClient, FromWorker, Options, Scheduler, Submission, Time, ToClient, ToWorker, WorkerInfo,
//! };
//!
//! let mut table = TableBuilder::default();
//! let task = table.push_own(Body::native("one"), &[])?;
//! let table = table.finish(Keys::Indexed("x".into()), vec![task])?;
//!
//! let mut scheduler = Scheduler::new(Options::default());
//! let mut actions = Vec::new();
//! let info = WorkerInfo { name: "a".into(), host: "localhost".into(), n_threads: 1, resources: Vec::new() };
//! let worker = scheduler.worker_joins(info, Time(0), &mut actions)?;
//! let client = scheduler.client_joins()?;
//! let submit = FromClient::Submit(Box::new(Submission::new("graph", Arc::new(table))));
//! scheduler.handle(Event::Client(client, submit), Time(1), &mut actions);
//! let attempt = match &actions[..] {
//!     [Action::ToWorker(to, ToWorker::Compute(compute))] if *to == worker => compute.attempt,
//!     other => panic!("{other:?}"),
//! };
//!
//! actions.clear();
//! let finished = FromWorker::Finished { attempt, n_bytes: 8, duration: Duration::from_millis(1) };
//! scheduler.handle(Event::Worker(worker, finished), Time(2), &mut actions);
//! let expected = Key::block("x", &[0]);
//! assert!(matches!(&actions[..], [Action::ToClient(_, ToClient::Ready { key, .. })] if *key == expected));
//! # Ok::<(), raskt_core::Error>(())
//! ```

#![cfg_attr(
    not(test),
    warn(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_possible_wrap)
)]

pub mod coordination;
mod failure;
mod ids;
mod levels;
mod links;
mod messages;
mod options;
mod priority;
pub mod scheduler;
mod slices;
mod time;
pub mod worker;

pub use coordination::{Coordination, CoordinationAction, CoordinationEvent, CoordinationOptions};
pub use failure::{Death, Failure, Reason};
pub use ids::{Attempt, ClientId, TaskId, TaskRef, WorkerId};
pub use messages::{
    Compute, Demand, FromClient, FromWorker, InputAt, Particular, Pressure, RESOURCE_UNIT, Submission,
    ToClient, ToWorker, Work, WorkerInfo,
};
pub use options::{Options, Prefill, WorkerOptions};
pub use priority::Priority;
pub use scheduler::{
    Action, Candidates, Counts, Event, Explanation, Misfit, Queue, Scheduler, StateCounts, TaskSnapshot,
    TaskState, Why, WorkerSnapshot,
};
pub use slices::{Slices, Terms};
pub use time::Time;
pub use worker::{Worker, WorkerAction, WorkerEvent, WorkerLoad};
