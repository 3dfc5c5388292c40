//! Partitions chosen, put one after another and cut anew; the first and the last rows; how many rows there are.

mod choose;
mod concat;
mod conform;
mod ends;
mod lengths;
mod repartition;
mod table;

pub use choose::CHOOSE;
pub use concat::CONCAT;
pub use ends::{HEAD, TAIL};
pub use lengths::LENGTHS;
pub use repartition::{REDIVIDE, REPARTITION};
pub(crate) use repartition::{boundaries, split};
pub(crate) use table::{IN_ONE, input, joined, number, operand, renumbered, whole_body};
pub use table::{register, rows};
