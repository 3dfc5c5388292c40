//! A pool of child processes.
mod arena;
mod bell;
mod shared;
mod traffic;
mod wire;
