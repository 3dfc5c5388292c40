//! NumPy arrays across the border, without a copy either way; and, in the folder, arrays as Python's users have them.

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "lengths and offsets of blocks in arrays, which are in memory: `NdArray` has checked them"
)]
mod assemble;
mod chunking;
mod deferred;
mod entry;
mod expression;
mod failure;
mod from_numpy;
mod growth;
mod indexing;
mod kernels;
mod label;
mod library;
mod library_way;
mod notes;
mod operands;
mod parameters;
mod pickled;
mod planning;
pub mod results;
mod zarr;

pub use assemble::Assemble;
pub use entry::enter;
pub use expression::ArrayExpr;
pub use from_numpy::{from_fresh, from_numpy, is_own};
pub use growth::{Grow, Shape};
pub use library::NumPy;
pub use library_way::register as take_library_way;
pub use notes::{
    Notes, current as annotations_here, from_dict as notes_from_dict, number as retries_number, retries,
    to_dict as notes_to_dict, to_travel as notes_to_travel,
};
pub use parameters::to_param;
pub use pickled::{Shared, from_data as params_from_data};
pub use planning::PythonTokens;

use std::sync::Arc;

use pyo3::exceptions::PyBufferError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyType};
use raskt_core::{NdArray, Value};

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

/// Whether `object` is an array of NumPy's, and of no subclass.
pub fn is_exact(object: &Bound<'_, PyAny>) -> bool {
    ndarray_type(object.py()).is_some_and(|class| object.get_type().is(class))
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

/// What a library's function returned: an array, or a scalar of NumPy's, as a native array where its dtype is one. An
/// array to which there is no other reference is the engine's own.
///
/// # Errors
/// What looking at it raises.
pub fn to_value(object: Bound<'_, PyAny>) -> PyResult<Value> {
    let object = match from_fresh(object)? {
        Ok(array) => return Ok(array.into()),
        Err(object) => object,
    };
    if is_plain_subclass(&object)? {
        let numpy = object.py().import(pyo3::intern!(object.py(), "numpy"))?;
        return to_value(numpy.call_method1(pyo3::intern!(object.py(), "asarray"), (object,))?);
    }
    if object.hasattr(pyo3::intern!(object.py(), "dtype"))? && kind_of(&object) == ArrayKind::Other {
        let numpy = object.py().import(pyo3::intern!(object.py(), "numpy"))?;
        if object.is_instance(&numpy.getattr(pyo3::intern!(object.py(), "generic"))?)? {
            let array = numpy.call_method1(pyo3::intern!(object.py(), "asarray"), (&object,))?;
            return Ok(match from_fresh(array)? {
                Ok(array) => array.into(),
                Err(array) => crate::object::carry(array),
            });
        }
    }
    Ok(crate::object::to_value(object))
}

/// Whether `object` is of a subclass of NumPy's own that means by its elements what an array means: a memory map, which is
/// then read where it is, or a matrix.
fn is_plain_subclass(object: &Bound<'_, PyAny>) -> PyResult<bool> {
    static PLAIN: PyOnceLock<[Py<PyAny>; 2]> = PyOnceLock::new();
    let py = object.py();
    if kind_of(object) == ArrayKind::Other {
        return Ok(false);
    }
    let plain = PLAIN.get_or_try_init(py, || {
        let numpy = py.import("numpy")?;
        Ok::<_, PyErr>([numpy.getattr("memmap")?.unbind(), numpy.getattr("matrix")?.unbind()])
    })?;
    Ok(plain.iter().any(|class| object.get_type().is(class.bind(py))))
}

/// The memory of a native array, lent to Python through the buffer protocol.
#[pyclass(frozen, module = "raskt._raskt")]
pub struct ArrayMemory {
    array: Arc<NdArray>,
    read_only: bool,
}

impl ArrayMemory {
    /// The array whose memory it is.
    pub fn array(&self) -> &Arc<NdArray> {
        &self.array
    }

    /// Whether it was lent for reading.
    pub fn is_read_only(&self) -> bool {
        self.read_only
    }
}

#[pymethods]
impl ArrayMemory {
    /// The array interface (version 3) of NumPy: address, shape, strides, type, and whether it may be written.
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
        interface.set_item("data", (start, self.read_only))?;
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
    lend(py, ArrayMemory { array: Arc::clone(array), read_only: true })
}

/// `array`, which nobody else sees and whose memory is its own, as a NumPy array that may be written.
///
/// # Errors
/// As [`to_numpy`].
pub fn to_own_numpy(py: Python<'_>, array: NdArray) -> PyResult<Bound<'_, PyAny>> {
    lend(py, ArrayMemory { array: Arc::new(array), read_only: false })
}

fn lend(py: Python<'_>, memory: ArrayMemory) -> PyResult<Bound<'_, PyAny>> {
    let memory = Bound::new(py, memory)?;
    py.import(pyo3::intern!(py, "numpy"))?.call_method1(pyo3::intern!(py, "asarray"), (memory,))
}

/// Adds the names of the folder's modules.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    deferred::register(module)?;
    results::register(module)?;
    parameters::register(module)?;
    zarr::register(module)?;
    expression::register(module)
}
