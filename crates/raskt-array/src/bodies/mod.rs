//! Bodies that are no operations: how blocks are handed on.

mod pick;

pub use pick::PICK;

use raskt_core::Result;
use raskt_exec::BodyRegistry;

/// Adds these bodies to `registry`.
///
/// # Errors
/// [`raskt_core::ErrorKind::KeyClash`] where they are there already.
pub fn register(registry: &mut BodyRegistry) -> Result<()> {
    pick::register(registry)
}
