//! Seeing a computation: a page that is served to browsers while it goes on, and reports as single files.
//!
//! Floor 4. Reads the rings of [`raskt_exec::events`] and snapshots; changes nothing, and holds no lock that a scheduler waits
//! for. A [`Watch`] looks ten times a second and keeps what it saw within a bound; a [`Server`] sends viewers what is new; the
//! same program draws [`report`]s.
#![cfg_attr(
    not(test),
    warn(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_possible_wrap)
)]

mod actions;
mod bars;
mod cluster;
mod http;
mod hub;
mod json;
mod local;
mod metrics;
mod page;
mod past;
mod process;
mod profile;
mod server;
mod source;
mod tasks;
mod telling;
mod watch;
mod worker;

pub use actions::{Actions, Actor};
pub use cluster::ClusterSource;
pub use local::LocalSource;
pub use page::report;
pub use server::{Server, ServerOptions};
pub use source::{Bar, Group, Kind, LaneLabel, Memory, RunningTask, Seen, Source, Teller, Worker};
pub use watch::Watch;
pub use worker::WorkerSource;
