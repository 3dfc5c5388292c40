//! Expressions, seen from outside.

// Clippy's leave for tests does not reach the helpers of an integration test.
#![allow(clippy::unwrap_used, clippy::panic)]

mod calls;
mod explaining;
mod interning;
mod lowering;
mod metas;
mod rewriting;
mod sums;
