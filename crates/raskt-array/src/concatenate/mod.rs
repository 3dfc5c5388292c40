//! Arrays one behind the other, or on top of each other.

mod build;
mod lower;
mod table;

pub use build::{concatenate, stack};
pub use table::rows;
