//! Rows that every user filters out are not read.

mod comparisons;
mod lifted;
mod pass;
mod rows;

pub use pass::PREDICATES;
pub(super) use pass::Predicates;
