//! Columns that nobody uses are not read, not filtered, not assigned.

mod narrow;
mod needs;
mod pass;

pub use pass::PROJECTION;
pub(super) use pass::Projection;
