//! What all collections share: expressions and what becomes of them before they are tasks.
//!
//! An [`Expr`] says what is to be computed; nothing is. It is an operation of a collection, or a call that somebody wrote; the
//! operands of either may be of both kinds. A [`Planner`] simplifies operations by the rules of their collections and lowers
//! them to layers; calls become raw layers.
//!
//! Floor 1. Contains no rule, no operation and no layer of any one collection, and knows no Python: what a library
//! function would return is asked of the [`Library`] that a higher floor hands in.

#![cfg_attr(
    not(test),
    warn(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_possible_wrap)
)]

pub mod call;
pub mod carrier;
pub mod context;
pub mod explain;
pub mod expr;
pub mod gather;
pub mod held;
pub mod interner;
pub mod library;
pub mod lower;
pub mod meta;
pub mod operation;
pub mod planner;
pub mod rewrite;
mod strata;
pub mod traverse;

pub use call::{CallNode, Keys, Ledger, Mark, Rows};
pub use carrier::Carrier;
pub use context::{Bounds, Context};
pub use expr::{CALLS, Draft, Expr, Pending, Purity, free};
pub use gather::{Gathered, gather};
pub use held::{Held, NativeTokens};
pub use library::{Library, NoLibrary};
pub use lower::{AS_WRITTEN, LABEL, Lower, Lowered, Plan, Wanted, label, layer_name};
pub use meta::{ContainerMeta, Meta, ShapeMeta};
pub use operation::{Arity, MetaRule, Operation, Operations, Way};
pub use planner::Planner;
pub use rewrite::{Firing, Pass, Rewritten, Rule, Sharing};
pub use traverse::{calls_below, operations, post_order, replaced};
