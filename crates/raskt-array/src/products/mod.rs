//! Products of matrices and their like: which axes meet, and what multiplies their blocks.

mod build;
mod table;

pub(crate) use build::{BLAS_MULTIPLICATIONS, MATMUL_BY_BLAS, MATMUL_BY_KERNEL};
pub use build::{Multiplier, matmul, tensordot};
pub use table::rows;
