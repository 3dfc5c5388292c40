//! NumPy's files of one array, `.npy`: read by regions and written by regions, block by block, without Python.
//!
//! The format is NumPy's (`numpy.lib.format`, versions 1 to 3): a head that says dtype, order and shape, then the bytes of
//! the elements.

mod bodies;
mod head;
mod table;

pub use bodies::register;
pub use head::{Head, Order};
pub(crate) use table::written_meta;
pub use table::{read, rows, write};
