//! Layers, seen from outside: every kind held against oracles that spell everything out.

// Clippy's leave for tests does not reach the helpers of an integration test.
#![allow(clippy::unwrap_used, clippy::panic)]

mod encoding;
mod errors;
mod expansion;
mod message;
mod semantics;
mod strategies;
mod transposed;
