//! Any function, block by block: index notation, `map_blocks`, contractions, transposition, broadcasting.

mod build;
mod lower;
mod table;
mod transpose;

pub use build::blockwise;
pub(crate) use build::{broadcast_to, inputs, letters};
pub use table::rows;
pub use transpose::transpose;
