//! Bags: what is done without Python, called from Python.

mod file;
mod lines;

pub use lines::register;
