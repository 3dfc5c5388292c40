//! Arrays cut into chunks, as NumPy's users know them, from Rust: lazy, planned as a whole, on all cores.
//!
//! An [`Array`] is an expression. Making one costs microseconds, however many chunks it has; [`Array::compute`] simplifies
//! it, fuses chains of element-wise work with the reduction behind them, and runs what is left.
//!
//! ```
//! use raskt::array::{Array, index};
//!
//! let x: Array<f64> = Array::linspace(0.0, 1.0, 1001, &[250]);
//! let area = ((&x * &x) + 1.0).mean();
//! assert!((area.value()? - 4.0 / 3.0).abs() < 1e-3);
//! let last = x.slice(&index![-3..]).compute()?;
//! assert_eq!(last.values(), [0.998, 0.999, 1.0]);
//! # Ok::<(), raskt::array::ArrayError>(())
//! ```
//!
//! Elements are `bool`, integers, `f32`, `f64` and [`Complex`] numbers of these; results have the type that NumPy gives them, which is the type of the
//! array: the sum of `Array<i32>` is an `Array<i64>`. What cannot be (shapes that do not fit, an axis that is not there) makes
//! an array that says so: [`Array::shape`] and [`Array::compute`] return the [`ArrayError`], so that chains need no `?`
//! between their links.

mod computed;
mod create;
mod element;
mod expression;
mod linear;
mod npy;
mod operate;
mod random;
mod rearrange;
mod reduce;
mod zarr;

pub use computed::Computed;
pub use element::{Element, Float, Fraction, Number, Real};
pub use expression::Array;
pub use linear::Triangle;
pub use num_complex::Complex;
pub use operate::Operand;
pub use random::Random;
pub use raskt_array::slicing::Index;
pub use raskt_array::{ArrayError, Built};
pub use rearrange::{concatenate, stack};
pub use zarr::{Compressor, ZarrOptions};

#[doc(inline)]
pub use crate::index;
