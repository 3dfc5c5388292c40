//! What others than arrays take of an array: all of it, its blocks, or one of them. Each is one value.

mod build;
mod lower;
mod table;

pub use build::{Planning, assemble, block, blocks};
pub use lower::{ASSEMBLE, block_of};
pub use table::rows;
