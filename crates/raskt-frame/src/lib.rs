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

mod dtype;
pub mod io;
mod label;
mod meta;
mod schema;
pub mod table;

pub use dtype::PandasType;
pub use label::Label;
pub use meta::{Divisions, FrameMeta};
pub use schema::{Field, Kind, Schema};
pub use table::{Index, Table, TableWorld};
