//! The names of this folder in the extension module.

use pyo3::prelude::*;

/// Adds the names of the folder's modules.
///
/// # Errors
/// Whatever adding to a module raises.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    super::aside::register(module)?;
    super::client::register(module)?;
    super::coordination::register(module)?;
    super::future::register(module)?;
    super::scheduler::register(module)?;
    super::worker::register(module)
}
