//! Element-wise functions: NumPy's ufuncs, and library functions that work element by element.

mod build;
mod lower;
mod table;

pub(crate) use build::promoted;
pub use build::{apply, scalar, ufunc};
pub(crate) use lower::blocks;
pub use table::{UFUNCS, is_elementwise, rows};
