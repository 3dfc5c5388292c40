//! Native kernels of columns: pandas' semantics on Arrow arrays.
//!
//! A function of pandas is looked up by its name and the types of its operands ([`plan`]): what it returns is known then, and
//! how to compute it. Whatever has no plan is pandas' own.

mod arithmetic;
mod column;
mod compare;
mod logic;
mod missing;
mod plan;
mod promote;

pub use column::{Column, Planned, Type, mask, spread, spread_literal};
pub use missing::is_missing;
pub use plan::plan;
pub(crate) use promote::{Flavour, is_float, is_integer, number, promoted};
