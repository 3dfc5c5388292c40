//! A collection of arrays small enough to be read at once, which carries the proof that one can be planned without
//! Python and run by every executor: natively, and through the functions of a library; and that another collection, and
//! calls that users wrote, meet it in one plan without knowing it. For tests only.
//!
//! ```
//! use raskt_exec::BodyRegistry;
//! use raskt_expr::Way;
//! let mut registry = BodyRegistry::default();
//! raskt_proof::register(&mut registry)?;
//! let table = raskt_proof::plan_sum(10, 1000, Way::Native)?;
//! assert_eq!(table.outputs().len(), 1);
//! # Ok::<(), raskt_core::Error>(())
//! ```
#![cfg_attr(
    not(test),
    warn(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_possible_wrap)
)]

mod arrays;
mod kernels;
mod lowering;
mod operations;
mod sums;

pub use arrays::{add, full, sum, taken};
pub use kernels::register;
pub use operations::{add_to, planner};
pub use sums::{expected_sum, plan_sum, to_f64};
