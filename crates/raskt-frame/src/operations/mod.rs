//! The table of operations: what each is called, takes, makes, and runs.

mod lowering;
mod planner;
mod row;

pub use planner::{COLLECTION, add_to, planner, register, rows};
pub use row::{AcceptFn, Job, KernelFn, LowerFn, MetaFn, Row, grid, kernel_name, partitionwise};
