//! A whole graph in this process, or on a pool of child processes.
#![cfg_attr(
    not(test),
    warn(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_possible_wrap)
)]

#[cfg(unix)]
pub mod process;
