//! The same elements in other blocks.

mod build;
mod lower;
mod table;

pub use build::to;
pub use lower::join_body;
pub use table::rows;
