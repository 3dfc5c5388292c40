//! Linear algebra without Python: factorisations and systems of equations, by blocks, on the kernels of `faer`.
//!
//! Python calls LAPACK on blocks, by NumPy and SciPy, and does not have this module in its extension: it is compiled with the
//! feature `linear`, which the facade asks for.
//!
//! Matrices may be cut in any way. QR, singular values, least squares, Cholesky and triangular systems hold blocks; LU, what is
//! solved with it, and eigenvalues are found by one task that holds the matrix.

mod kernels;
mod orthogonal;
mod square;
mod task;

pub use kernels::register;
pub use orthogonal::{lstsq, norm, qr, singular_values, svd};
pub use square::{cholesky, det, eigh, inv, lu, solve, solve_triangular};
pub(crate) use task::PREFIX;
