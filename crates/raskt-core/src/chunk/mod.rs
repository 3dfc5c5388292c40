//! Chunks: how the axes of an array are cut into blocks, and the arithmetic of it.
//!
//! [`AxisChunks`] is one axis, [`Chunks`] the grid of all; [`ChunkSpec::normalize`] turns what people
//! write for `chunks=` into a grid.

mod auto;
mod axis;
mod grid;
mod spec;

pub use axis::{AxisChunks, Chunk};
pub use grid::{Blocks, Chunks};
pub use spec::{AxisSpec, ChunkRequest, ChunkSpec};
