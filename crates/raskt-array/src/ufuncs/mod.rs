//! Element-wise functions: NumPy's ufuncs, and library functions that work element by element.

mod build;
mod lower;
mod table;

pub use build::{apply, scalar, ufunc};
pub use table::{UFUNCS, is_elementwise, rows};
