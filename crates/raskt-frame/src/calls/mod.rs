//! Frames that users' functions make: of partitions, of arguments, and delayed values that are partitions.

mod table;
mod tree;

pub use table::{ALIGNS, CALL, CLEARS, FROM_DELAYED, FROM_MAP, KEEPS, rows};
pub use tree::{CARRY, TREE};
