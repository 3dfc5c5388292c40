//! The configuration of Raskt: what keys there are, where their values come from, and what the values mean.
//!
//! One loader serves Python and the command line. It knows the sources and their priority ([`Sources`]), the keys
//! and the values they accept ([`Schema`]), and where each value came from ([`Config::find`]). It holds no global
//! state: who loads a [`Config`] owns it. What Python adds (`config.set`, the live dictionary) is in
//! `python/raskt/config.py`.
//!
//! ```
//! use raskt_config::{Config, Sources};
//!
//! let sources = Sources::none().with_variable("RASKT_LOCAL__MEMORY_LIMIT", "1GiB");
//! let config = Config::load(&sources)?;
//! assert_eq!(config.bytes("local.memory-limit")?, Some(1 << 30));
//! assert_eq!(config.duration("processes.start-timeout")?.map(|d| d.as_secs()), Some(30));
//! # Ok::<(), raskt_config::ConfigError>(())
//! ```

#![cfg_attr(
    not(test),
    warn(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_possible_wrap)
)]

mod config;
mod document;
mod edit;
mod error;
mod layer;
mod literal;
mod map;
mod memory;
mod nearest;
mod origin;
mod scalar;
mod schema;
mod setting;
mod sources;
mod units;
mod value;
mod write;
mod yaml;

pub use config::{Config, Found, Leaves};
pub use document::{markdown, schema_value};
pub use edit::edited_yaml;
pub use error::{ConfigError, ConfigWarning};
pub use literal::parse_literal;
pub use map::{KEY_PARTS_MAX, Map};
pub use memory::{MemoryFiles, memory_granted_bytes};
pub use nearest::nearest;
pub use origin::Origin;
pub use schema::{Choice, Entry, Kind, Schema, schema};
pub use setting::{MemoryLimit, Setting};
pub use sources::{PathRole, SearchPath, Sources};
pub use units::{DefaultUnit, UnitError, format_bytes, parse_bytes, parse_timedelta, parse_timedelta_in};
pub use value::Value;
pub use write::{to_json, to_json_lines, to_yaml};
pub use yaml::{YamlError, YamlLimits, parse_yaml};
