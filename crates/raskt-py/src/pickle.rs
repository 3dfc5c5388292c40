//! Python objects as payloads: pickles of protocol 5 with their buffers beside them.
//!
//! `cloudpickle` writes, so that functions of `__main__`, lambdas and closures travel; the standard library
//! reads. Large buffers are neither copied on the way out nor on the way in.

use std::sync::Arc;

use pyo3::buffer::PyUntypedBuffer;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};
use raskt_core::buffer::BufferOwner;
use raskt_core::{Buffer, Fit, Opaque, OwnerId, Payload, Result};

use crate::cluster::settle_wanted;
use crate::{errors, ship_test};

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

/// Bytes of Rust, lent to Python: what an unpickled array looks at. They can be written where nobody else looks
/// at them.
#[pyclass(frozen, module = "raskt._raskt")]
pub struct Memory {
    /// Keeps the bytes.
    _buffer: Buffer,
    address: usize,
    len: usize,
    is_read_only: bool,
}

impl Memory {
    fn new(mut buffer: Buffer) -> Self {
        let len = buffer.len();
        match buffer.as_mut_slice() {
            Some(bytes) => {
                let address = bytes.as_mut_ptr() as usize;
                Self { _buffer: buffer, address, len, is_read_only: false }
            }
            None => {
                let address = buffer.as_slice().as_ptr() as usize;
                Self { _buffer: buffer, address, len, is_read_only: true }
            }
        }
    }
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
        let memory = slf.get();
        let (address, len) = (memory.address as *mut std::ffi::c_void, memory.len.clamped::<isize>());
        let read_only = std::ffi::c_int::from(memory.is_read_only);
        // SAFETY: the view comes from Python; the memory lives as long as `slf`, which the view keeps. It is
        // writable only if this is its only view, which Rust then looks at no more.
        let code =
            unsafe { pyo3::ffi::PyBuffer_FillInfo(view, slf.as_ptr(), address, len, read_only, flags) };
        if code == 0 { Ok(()) } else { Err(PyErr::fetch(slf.py())) }
    }
}

/// `buffer` as an object that a pickle of protocol 5 leaves beside itself.
///
/// # Errors
/// Where memory runs out.
pub fn out_of_band<'py>(py: Python<'py>, buffer: &Buffer) -> PyResult<Bound<'py, PyAny>> {
    let memory = Bound::new(py, Memory::new(buffer.clone()))?;
    py.import(pyo3::intern!(py, "pickle"))?.call_method1(pyo3::intern!(py, "PickleBuffer"), (memory,))
}

/// `object` as a payload.
///
/// # Errors
/// What pickling it raises, as a Python exception.
pub fn dumps(py: Python<'_>, object: &Bound<'_, PyAny>) -> Result<Payload> {
    try_dumps(py, object).or_else(|error| {
        // Only in the test mode, which sends what has no pickle by reference.
        let kept = if ship_test::is_on() { ship_test::keep(py, object) } else { None };
        kept.ok_or_else(|| errors::raised(py, error))
    })
}

fn try_dumps(py: Python<'_>, object: &Bound<'_, PyAny>) -> PyResult<Payload> {
    let exported = PyList::empty(py);
    let dumps = py.import(intern!(py, "raskt._pickle"))?.getattr(intern!(py, "dumps"))?;
    let keep = exported.getattr(intern!(py, "append"))?;
    let header = dumps.call1((object, 5, keep))?.cast_into::<PyBytes>()?;
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

/// The object of a payload. Arrays in it can be written where nobody else holds their buffers.
///
/// # Errors
/// What unpickling raises.
pub fn loads<'py>(py: Python<'py>, payload: Payload) -> PyResult<Bound<'py, PyAny>> {
    let Payload { header, buffers } = payload;
    loads_owned(py, &header, buffers)
}

/// As [`loads`], of a header that is a part of another.
///
/// # Errors
/// What unpickling raises.
pub fn loads_parts<'py>(py: Python<'py>, header: &[u8], buffers: Vec<Buffer>) -> PyResult<Bound<'py, PyAny>> {
    loads_owned(py, header, buffers)
}

fn loads_owned<'py>(py: Python<'py>, header: &[u8], buffers: Vec<Buffer>) -> PyResult<Bound<'py, PyAny>> {
    let (pickle, loads) = (py.import(intern!(py, "pickle"))?, intern!(py, "loads"));
    let header = crate::object::bytes(py, header)?;
    if buffers.is_empty() {
        let object = pickle.call_method1(loads, (header,))?;
        settle_wanted(py)?;
        return Ok(object);
    }
    let mut lent = Vec::with_capacity(buffers.len());
    for buffer in buffers {
        lent.push(Bound::new(py, Memory::new(buffer))?);
    }
    let kwargs = PyDict::new(py);
    kwargs.set_item(intern!(py, "buffers"), lent)?;
    let object = pickle.call_method(loads, (header,), Some(&kwargs))?;
    settle_wanted(py)?;
    Ok(object)
}

/// An exception as a payload: with its traceback as text, since tracebacks do not pickle.
///
/// # Errors
/// What pickling raises.
pub fn dumps_exception(py: Python<'_>, error: &PyErr) -> Result<Payload> {
    let packed = py
        .import("raskt._pickle")
        // `into_value` gives the exception its traceback; `value` does not.
        .and_then(|module| module.call_method1("pack_exception", (error.clone_ref(py).into_value(py),)))
        .map_err(|error| errors::raised(py, error))?;
    dumps(py, &packed)
}

/// What another process sent, and this one has not looked into: it can be written like any object of one's own.
///
/// # Errors
/// What unpickling raises.
pub fn unpack_shipped<'py>(py: Python<'py>, object: &dyn Opaque) -> PyResult<Bound<'py, PyAny>> {
    let Payload { header, buffers } = object.encode().map_err(|error| errors::to_py(py, error))?;
    let buffers = buffers.into_iter().map(Buffer::private).collect::<Result<_, _>>();
    loads(py, Payload { header, buffers: buffers.map_err(|error| errors::to_py(py, error))? })
}

/// The exception that another process raised, from what [`dumps_exception`] wrote there.
///
/// # Errors
/// What unpickling raises.
pub fn loads_exception(py: Python<'_>, object: &dyn Opaque) -> PyResult<PyErr> {
    let packed = unpack_shipped(py, object)?;
    let exception = py.import("raskt._pickle")?.call_method1("unpack_exception", (packed,))?;
    Ok(PyErr::from_value(exception))
}

/// A payload as `(header, buffers)`.
pub type Flat<'py> = (Bound<'py, PyBytes>, Vec<Bound<'py, PyAny>>);

/// `payload` for a pickle.
///
/// # Errors
/// Where memory runs out.
pub fn flat<'py>(py: Python<'py>, payload: &Payload) -> PyResult<Flat<'py>> {
    let buffers: PyResult<Vec<_>> = payload.buffers.iter().map(|buffer| out_of_band(py, buffer)).collect();
    Ok((crate::object::bytes(py, &payload.header)?, buffers?))
}

/// What [`flat`] took apart.
///
/// # Errors
/// `ValueError` for a buffer that is not contiguous.
pub fn unflat((header, buffers): Flat<'_>) -> PyResult<Payload> {
    let lent = |buffer: &Bound<'_, PyAny>| {
        lend(buffer)?.ok_or_else(|| PyValueError::new_err("a buffer of a call is not contiguous"))
    };
    let buffers: PyResult<Vec<_>> = buffers.iter().map(lent).collect();
    Ok(Payload { header: header.as_bytes().to_vec(), buffers: buffers? })
}
