//! Bags as expressions: functions of users, partition by partition, and trees of reductions. What a function is, only the
//! language knows that it is written in; see [`Functions`].

mod build;
mod join;
mod lower;
mod table;

pub use build::{Bag, Remains, Tree};
pub use join::JOIN;
pub use table::{COLLECTION, Functions, add_to};
