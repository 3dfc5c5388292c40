//! Files: Parquet and CSV, read and written as tables.

pub mod csv;
mod filter;
pub mod parquet;
mod path;

pub use filter::{Comparison, Filters, Literal, Operator};
pub use path::Stamp;
pub(crate) use path::io_error;
