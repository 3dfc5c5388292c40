//! Raskt for Rust programs: graphs of closures, run on all cores, in bounded memory.
//!
//! A [`Graph`] collects calls. Each is a [`Task`] that knows the type of its value, and other calls take it as an
//! argument. Nothing runs until values are asked for; then an [`Executor`] runs what they need, in an order that
//! releases memory early.
//!
//! ```
//! use raskt::Graph;
//!
//! let mut graph = Graph::new();
//! let [width, height] = [3, 4].map(|side| graph.value(side));
//! let square = graph.function("square", |x: i64| x * x);
//! let (a, b) = (graph.call(&square, width), graph.call(&square, height));
//! let diagonal = graph.task("diagonal", (a, b), |a: i64, b: i64| ((a + b) as f64).sqrt());
//! assert_eq!(graph.compute(diagonal)?, 5.0);
//! # Ok::<(), raskt::Error>(())
//! ```
//!
//! - What travels between tasks is a [`Datum`]: numbers, texts, [`Buffer`]s, [`NdArray`]s, vectors and tuples of them,
//!   an `Arc` of any type.
//! - A closure may fail with any error, or panic: the [`Error`] names the task and its function, and [`cause`] gives
//!   back what the closure returned.
//! - A closure may return a [`Grown`] graph that runs in its place.
//! - Numeric work on more data than a graph of closures should be written for by hand is an [`array`](mod@array).
//! - [`mod@frame`] reads CSV and Parquet, filters, groups, joins, sorts and writes rows, within memory or beyond it.
//! - [`bag`] reads text and JSON lines, compressed or not, in parallel.
//! - Graphs of functions that are registered by [`macro@task`], arrays and frames run on a [`cluster`] of processes, too.
//! - [`Options`] set threads, a memory limit, where values are spilled, retries, what an error stops, and a
//!   [`CancelHandle`].

#![cfg_attr(
    not(test),
    warn(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_possible_wrap)
)]

// `task` names this crate so, in its own tests, too.
extern crate self as raskt;

pub mod array;
pub mod bag;
mod cancel;
#[cfg(feature = "cluster")]
pub mod cluster;
mod datum;
mod executor;
pub mod frame;
mod function;
mod graph;
mod registered;
mod wanted;

pub use cancel::CancelHandle;
pub use datum::Datum;
pub use executor::{Engine, Executor, Options};
pub use function::{Callable, Function, Output, cause};
pub use graph::{Graph, Grown, Task};
pub use raskt_core::{Buffer, DType, Error, ErrorKind, ErrorPolicy, Key, NdArray, Result, Value};
pub use wanted::{Arguments, Wanted};

/// What [`macro@task`] needs of this crate.
#[doc(hidden)]
pub mod __registered {
    pub use crate::registered::{Registered, Registry};
    pub use inventory::submit;
}

/// Registers a function, so that its calls can run in other processes of the same program: see [`cluster`].
///
/// The function stays what it is. Other processes know it by its module and name, so that functions of one module need
/// different names, whether or not they stand in other functions.
///
/// ```
/// use raskt::Graph;
///
/// #[raskt::task]
/// fn square(x: i64) -> i64 {
///     x * x
/// }
///
/// let mut graph = Graph::new();
/// let three = graph.value(3);
/// let nine = graph.task("square", three, square);
/// assert_eq!(graph.compute(nine)?, square(3));
/// # Ok::<(), raskt::Error>(())
/// ```
///
/// A generic function is many functions, none of which has a name:
///
/// ```compile_fail
/// #[raskt::task]
/// fn twice<T: Clone + raskt::Datum>(x: T) -> Vec<T> {
///     vec![x.clone(), x]
/// }
/// ```
pub use raskt_macros::task;
