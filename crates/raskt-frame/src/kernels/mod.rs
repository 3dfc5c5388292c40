//! Native kernels of columns: pandas' semantics on Arrow arrays.
//!
//! A function of pandas is looked up by its name and the types of its operands ([`plan`]): what it returns is known then, and
//! how to compute it. Whatever has no plan is pandas' own.

mod arguments;
mod arithmetic;
mod cast;
mod choose;
mod column;
mod compare;
mod dates;
mod logic;
mod membership;
mod missing;
mod plan;
mod promote;
mod round;
mod text;
mod times;

pub use column::{Column, Planned, Type, mask, spread, spread_literal, typed_literal};
pub use missing::is_missing;
pub use plan::plan;
pub(crate) use promote::{Flavour, is_float, is_integer, number, promoted};
pub(crate) use times::{as_time_of, time};
