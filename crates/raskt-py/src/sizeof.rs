//! How many bytes a Python value holds, cheaply enough to ask after every task.
//!
//! Immediates, strings, bytes and plain NumPy arrays are measured here. Everything else goes to `raskt.sizeof`,
//! which users extend.

use std::sync::atomic::{AtomicPtr, Ordering};

use numpy::{PyArrayDescrMethods, PyUntypedArray, PyUntypedArrayMethods};
use pyo3::ffi;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBool, PyBytes, PyFloat, PyInt, PyString};

/// Bytes of an array object besides its elements and its shape.
const ARRAY_HEAD_BYTES: u64 = 96;

/// Shorter strings are taken for ASCII, which errs by less than four times this.
const EXACT_STR_CHARS: usize = 4096;

/// What a value holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SizeHint {
    /// Bytes that the value holds alone.
    pub own_bytes: u64,
    /// The object that owns the memory that the value is a view of (the value itself where it is the owner), by
    /// address, and that object's bytes. Values with one owner share these bytes.
    pub owner: Option<(usize, u64)>,
}

impl SizeHint {
    /// A value that shares nothing.
    #[must_use]
    pub const fn alone(own_bytes: u64) -> Self {
        Self { own_bytes, owner: None }
    }
}

/// `numpy.ndarray`, once an array was seen. The type lives as long as NumPy, which is never unloaded.
static NDARRAY: AtomicPtr<ffi::PyTypeObject> = AtomicPtr::new(std::ptr::null_mut());

/// The size of `object`.
///
/// # Errors
/// Whatever Python raises when a string is measured; `raskt.sizeof` itself never raises.
pub fn size_hint(object: &Bound<'_, PyAny>) -> PyResult<SizeHint> {
    if object.is_exact_instance_of::<PyInt>() {
        return int_bytes(object).map(SizeHint::alone);
    }
    if object.is_exact_instance_of::<PyFloat>() {
        return Ok(SizeHint::alone(24));
    }
    if object.is_none() {
        return Ok(SizeHint::alone(16));
    }
    if object.is_exact_instance_of::<PyBool>() {
        return Ok(SizeHint::alone(28));
    }
    if object.is_exact_instance_of::<PyString>() {
        return str_bytes(object).map(SizeHint::alone);
    }
    if object.is_exact_instance_of::<PyBytes>() {
        return Ok(SizeHint::alone(33 + object.len()? as u64));
    }
    if is_ndarray(object)? {
        return array_hint(object);
    }
    measure(object).map(SizeHint::alone)
}

/// CPython keeps integers in digits of 30 bits behind a head of 24 bytes.
fn int_bytes(object: &Bound<'_, PyAny>) -> PyResult<u64> {
    let bits = match object.extract::<i64>() {
        Ok(value) => u64::from(i64::BITS - value.unsigned_abs().leading_zeros()),
        Err(_) => object.call_method0(intern!(object.py(), "bit_length"))?.extract()?,
    };
    Ok(24 + 4 * bits.div_ceil(30).max(1))
}

fn str_bytes(object: &Bound<'_, PyAny>) -> PyResult<u64> {
    let len = object.len()?;
    if len < EXACT_STR_CHARS {
        return Ok(49 + len as u64);
    }
    object.call_method0(intern!(object.py(), "__sizeof__"))?.extract()
}

fn is_ndarray(object: &Bound<'_, PyAny>) -> PyResult<bool> {
    let known = NDARRAY.load(Ordering::Relaxed);
    if !known.is_null() {
        return Ok(object.get_type_ptr() == known);
    }
    let class = object.get_type();
    let found = class.name()? == "ndarray" && class.module()? == "numpy";
    if found {
        NDARRAY.store(object.get_type_ptr(), Ordering::Relaxed);
    }
    Ok(found)
}

/// Follows a view to the array that owns the elements, or to whatever else lent them.
fn array_hint(object: &Bound<'_, PyAny>) -> PyResult<SizeHint> {
    let py = object.py();
    let mut array = object.cast::<PyUntypedArray>()?.clone();
    let own_bytes = ARRAY_HEAD_BYTES + 16 * array.ndim() as u64;
    if array.dtype().has_object() {
        return measure(object).map(|bytes| SizeHint::alone(own_bytes + bytes));
    }
    loop {
        // SAFETY: the pointer is to a live array object, which `array` keeps alive; its base is null or borrowed.
        let base = unsafe { (*numpy::npyffi::_PyArray_GET_ITEM_DATA(array.as_array_ptr())).base };
        // SAFETY: as the array lives and the GIL is held, a base that is not null is a live object.
        let base = unsafe { Bound::from_borrowed_ptr_or_opt(py, base) };
        match base.map(|base| base.cast_into::<PyUntypedArray>().map_err(|error| error.into_inner())) {
            Some(Ok(next)) => array = next,
            None => {
                return Ok(SizeHint { own_bytes, owner: Some((array.as_ptr() as usize, nbytes(&array))) });
            }
            Some(Err(lender)) => {
                let bytes = lender_bytes(&lender).unwrap_or_else(|| nbytes(&array));
                return Ok(SizeHint { own_bytes, owner: Some((lender.as_ptr() as usize, bytes)) });
            }
        }
    }
}

fn nbytes(array: &Bound<'_, PyUntypedArray>) -> u64 {
    (array.len() * array.dtype().itemsize()) as u64
}

/// Bytes of an object that is not an array but lends memory to one, where they are known.
fn lender_bytes(lender: &Bound<'_, PyAny>) -> Option<u64> {
    if lender.is_exact_instance_of::<PyBytes>() {
        return lender.len().ok().map(|len| len as u64);
    }
    lender.getattr(intern!(lender.py(), "nbytes")).and_then(|bytes| bytes.extract()).ok()
}

/// Asks `raskt.sizeof`.
fn measure(object: &Bound<'_, PyAny>) -> PyResult<u64> {
    static SIZEOF: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let py = object.py();
    let sizeof = SIZEOF
        .get_or_try_init(py, || PyResult::Ok(py.import("raskt.sizeof")?.getattr("sizeof")?.unbind()))?;
    sizeof.bind(py).call1((object,))?.extract()
}

/// The size of a value as the engine sees it: bytes of its own, and the owner of its memory by address with the
/// owner's bytes.
#[pyfunction]
fn _size_hint(object: &Bound<'_, PyAny>) -> PyResult<(u64, Option<(usize, u64)>)> {
    let hint = size_hint(object)?;
    Ok((hint.own_bytes, hint.owner))
}

/// Adds `_size_hint` to the extension module.
///
/// # Errors
/// Whatever adding to a module raises.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(_size_hint, module)?)
}
