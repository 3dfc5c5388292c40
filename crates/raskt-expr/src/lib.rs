//! What all collections share: expressions and what becomes of them before they are tasks.
//!
//! An [`Expr`] says what is to be computed; nothing is. Equal expressions are one object while anybody holds them.
//! A [`Planner`] simplifies expressions by the rules of their collections and lowers them to layers.
//!
//! Floor 1. Contains no rule, no operation and no layer of any one collection, and knows no Python: what a library
//! function would return is asked of the [`Library`] that a higher floor hands in.

#![cfg_attr(
    not(test),
    warn(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_possible_wrap)
)]

pub mod carrier;
pub mod context;
pub mod explain;
pub mod expr;
pub mod interner;
pub mod library;
pub mod lower;
pub mod meta;
pub mod operation;
pub mod planner;
pub mod rewrite;
pub mod traverse;

pub use carrier::Carrier;
pub use context::{Bounds, Context};
pub use expr::{Draft, Expr, Purity};
pub use library::{Library, NoLibrary};
pub use lower::{LABEL, Lower, Lowered, Plan, label, layer_name};
pub use meta::{ContainerMeta, Meta, ShapeMeta};
pub use operation::{Arity, MetaRule, Operation, Operations, Way};
pub use planner::Planner;
pub use rewrite::{Firing, Rewritten, Rule};
pub use traverse::post_order;
