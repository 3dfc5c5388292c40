//! Other shapes for the same elements, where each block keeps its own.

mod build;
mod later;
mod plan;
mod table;

pub use build::reshape;
pub use table::rows;
