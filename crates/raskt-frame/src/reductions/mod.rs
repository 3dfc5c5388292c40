//! Reductions: a partial result a partition, combined in a tree.

mod bodies;
mod fold;
mod result;
mod table;

pub use bodies::register;
pub use result::Reduction;
pub(crate) use table::tree;
pub use table::{REDUCE, rows};
