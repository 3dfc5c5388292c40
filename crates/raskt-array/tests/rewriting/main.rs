//! The rules of arrays: what they leave of expressions.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test's helpers may fail it")]

mod less;
mod simplified;
mod slices;
