//! Partitions of dataframes across the border: pandas' objects as tables and back, numbers without a copy either way.

mod capsule;
mod columns;
mod labels;
mod table;

pub use table::{register, table_of, to_pandas};
