//! The order of rows: sorting by several keys, the first few, distinct rows.

mod distinct;
mod order;
mod rows;
mod table;
mod top;
mod unique;

pub use distinct::{Distinct, Keep, distinct};
pub(crate) use order::{Direction, order};
pub use rows::{Sort, sort};
pub use table::{register, rows};
pub use top::TOP;
pub use unique::{DISTINCT, NUNIQUE, VALUE_COUNTS};
