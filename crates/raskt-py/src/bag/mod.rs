//! Bags: what is done without Python, called from Python.

mod expression;
mod file;
mod functions;
mod hashing;
mod plan;
mod register;
mod scalar;
mod stream;

pub use functions::PythonFunctions;
pub use register::register;
