//! Python objects as payloads: pickles of protocol 5 with their buffers beside them.
//!
//! `cloudpickle` writes, so that functions of `__main__`, lambdas and closures travel; the standard library
//! reads. Large buffers are neither copied on the way out nor on the way in.

use std::sync::Arc;

use pyo3::buffer::PyUntypedBuffer;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};
use raskt_core::buffer::BufferOwner;
use raskt_core::{Buffer, Opaque, OwnerId, Payload, Result};

use crate::errors;

/// Memory that Python lends through its buffer protocol, read-only.
struct Lent {
    buffer: Option<PyUntypedBuffer>,
    address: usize,
    len: usize,
}

impl BufferOwner for Lent {
    fn bytes(&self) -> &[u8] {
        if self.len == 0 {
            return &[];
        }
        // SAFETY: `buffer` holds an export of contiguous memory at this address and of this length until it is
        // dropped, and Python does not free or move memory while an export is held. Raskt hands the owner of
        // the memory out read-only while a value of it is encoded.
        unsafe { std::slice::from_raw_parts(self.address as *const u8, self.len) }
    }

    fn identity(&self) -> Option<(OwnerId, u64)> {
        Some((OwnerId(self.address), self.len as u64))
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let buffer = self.buffer.take();
        // Releasing an export needs the interpreter; at its end there is nothing left to release.
        if Python::try_attach(|_| ()).is_some() {
            Python::attach(|py| {
                if let Some(buffer) = buffer {
                    buffer.release(py);
                }
            });
        } else {
            std::mem::forget(buffer);
        }
    }
}

/// A buffer over what `object` exports; `None` where that is not contiguous.
///
/// # Errors
/// `BufferError` for an object that exports nothing.
pub fn lend(object: &Bound<'_, PyAny>) -> PyResult<Option<Buffer>> {
    let buffer = PyUntypedBuffer::get(object)?;
    if !buffer.is_c_contiguous() && !buffer.is_fortran_contiguous() {
        return Ok(None);
    }
    let (address, len) = (buffer.buf_ptr() as usize, buffer.len_bytes());
    Ok(Some(Buffer::new(Arc::new(Lent { buffer: Some(buffer), address, len }))))
}

/// Bytes of Rust, lent to Python: what an unpickled array looks at.
#[pyclass(frozen, module = "raskt._raskt")]
struct Memory {
    buffer: Buffer,
}

#[pymethods]
impl Memory {
    /// The array interface is what NumPy reads; everything else goes through `bytes`.
    ///
    /// # Safety
    /// Python calls this with a valid view, and releases it by the object that it keeps in `obj`.
    unsafe fn __getbuffer__(
        slf: Bound<'_, Self>,
        view: *mut pyo3::ffi::Py_buffer,
        flags: std::ffi::c_int,
    ) -> PyResult<()> {
        let bytes = slf.get().buffer.as_slice();
        let (address, len) = (bytes.as_ptr() as *mut std::ffi::c_void, bytes.len() as isize);
        // SAFETY: the view comes from Python; the memory lives as long as `slf`, which the view keeps.
        let code = unsafe { pyo3::ffi::PyBuffer_FillInfo(view, slf.as_ptr(), address, len, 1, flags) };
        if code == 0 { Ok(()) } else { Err(PyErr::fetch(slf.py())) }
    }
}

/// `buffer` as an object that a pickle of protocol 5 leaves beside itself.
///
/// # Errors
/// Where memory runs out.
pub fn out_of_band<'py>(py: Python<'py>, buffer: &Buffer) -> PyResult<Bound<'py, PyAny>> {
    let memory = Bound::new(py, Memory { buffer: buffer.clone() })?;
    py.import(pyo3::intern!(py, "pickle"))?.call_method1(pyo3::intern!(py, "PickleBuffer"), (memory,))
}

/// `object` as a payload.
///
/// # Errors
/// What pickling it raises, as a Python exception.
pub fn dumps(py: Python<'_>, object: &Bound<'_, PyAny>) -> Result<Payload> {
    try_dumps(py, object).map_err(|error| errors::raised(py, error))
}

fn try_dumps(py: Python<'_>, object: &Bound<'_, PyAny>) -> PyResult<Payload> {
    let exported = PyList::empty(py);
    let kwargs = PyDict::new(py);
    kwargs.set_item("protocol", 5)?;
    kwargs.set_item("buffer_callback", exported.getattr("append")?)?;
    let dumps = py.import("raskt._pickle")?.getattr("dumps")?;
    let header = dumps.call((object,), Some(&kwargs))?.cast_into::<PyBytes>()?;
    let mut payload =
        Payload { header: header.as_bytes().to_vec(), buffers: Vec::with_capacity(exported.len()) };
    for item in exported.iter() {
        let raw = item.call_method0("raw")?;
        match lend(&raw)? {
            Some(buffer) => payload.buffers.push(buffer),
            None => return Err(PyTypeError::new_err("a pickle buffer is not contiguous")),
        }
    }
    Ok(payload)
}

/// The object of a payload.
///
/// # Errors
/// What unpickling raises.
pub fn loads<'py>(py: Python<'py>, payload: &Payload) -> PyResult<Bound<'py, PyAny>> {
    let mut buffers = Vec::with_capacity(payload.buffers.len());
    for buffer in &payload.buffers {
        buffers.push(Bound::new(py, Memory { buffer: buffer.clone() })?);
    }
    let kwargs = PyDict::new(py);
    kwargs.set_item("buffers", buffers)?;
    py.import("pickle")?.call_method("loads", (PyBytes::new(py, &payload.header),), Some(&kwargs))
}

/// An exception as a payload: with its traceback as text, since tracebacks do not pickle.
///
/// # Errors
/// What pickling raises.
pub fn dumps_exception(py: Python<'_>, error: &PyErr) -> Result<Payload> {
    let packed = py
        .import("raskt._pickle")
        .and_then(|module| module.call_method1("pack_exception", (error.value(py),)))
        .map_err(|error| errors::raised(py, error))?;
    dumps(py, &packed)
}

/// What another process sent, and this one has not looked into.
///
/// # Errors
/// What unpickling raises.
pub fn unpack_shipped<'py>(py: Python<'py>, object: &dyn Opaque) -> PyResult<Bound<'py, PyAny>> {
    let payload = object.encode().map_err(|error| errors::to_py(py, error))?;
    loads(py, &payload)
}
