//! A table cut into pieces by the values of its rows: what an exchange sends.

mod hash;
mod range;
mod table;

pub use hash::{HashPartition, hash_partition};
pub use range::{boundaries, range_partition, sample};
pub use table::{SHUFFLE, rows};
