//! Arrays from nothing, and from what is in memory already.

mod build;
mod lower;
mod table;

pub(crate) use build::full_like;
pub use build::{from_array, full, source};
pub(crate) use lower::ranges;
pub use table::rows;
