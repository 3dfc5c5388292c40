//! NumPy arrays across the border, without a copy either way.

use std::sync::Arc;

use pyo3::exceptions::PyBufferError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyType};
use raskt_core::NdArray;

/// Whether an object is an array that can be made read-only for others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArrayKind {
    /// `numpy.ndarray` itself or a subclass.
    Array,
    /// Anything else.
    Other,
}

static NDARRAY: PyOnceLock<Py<PyType>> = PyOnceLock::new();

/// `numpy.ndarray`, if NumPy has been imported; this never imports it.
fn ndarray_type(py: Python<'_>) -> Option<&Bound<'_, PyType>> {
    if let Some(found) = NDARRAY.get(py) {
        return Some(found.bind(py));
    }
    let modules = py.import("sys").ok()?.getattr("modules").ok()?.cast_into::<PyDict>().ok()?;
    let numpy = modules.get_item("numpy").ok()??;
    let found = numpy.getattr("ndarray").ok()?.cast_into::<PyType>().ok()?;
    Some(NDARRAY.get_or_init(py, || found.unbind()).bind(py))
}

/// What `object` is, as far as arrays go.
pub fn kind_of(object: &Bound<'_, PyAny>) -> ArrayKind {
    match ndarray_type(object.py()) {
        Some(ndarray) if object.is_instance(ndarray).unwrap_or(false) => ArrayKind::Array,
        _ => ArrayKind::Other,
    }
}

/// A view of `array` that cannot be written.
///
/// # Errors
/// What NumPy raises.
pub fn read_only<'py>(array: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let view = array.call_method0(pyo3::intern!(array.py(), "view"))?;
    view.getattr(pyo3::intern!(array.py(), "flags"))?
        .setattr(pyo3::intern!(array.py(), "writeable"), false)?;
    Ok(view)
}

/// The memory of a native array, lent to Python through the buffer protocol.
#[pyclass(frozen, module = "raskt._raskt")]
struct ArrayMemory {
    array: Arc<NdArray>,
}

#[pymethods]
impl ArrayMemory {
    /// The array interface (version 3) of NumPy: address, shape, strides and type of read-only memory.
    #[getter]
    fn __array_interface__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let array = &self.array;
        let code = type_code(array)
            .ok_or_else(|| PyBufferError::new_err(format!("NumPy has no dtype for {}", array.dtype())))?;
        let interface = PyDict::new(py);
        let bytes = array.buffer().as_slice();
        let start = bytes.as_ptr() as usize + if bytes.is_empty() { 0 } else { array.offset() };
        interface.set_item("version", 3)?;
        interface.set_item("typestr", code)?;
        interface.set_item("shape", pyo3::types::PyTuple::new(py, array.shape())?)?;
        interface.set_item("strides", pyo3::types::PyTuple::new(py, array.strides())?)?;
        interface.set_item("data", (start, true))?;
        Ok(interface)
    }
}

fn type_code(array: &NdArray) -> Option<String> {
    use raskt_core::DType;
    let kind = match array.dtype() {
        DType::Bool => 'b',
        DType::Int8 | DType::Int16 | DType::Int32 | DType::Int64 => 'i',
        DType::UInt8 | DType::UInt16 | DType::UInt32 | DType::UInt64 => 'u',
        DType::Float32 | DType::Float64 => 'f',
        DType::Complex64 | DType::Complex128 => 'c',
        DType::Datetime(unit) => return Some(format!("<M8[{}]", unit.code())),
        DType::Timedelta(unit) => return Some(format!("<m8[{}]", unit.code())),
        _ => return None,
    };
    Some(format!("<{kind}{}", array.item_bytes()))
}

/// `array` as a read-only NumPy array over the same memory.
///
/// # Errors
/// `ImportError` without NumPy; what NumPy raises.
pub fn to_numpy<'py>(py: Python<'py>, array: &Arc<NdArray>) -> PyResult<Bound<'py, PyAny>> {
    let memory = Bound::new(py, ArrayMemory { array: Arc::clone(array) })?;
    py.import("numpy")?.call_method1("asarray", (memory,))
}
