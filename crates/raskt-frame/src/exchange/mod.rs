//! Rows on their way between partitions: what the tasks of a shuffle send and receive through an exchange.
//!
//! A [`Place`] is the exchange of one shuffle, as a value among the parameters of its sending tasks: lowering makes it, and it
//! goes to child processes as the path of its folder, so that executors know nothing of it. What a sending task returns, a
//! [`Pieces`], is a value too; the store counts what of it is in memory.

mod bodies;
mod layer;
mod pieces;
mod place;
mod runtime;

pub use bodies::register;
pub(crate) use layer::{By, Shuffled, name, shuffled};
pub use pieces::Pieces;
pub use place::Place;
pub use runtime::{ExchangeRuntime, RUNTIME};
