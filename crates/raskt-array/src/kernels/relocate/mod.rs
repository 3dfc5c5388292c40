//! Kernels that move elements and compute nothing: slices, transpositions, joints, takes.

mod join;

pub(crate) use join::{concatenate_arrays, copy_into};
