//! The table of operations: what each is called, takes, makes, and runs.

mod lowering;
mod planner;
mod row;

pub(crate) use planner::row_of;
pub use planner::{COLLECTION, add_to, planner, register, rows};
pub(crate) use row::is_native;
pub use row::{AcceptFn, Job, KernelFn, LowerFn, MetaFn, Row, grid, kernel_name, partitionwise};
