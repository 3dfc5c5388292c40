//! Reductions along axes: a tree of partial results.

mod build;
mod lower;
mod table;

pub use build::reduce;
pub(crate) use lower::split_every;
pub use table::{REDUCTIONS, is_reduction, rows};
pub(crate) use table::{axes_of, reduction_meta};
