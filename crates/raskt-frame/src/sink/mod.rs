//! Frames that are written to files: a task a partition.

mod table;

pub use table::{WRITE, WRITE_PARQUET, rows};
