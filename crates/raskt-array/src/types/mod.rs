//! Rules of element types: NumPy 2 promotion, casting, and what each ufunc makes of its operands.
//!
//! Everything here decides from dtypes alone; no element is looked at. What NumPy rejects is `None`, and so is
//! what only a library function can do.

mod casting;
mod code;
mod promotion;
mod resolve;
mod times;
mod ufunc;

pub use casting::{Casting, can_cast};

pub use promotion::{Operand, Weak, integer_fits, promote_types, result_type};
pub use resolve::Loop;
pub use ufunc::Ufunc;
