//! Raskt's chunked arrays: what NumPy's users know, planned without Python and run by native kernels.

pub mod kernels;
pub mod random;
pub mod types;
