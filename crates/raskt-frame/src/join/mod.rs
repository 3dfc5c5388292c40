//! Joins: rows of two frames put together by equal keys.
//!
//! [`Merge`] is what pandas' arguments ask for, [`Plan`] what comes of it for frames of two schemas, [`join`] the join of two
//! tables. Frames of several partitions are joined partition by partition where each partition of one side meets all of the
//! other, which has one; else rows of equal keys are brought together first.

mod dtypes;
mod kernel;
mod keys;
mod parameters;
mod plan;
mod probe;
mod rows;
mod table;
#[cfg(test)]
mod tests;

pub use kernel::join;
pub use parameters::{How, Merge, On, Unique};
pub use plan::{Plan, common};
pub use table::{MERGE, rows};
pub(crate) use table::{Side, can_broadcast, columns_used, with_broadcast};
