//! All the bodies.

use raskt_core::Result;
use raskt_exec::BodyRegistry;

use super::{checked, pick, region};

/// Adds these bodies, and the native kernels, to `registry`.
///
/// # Errors
/// [`raskt_core::ErrorKind::KeyClash`] where they are there already.
pub fn register(registry: &mut BodyRegistry) -> Result<()> {
    crate::random::prepare();
    crate::kernels::register(registry)?;
    region::register(registry)?;
    pick::register(registry)?;
    checked::register(registry)?;
    #[cfg(feature = "linear")]
    crate::linear::register(registry)?;
    crate::npy::register(registry)?;
    crate::zarr::register(registry)
}
