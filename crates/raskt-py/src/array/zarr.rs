//! zarr arrays in folders, by the engine: for arrays that Python's zarr has opened.

use std::path::Path;

use pyo3::prelude::*;
use raskt_array::zarr::{Place, read, write};
use raskt_core::Param;
use raskt_zarr::{Empty, Layout};

use super::expression::ArrayExpr;
use super::failure;
use super::notes::builder_here;
use super::parameters::ArrayChunks;

/// The array in `folder` with this metadata; `stamp` stands for its content.
#[pyfunction]
fn zarr_read(
    py: Python<'_>,
    folder: &str,
    metadata: &str,
    chunks: PyRef<'_, ArrayChunks>,
    stamp: &str,
) -> PyResult<ArrayExpr> {
    let place = Place { folder: Path::new(folder), metadata };
    let stamp = Param::Str(stamp.into());
    let built = read(&builder_here(py)?, &place, stamp, &chunks.chunks);
    built.map(ArrayExpr::of).map_err(|error| failure::to_py(py, error))
}

/// The writing of `array` into the one in `folder`, from `starts` on: an array of one element for each block.
#[pyfunction]
fn zarr_write(
    py: Python<'_>,
    array: PyRef<'_, ArrayExpr>,
    folder: &str,
    metadata: &str,
    starts: Vec<u64>,
    empty: bool,
) -> PyResult<ArrayExpr> {
    let place = Place { folder: Path::new(folder), metadata };
    let empty = if empty { Empty::Written } else { Empty::LeftOut };
    let built = write(&builder_here(py)?, array.expr(), &place, &starts, empty);
    built.map(ArrayExpr::of).map_err(|error| failure::to_py(py, error))
}

/// The dtype of the array in `folder` with this metadata; an error where the engine does not read it.
#[pyfunction]
fn zarr_dtype(py: Python<'_>, folder: &str, metadata: &str) -> PyResult<String> {
    let layout = Layout::new(Path::new(folder), metadata);
    layout.map(|layout| layout.dtype().to_string()).map_err(|error| crate::errors::to_py(py, error))
}

/// Adds the functions to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(zarr_read, module)?)?;
    module.add_function(wrap_pyfunction!(zarr_write, module)?)?;
    module.add_function(wrap_pyfunction!(zarr_dtype, module)?)
}
