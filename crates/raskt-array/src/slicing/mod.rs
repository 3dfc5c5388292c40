//! Slices: regions of blocks, elements by their index, new axes.

mod build;
mod cuts;
mod index;
mod lower;
mod table;
mod take;

pub use build::slice;
pub use cuts::{Cut, cuts_of, cuts_param};
pub use index::Index;
pub use table::rows;
pub use take::take;
