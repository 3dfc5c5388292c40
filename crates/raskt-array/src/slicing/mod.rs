//! Slices: regions of blocks, elements by their index, new axes.

mod build;
mod compose;
mod cuts;
mod index;
mod later;
mod lazy;
mod lower;
mod table;
mod take;

pub(crate) use build::cut;
pub use build::slice;
pub(crate) use compose::{composed, ranged};
pub(crate) use cuts::chunks_left;
pub use cuts::{Cut, cuts_of, cuts_param};
pub use index::Index;
pub(crate) use lazy::COMPRESS;
pub use table::rows;
pub use take::take;
