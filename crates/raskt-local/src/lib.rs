//! A whole graph in this process, or on a pool of child processes.
#[cfg(unix)]
pub mod process;
