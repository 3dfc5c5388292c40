//! Bags: what is done without Python, called from Python.

mod file;
mod hashing;
mod plan;
mod register;
mod scalar;
mod stream;

pub use register::register;
