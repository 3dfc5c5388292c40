//! Bodies that are no operations of their own: how blocks are handed on.

mod pick;
mod region;
mod registry;

pub use pick::PICK;
pub use region::REGION;
pub use registry::register;
