//! Reductions: a partial result a partition, combined in a tree.

mod bodies;
mod fold;
mod result;
mod table;

pub(crate) use bodies::chunk_body;
pub use bodies::register;
pub use result::Reduction;
pub use table::{REDUCE, rows};
pub(crate) use table::{Tree, tree, tree_of, tree_over};
