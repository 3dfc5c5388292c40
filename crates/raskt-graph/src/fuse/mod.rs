//! Fusion: several tasks run as one.

mod program;

pub use program::{Argument, Program, Step};
