//! Kernels that move elements and compute nothing: slices, transpositions, joints, takes, assignments.

mod assemble;
mod assign;
mod diagonals;
mod join;
mod margins;
mod own_copy;
mod reshape;
mod slice;
mod take;

pub use assemble::{Piece, assemble};
pub(crate) use assign::assign;
pub(crate) use diagonals::{diagonal, triangle};
pub(crate) use join::{concatenate_arrays, cut, join};
pub(crate) use margins::extend;
pub use own_copy::{own_copy, writable_copy};
pub(crate) use reshape::{broadcast, reshape, transpose};
pub(crate) use slice::slice;
pub(crate) use take::{compress, overlay, points, repeat, take, true_places};
