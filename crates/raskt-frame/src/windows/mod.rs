//! What looks at rows before and behind: windows, shifts, gaps that are filled, running sums.
//!
//! A task a partition, with rows or states that are carried to it from its neighbours. What is carried on is made of each
//! partition by itself, and then from one to the next of that alone, which is little.

mod fill;
mod folds;
mod grouped;
mod layer;
mod rank;
mod rolling;
mod running;
mod shift;
mod table;

pub use fill::FILL;
pub use grouped::WITHIN_GROUPS;
pub use rank::RANK;
pub use rolling::ROLLING;
pub use running::RUNNING;
pub use shift::SHIFT;
pub use table::{register, rows};
