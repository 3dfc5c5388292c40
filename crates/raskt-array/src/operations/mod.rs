//! The table of operations: what each is called, takes, makes, and runs.

mod lowering;
mod planner;
mod row;

pub use planner::{COLLECTION, add_to, planner, rows};
pub use row::{AcceptFn, BuildFn, Job, LowerFn, MetaFn, Row, are_native};
