//! The canonical encoding, seen from outside: golden bytes, round trips, payloads and foreign objects.

// Clippy's leave for tests does not reach the helpers of an integration test.
#![allow(clippy::unwrap_used, clippy::panic)]

mod foreign;
mod golden;
mod round_trips;
mod samples;
mod strategies;
