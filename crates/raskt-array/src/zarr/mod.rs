//! zarr arrays in folders, read and written by regions, block by block, without Python.
//!
//! The formats are `raskt-zarr`'s.

mod bodies;
mod table;

pub use bodies::{Target, register};
pub use table::{Place, read, rows, write};
