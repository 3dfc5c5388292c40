//! Bodies that are no operations of their own: how blocks are handed on.

mod checked;
mod pick;
mod region;
mod registry;

pub use checked::CHECKED;
pub use pick::PICK;
pub use region::REGION;
pub use registry::register;
