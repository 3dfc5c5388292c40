//! What is taken of a frame as values: all of it, the list of its partitions, or one of them.

mod build;
mod table;

pub use build::{Planning, partition, partitions, whole};
pub use table::{partition_of, rows};
