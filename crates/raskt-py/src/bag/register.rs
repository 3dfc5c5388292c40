//! What the module has for bags.

use pyo3::prelude::*;

use super::file::BagFile;
use super::hashing::{bag_hash, bag_scatter};
use super::stream::{BagStream, go_on};

/// Adds what bags use to the module.
///
/// # Errors
/// Where the module refuses them.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(bag_hash, module)?)?;
    module.add_function(wrap_pyfunction!(bag_scatter, module)?)?;
    module.add_function(wrap_pyfunction!(go_on, module)?)?;
    super::expression::register(module)?;
    module.add_class::<BagFile>()?;
    module.add_class::<BagStream>()
}
