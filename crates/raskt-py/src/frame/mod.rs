//! Partitions of dataframes across the border: pandas' objects as tables and back, numbers without a copy either way.

mod capsule;
mod columns;
mod expression;
mod files;
mod labels;
mod library;
mod lines;
mod register;
mod table;
mod whole;

pub use expression::{FrameExpr, partitions_from_data, partitions_to_data};
pub use library::{is_of_frames, meta};
pub use register::register;
pub use table::{as_table, table_of, to_pandas};
pub use whole::{Gathered, Whole};
