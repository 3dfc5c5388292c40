//! Frames of partitions that are in memory, and of files.

mod csv_files;
mod divided;
mod files;
mod held;
mod parquet_files;
mod table;

pub use csv_files::{CsvFiles, csv_files};
pub use divided::{DIVIDED, divided};
pub use files::{READ_CSV, READ_PARQUET, read_csv, read_parquet};
pub(crate) use files::{with_columns, with_filters, with_limit};
pub use held::{HeldTokens, Partitions};
pub use parquet_files::{ParquetFiles, parquet_files};
pub use table::{PARTITIONS, TABLES, from_tables, rows};
