//! Reductions: folds over tiles, whose partial results merge in any tree.

mod accumulate;
mod args;
mod bodies;
mod cumulative;
mod float_errors;
mod fold;
mod moments;
mod monoids;
mod spec;
mod sums;
mod topk;

pub(crate) use bodies::{aggregate, combine, run_fold};
pub(crate) use cumulative::{carried, cumulate, preceding};
pub(super) use float_errors::any_float;
pub(crate) use monoids::Number;
pub use spec::{FoldKind, FoldSpec, Measure, Stage};
pub(crate) use topk::topk;
