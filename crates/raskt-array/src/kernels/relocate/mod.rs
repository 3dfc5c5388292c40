//! Kernels that move elements and compute nothing: slices, transpositions, joints, takes, assignments.

mod assign;
mod diagonals;
mod join;
mod margins;
mod reshape;
mod slice;
mod take;

pub(crate) use assign::{assign, assign_where};
pub(crate) use diagonals::{diagonal, from_diagonal, triangle};
pub(crate) use join::{concatenate, concatenate_arrays, cut, join};
pub(crate) use margins::{extend, pad};
pub(crate) use reshape::{broadcast, copy, expand, reshape, transpose};
pub(crate) use slice::slice;
pub(crate) use take::{compress, repeat, take, true_places};
