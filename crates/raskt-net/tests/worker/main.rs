//! Workers, told what to do over real connections by a scheduler that says what a test wants.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by them")]

mod cluster;
mod peers;
mod script;
mod spilling;
mod tasks;
