//! Frames of partitions that are in memory, and of files.

mod files;
mod held;
mod table;

pub(crate) use files::with_columns;
pub use files::{READ_CSV, READ_PARQUET, read_csv, read_parquet};
pub use held::{HeldTokens, Partitions};
pub use table::{PARTITIONS, TABLES, from_tables, rows};
