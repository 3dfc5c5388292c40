//! The order of rows: sorting by several keys, the first few, distinct rows.

mod distinct;
mod index;
mod order;
mod ordered;
mod rows;
mod table;
mod top;
mod unique;

pub use distinct::{Distinct, Keep, distinct};
pub use index::WITH_INDEX;
pub(crate) use order::{Direction, Ordered, order, places};
pub use ordered::SORT_ROWS;
pub use rows::{Sort, sort};
pub use table::{register, rows};
pub use top::TOP;
pub use unique::{DISTINCT, NUNIQUE, VALUE_COUNTS};
