//! Blocks with margins of their neighbours.

mod build;
mod table;

pub use build::overlap;
pub(crate) use table::margins;
pub use table::rows;
