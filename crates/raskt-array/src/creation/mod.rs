//! Arrays from nothing, and from what is in memory already.

mod build;
mod fill;
mod lower;
mod table;

pub use build::{from_array, full, source};
pub(crate) use fill::{fill_of, full_like, full_of, recut};
pub(crate) use lower::{places, ranges};
pub use table::rows;
