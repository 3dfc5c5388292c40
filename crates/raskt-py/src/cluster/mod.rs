//! The cluster for Python: its scheduler, its workers, its clients.

mod register;
mod runtime;
mod scheduler;
mod worker;

pub use register::register;
pub use runtime::after_fork_in_child;
