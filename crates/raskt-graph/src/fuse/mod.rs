//! Fusion: several tasks run as one.

mod chain;
mod program;

pub use chain::{FuseOptions, fuse};
pub use program::{Argument, Program, Step};
