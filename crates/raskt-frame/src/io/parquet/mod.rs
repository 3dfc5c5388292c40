//! Parquet: what a file holds as pandas reads it, its row groups as tables, and files written.

mod dtypes;
mod file;
mod keys;
mod pandas;
mod prune;
mod read;
#[cfg(test)]
mod tests;
mod write;

pub use file::{ParquetFile, ParquetIndex, RowGroup};
pub use keys::PathColumn;
pub use read::{ReadParquet, read_parquet};
pub use write::{Compression, WriteParquet, is_writable, write_parquet};
