//! Graphs on a cluster: a scheduler, workers on any number of machines, and clients, all of one program and without Python.
//!
//! Other processes know a function by its name, if [`task`](macro@crate::task) registers it. Graphs of such functions run on
//! a cluster as they run on an [`Executor`](crate::Executor), and so do arrays and frames, by `compute_on(&client)`.
//!
//! ```
//! use raskt::Graph;
//! use raskt::cluster::{Client, ClientOptions, Scheduler, SchedulerOptions, Worker, WorkerOptions};
//!
//! #[raskt::task]
//! fn square(x: i64) -> i64 {
//!     x * x
//! }
//!
//! #[raskt::task]
//! fn sum(numbers: Vec<i64>) -> i64 {
//!     numbers.iter().sum()
//! }
//!
//! // Scheduler and workers are other processes usually: `Worker::join(..)?.wait()` is the whole of such a one.
//! let scheduler = Scheduler::start(SchedulerOptions::default())?;
//! let (address, secret) = (scheduler.address(), scheduler.security());
//! let worker = Worker::join(&address, WorkerOptions { security: secret.clone(), ..WorkerOptions::default() })?;
//!
//! let client = Client::connect(&address, ClientOptions { security: secret.clone(), ..ClientOptions::default() })?;
//! let mut graph = Graph::new();
//! let numbers: Vec<_> = (1..=4).map(|x| graph.value(x)).collect();
//! let squares: Vec<_> = numbers.into_iter().map(|x| graph.task("square", x, square)).collect();
//! let squares = graph.list(&squares);
//! let total = graph.task("sum", squares, sum);
//! assert_eq!(client.compute(&graph, total)?, 30);
//! # Ok::<(), raskt::Error>(())
//! ```
//!
//! - What travels is a [`Datum`](crate::Datum) that has an encoding: all but an `Arc` of a Rust type, and closures that
//!   capture nothing but are not registered.
//! - A lost worker's values are computed again. An error that a function returned comes as its words: [`cause`](crate::cause) finds none.
//! - All processes run the same program. Nothing compares what functions of one name do.
//! - Schedulers of the command `raskt scheduler` will do, with workers of the program.

mod client;
mod runtime;
mod scheduler;
mod security;
mod submitted;
mod worker;

pub use client::{Client, ClientOptions, Terms, WorkerInfo};
pub use scheduler::{Scheduler, SchedulerOptions};
pub use security::Security;
pub use submitted::Submitted;
pub use worker::{Worker, WorkerOptions};
