//! Frames of partitions that are in memory, and of files.

mod divided;
mod files;
mod held;
mod table;

pub use divided::{DIVIDED, divided};
pub use files::{READ_CSV, READ_PARQUET, read_csv, read_parquet};
pub(crate) use files::{with_columns, with_filters, with_limit};
pub use held::{HeldTokens, Partitions};
pub use table::{PARTITIONS, TABLES, from_tables, rows};
