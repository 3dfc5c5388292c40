//! The order of rows: sorting by several keys, the first few, distinct rows.

mod distinct;
mod order;
mod rows;

pub use distinct::{Distinct, Keep, distinct};
pub(crate) use order::{Direction, order};
pub use rows::{Sort, sort};
