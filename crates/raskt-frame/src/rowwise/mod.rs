//! Operations that work row by row, so partition by partition.

mod bins;
mod identity;
mod method;
mod reshape;
mod select;
mod table;

pub use bins::BINS;
pub use identity::{cut, rows_of};
pub use method::{METHOD, apply, is_of_each_column};
pub use reshape::RESET_INDEX;
pub(crate) use select::are_native;
pub use select::{ASSIGN, COLUMN, COLUMNS, FILTER, RELABEL};
pub(crate) use select::{column_position, positions};
pub use table::rows;
