//! Native kernels without a plan around them, for tests that hold each to NumPy.

use pyo3::prelude::*;
use pyo3::types::PyList;
use raskt_array::kernels;
use raskt_core::{NdArray, Value};

use super::parameters::to_param;

/// What the kernel `name` returns for arrays of native dtypes.
///
/// # Errors
/// `TypeError` for inputs that are no such arrays, and what the kernel raises.
#[pyfunction]
pub fn array_kernel<'py>(
    py: Python<'py>,
    name: &str,
    parameters: &Bound<'py, PyAny>,
    inputs: &Bound<'py, PyList>,
) -> PyResult<Bound<'py, PyAny>> {
    let mut values = Vec::with_capacity(inputs.len());
    for input in inputs.iter() {
        let array: Option<NdArray> = super::from_numpy(&input)?;
        let array = array.ok_or_else(|| {
            pyo3::exceptions::PyTypeError::new_err("a kernel takes arrays of native dtypes")
        })?;
        values.push(Value::from(array));
    }
    let parameters = to_param(parameters)?;
    match kernels::call(name, &parameters, values).map_err(|error| crate::errors::to_py(py, error))? {
        Value::Array(array) => super::to_numpy(py, &array),
        other => Err(pyo3::exceptions::PyTypeError::new_err(format!("{name} returned {other:?}"))),
    }
}
