//! Group-by in three steps: partial states of each partition, states put together, results.
//!
//! States are tables: a row for each group, the keys first, then the columns of the states. Putting them together may go in
//! a tree, since states of states are states.

mod distinct;
mod folds;
mod moments;
mod parameters;
mod plan;
mod state;
mod steps;
mod table;
#[cfg(test)]
mod tests;

pub use parameters::{Aggregate, Function, GroupBy, Options};
pub use steps::{combine, finalise, partial};
pub use table::{GROUPBY, register, rows};
pub(crate) use table::{chunk_body, tree_of};
