//! What the optimizer makes of expressions, as `explain` shows it, and that values are what they are without it.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test's helpers may fail it")]

mod fragments;
mod limit;
mod predicates;
mod projection;
mod session;
