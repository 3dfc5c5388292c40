//! Bodies that are no operations of their own: how blocks are handed on.

mod pick;
mod region;

pub use pick::PICK;
pub use region::REGION;

use raskt_core::Result;
use raskt_exec::BodyRegistry;

/// Adds these bodies, and the native kernels, to `registry`.
///
/// # Errors
/// [`raskt_core::ErrorKind::KeyClash`] where they are there already.
pub fn register(registry: &mut BodyRegistry) -> Result<()> {
    crate::kernels::register(registry)?;
    region::register(registry)?;
    pick::register(registry)
}
