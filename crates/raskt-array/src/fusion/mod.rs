//! Fusion: chains of element-wise work become one program each, and the reduction that follows joins it.
//!
//! Not a rule, since it depends on who else needs a value: what several programs need is computed once, and not fused.

mod chain;
mod lower;
mod step;
mod table;

pub use chain::{FUSE, Fuse};
pub(crate) use step::{NativeStep, constant};
pub use table::rows;
