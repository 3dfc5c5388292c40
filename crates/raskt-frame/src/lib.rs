//! Dataframes: partitions that are Arrow tables and look like pandas.
//!
//! A [`Table`] is one partition: columns and an index of rows. A [`Schema`] says what pandas knows of it without its rows;
//! [`FrameMeta`] is that of a whole frame, with divisions.
//!
//! Floor 2. Knows no Python, and no other collection. What has no native kernel is a function of pandas, called by its name
//! through the [`Library`](raskt_expr::Library).

#![cfg_attr(
    not(test),
    warn(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_possible_wrap)
)]

pub mod arguments;
mod builder;
pub mod calls;
mod dtype;
pub mod exchange;
pub mod fragments;
pub mod groupby;
pub mod io;
pub mod join;
pub mod kernels;
mod keys;
mod label;
pub mod library;
mod members;
mod meta;
pub mod operations;
pub mod partition;
pub mod reductions;
pub mod results;
pub mod rows;
pub mod rowwise;
pub mod rules;
mod schema;
pub mod sink;
pub mod sort;
pub mod source;
pub mod table;
pub mod windows;

pub use builder::Builder;
pub use dtype::PandasType;
pub use keys::Key;
pub use label::Label;
pub use meta::{Divisions, FrameMeta};
pub use operations::{COLLECTION, add_to, planner, register};
pub use schema::{Field, Kind, Schema};
pub use source::from_tables;
pub use table::{Index, Table, TableRuntime};
