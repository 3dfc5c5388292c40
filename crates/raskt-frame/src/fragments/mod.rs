//! Fragments: chains of native work on the same rows are one program, which one task a partition runs: reader, filters,
//! columns, and the partial result of a reduction or group-by on top.
//!
//! Not a rule, since it depends on who else needs a value: what several programs need is computed once, and not part of one.

mod body;
mod chain;
mod program;
mod table;

pub use body::register;
pub use chain::FRAGMENTS;
pub(crate) use chain::Fragments;
pub use table::rows;
