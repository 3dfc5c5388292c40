//! What users write for `chunks=`.

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyList, PyString, PyTuple};
use raskt_core::Fit;
use raskt_core::chunk::{AxisSpec, ChunkRequest, ChunkSpec};

use super::parameters::ArrayChunks;

/// The chunks that `spec` comes to: `"auto"`, a number, -1, None, a tuple of these or of tuples of sizes, or a
/// dictionary of them by axis. Byte strings have been read: they are `"auto"` with another `limit`.
#[pyfunction]
#[pyo3(signature = (spec, shape, item_bytes, limit, previous=None))]
pub fn array_chunks(
    py: Python<'_>,
    spec: &Bound<'_, PyAny>,
    shape: Vec<Option<u64>>,
    item_bytes: Option<u64>,
    limit: u64,
    previous: Option<PyRef<'_, ArrayChunks>>,
) -> PyResult<ArrayChunks> {
    let spec = chunk_spec(spec)?;
    let previous = previous.as_ref().map(|chunks| &chunks.chunks);
    let request = ChunkRequest { shape: &shape, item_bytes, limit_bytes: limit, previous };
    let chunks = spec.normalize(&request).map_err(|error| crate::errors::to_py(py, error))?;
    Ok(ArrayChunks { chunks })
}

fn chunk_spec(spec: &Bound<'_, PyAny>) -> PyResult<ChunkSpec> {
    if let Ok(dict) = spec.cast::<PyDict>() {
        let axes = dict.iter().map(|(axis, spec)| Ok((axis.extract()?, axis_spec(&spec)?)));
        return axes.collect::<PyResult<Vec<_>>>().map(ChunkSpec::Some);
    }
    if spec.cast::<PyTuple>().is_ok() || spec.cast::<PyList>().is_ok() {
        let axes = spec.try_iter()?.map(|spec| axis_spec(&spec?));
        return axes.collect::<PyResult<Vec<_>>>().map(ChunkSpec::Axes);
    }
    axis_spec(spec).map(ChunkSpec::All)
}

fn axis_spec(spec: &Bound<'_, PyAny>) -> PyResult<AxisSpec> {
    if spec.is_none() {
        return Ok(AxisSpec::Keep);
    }
    if let Ok(text) = spec.cast::<PyString>() {
        return match &*text.to_cow()? {
            "auto" => Ok(AxisSpec::Auto),
            other => Err(PyValueError::new_err(format!("chunks are 'auto', sizes or bytes, not {other:?}"))),
        };
    }
    if spec.cast::<PyTuple>().is_ok() || spec.cast::<PyList>().is_ok() {
        let sizes = spec.try_iter()?.map(|size| match number(&size?)? {
            Some(size) if size >= 0 => Ok(Some(size.clamped::<u64>())),
            Some(size) => Err(PyValueError::new_err(format!("a chunk cannot have {size} elements"))),
            None => Ok(None),
        });
        return sizes.collect::<PyResult<Vec<_>>>().map(AxisSpec::Sizes);
    }
    match number(spec)? {
        Some(-1) => Ok(AxisSpec::Whole),
        Some(size) if size >= 0 => Ok(AxisSpec::Size(size.clamped::<u64>())),
        Some(size) => Err(PyValueError::new_err(format!("a chunk cannot have {size} elements"))),
        None => {
            Err(PyValueError::new_err("chunks cannot be nan: give sizes, -1 for a whole axis, or 'auto'"))
        }
    }
}

/// A whole number, or NaN for a size that is not known.
fn number(object: &Bound<'_, PyAny>) -> PyResult<Option<i64>> {
    let wrong = || {
        PyTypeError::new_err(format!(
            "chunks are made of whole numbers, found {}",
            crate::brief::brief(object)
        ))
    };
    if object.cast_exact::<PyBool>().is_ok() {
        return Err(wrong());
    }
    if let Ok(number) = object.extract::<i64>() {
        return Ok(Some(number));
    }
    let number: f64 = object.extract().map_err(|_| wrong())?;
    match number {
        number if number.is_nan() => Ok(None),
        number if number.fract() == 0.0 => Ok(Some(number.clamped::<i64>())),
        _ => Err(wrong()),
    }
}
