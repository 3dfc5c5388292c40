//! Arrow's C data interface in capsules, as Python's libraries hand arrays to each other without copies.

use arrow::array::{Array, ArrayRef, make_array};
use arrow::datatypes::DataType;
use arrow::ffi::{FFI_ArrowArray, FFI_ArrowSchema, from_ffi, to_ffi};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyTuple};

/// A column that other libraries take over by its `__arrow_c_array__`.
#[pyclass(frozen, module = "raskt._raskt")]
pub struct ArrowColumn {
    array: ArrayRef,
}

impl ArrowColumn {
    /// `array` for others.
    pub fn new(array: ArrayRef) -> Self {
        Self { array }
    }
}

#[pymethods]
impl ArrowColumn {
    /// The schema and the array, as two capsules.
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_array__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyTuple>> {
        // Who asks for another type casts what it gets: the protocol lets a producer answer with the type it has.
        let _ = requested_schema;
        let (array, schema) = to_ffi(&self.array.to_data()).map_err(failed)?;
        let schema = PyCapsule::new_with_value(py, schema, c"arrow_schema")?;
        let array = PyCapsule::new_with_value(py, array, c"arrow_array")?;
        PyTuple::new(py, [schema, array])
    }
}

fn failed(error: arrow::error::ArrowError) -> PyErr {
    PyValueError::new_err(error.to_string())
}

/// The array of `object`, which has `__arrow_c_array__`, over the same memory.
///
/// # Errors
/// `TypeError` for capsules that are none of Arrow's, `ValueError` for types that this library does not know.
pub fn imported(object: &Bound<'_, PyAny>) -> PyResult<ArrayRef> {
    let py = object.py();
    let pair = object.call_method0(intern!(py, "__arrow_c_array__"))?;
    let (schema, array): (Bound<'_, PyAny>, Bound<'_, PyAny>) = pair.extract()?;
    let (schema, array) = (capsule(&schema)?, capsule(&array)?);
    let schema = schema.pointer_checked(Some(c"arrow_schema"))?.cast::<FFI_ArrowSchema>();
    let array = array.pointer_checked(Some(c"arrow_array"))?.cast::<FFI_ArrowArray>();
    // SAFETY: capsules of these names hold such structures, by Arrow's protocol, and live as long as `pair`'s parts. What is
    // taken out is left behind as released, which is how the protocol moves it to its consumer.
    let (schema, array) =
        unsafe { (FFI_ArrowSchema::from_raw(schema.as_ptr()), FFI_ArrowArray::from_raw(array.as_ptr())) };
    // SAFETY: the structures are those that the producer made for each other.
    let data = unsafe { from_ffi(array, &schema) }.map_err(failed)?;
    Ok(make_array(data))
}

fn capsule<'a, 'py>(object: &'a Bound<'py, PyAny>) -> PyResult<&'a Bound<'py, PyCapsule>> {
    object.cast::<PyCapsule>().map_err(|_| PyTypeError::new_err("__arrow_c_array__ returned no capsules"))
}

/// `array` as one of `wanted`.
///
/// # Errors
/// `ValueError` where there is no such cast.
pub fn cast(array: &ArrayRef, wanted: &DataType) -> PyResult<ArrayRef> {
    match array.data_type() == wanted {
        true => Ok(array.clone()),
        false => arrow::compute::cast(array, wanted).map_err(failed),
    }
}

/// The rows of `arrays`, which are of one type; `None` for none.
///
/// # Errors
/// `ValueError` where they are not.
pub fn joined(arrays: &[ArrayRef]) -> PyResult<Option<ArrayRef>> {
    match arrays {
        [] => Ok(None),
        [lone] => Ok(Some(lone.clone())),
        several => {
            let several: Vec<&dyn Array> = several.iter().map(AsRef::as_ref).collect();
            arrow::compute::concat(&several).map(Some).map_err(failed)
        }
    }
}
