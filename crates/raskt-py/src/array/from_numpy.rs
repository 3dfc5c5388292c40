//! NumPy's arrays as native ones, over the same memory.

use std::sync::Arc;

use numpy::{PyArrayDescrMethods, PyUntypedArray, PyUntypedArrayMethods};
use pyo3::prelude::*;
use raskt_core::dtype::TimeUnit;
use raskt_core::{Buffer, BufferOwner, DType, Fit, NdArray, OwnerId};

use crate::own::{Behind, base_of, is_sole};

/// The memory of a NumPy array, kept alive by it.
struct NumpyMemory {
    /// What keeps the elements alive.
    _array: Py<PyAny>,
    start: usize,
    len: usize,
    /// The array that owns the elements, and its bytes.
    owner: (OwnerId, u64),
    /// Whether nobody else has the array, nor what it is a view of.
    is_own: bool,
}

/// Whether an array of another owner than a NumPy array's, or of a NumPy array that nobody else has, lies in `buffer`.
pub fn is_own(buffer: &Buffer) -> bool {
    let lent = buffer.owner().as_any().and_then(|owner| owner.downcast_ref::<NumpyMemory>());
    lent.is_none_or(|memory| memory.is_own)
}

impl BufferOwner for NumpyMemory {
    fn bytes(&self) -> &[u8] {
        if self.len == 0 {
            return &[];
        }
        // SAFETY: `start` and `len` span the elements of `array`, which owns them or keeps their owner alive. As in NumPy
        // itself, a program that writes to the array from another thread meanwhile has a race of its own.
        unsafe { std::slice::from_raw_parts(self.start as *const u8, self.len) }
    }

    fn n_bytes(&self) -> usize {
        self.len
    }

    fn bytes_mut(&mut self) -> Option<&mut [u8]> {
        if !self.is_own || self.len == 0 {
            return None;
        }
        // SAFETY: as above, and nobody else can look at the elements: when this was made there was no reference to the
        // array but the one it has, and it gives out none.
        Some(unsafe { std::slice::from_raw_parts_mut(self.start as *mut u8, self.len) })
    }

    fn as_any(&self) -> Option<&dyn std::any::Any> {
        Some(self)
    }

    fn identity(&self) -> Option<(OwnerId, u64)> {
        Some(self.owner)
    }
}

/// `object` as a native array, where it is exactly an array of a dtype that is native and in this machine's byte order.
///
/// # Errors
/// What looking at its dtype raises.
pub fn from_numpy(object: &Bound<'_, PyAny>) -> PyResult<Option<NdArray>> {
    native(object, false)
}

/// As [`from_numpy`], of an object to which the caller has the only reference, unless somebody else has kept one: the
/// array's memory is then its own, and may be written by whoever has the array alone. The object, where it is no such
/// array.
///
/// # Errors
/// As [`from_numpy`].
pub fn from_fresh(object: Bound<'_, PyAny>) -> PyResult<Result<NdArray, Bound<'_, PyAny>>> {
    let is_own = object.cast::<PyUntypedArray>().is_ok_and(|array| is_sole(array, Behind::Memory));
    Ok(native(&object, is_own)?.ok_or(object))
}

fn native(object: &Bound<'_, PyAny>, is_own: bool) -> PyResult<Option<NdArray>> {
    let Ok(array) = object.cast::<PyUntypedArray>() else { return Ok(None) };
    // Subclasses (masked arrays, matrices) mean something else by their elements.
    let exact = super::ndarray_type(object.py()).is_some_and(|class| object.get_type().is(class));
    let Some(dtype) = native_dtype(array)?.filter(|_| exact) else { return Ok(None) };
    let item = dtype.item_bytes().unwrap_or(1).clamped::<i64>();
    let shape: Vec<u64> = array.shape().iter().map(|&n| n as u64).collect();
    let strides: Vec<i64> = array.strides().iter().map(|&step| step as i64).collect();
    // SAFETY: the pointer is to a live array object, which `array` keeps alive.
    let data = unsafe { (*numpy::npyffi::_PyArray_GET_ITEM_DATA(array.as_array_ptr())).data } as usize;
    let (mut low, mut high) = (0_i64, item);
    for (&n, &step) in shape.iter().zip(&strides) {
        let reach = (n.clamped::<i64>() - 1).max(0).saturating_mul(step);
        low += reach.min(0);
        high += reach.max(0);
    }
    let empty = shape.contains(&0);
    let (start, len) = if empty {
        (data, 0)
    } else {
        ((data.fit::<i64>() + low).fit::<usize>(), (high - low).fit::<usize>())
    };
    if let Some(buffer) = lent_by_engine(array)
        && let Some(offset) = data.checked_sub(buffer.as_slice().as_ptr() as usize).filter(|_| !empty)
        && let Ok(array) = NdArray::strided(dtype.clone(), &shape, &strides, offset, buffer)
    {
        return Ok(Some(array));
    }
    let hint = crate::sizeof::size_hint(object)?;
    let (owner, bytes) = hint.owner.unwrap_or((object.as_ptr() as usize, len as u64));
    let owner = (OwnerId(owner), bytes);
    let memory = NumpyMemory { _array: object.clone().unbind(), start, len, owner, is_own };
    let offset = if empty { 0 } else { (-low).clamped::<usize>() };
    Ok(NdArray::strided(dtype, &shape, &strides, offset, Buffer::new(Arc::new(memory))).ok())
}

/// The engine's memory, where `array` is a view of that.
fn lent_by_engine(array: &Bound<'_, PyUntypedArray>) -> Option<Buffer> {
    let mut base = base_of(array)?;
    while let Ok(array) = base.cast::<PyUntypedArray>() {
        base = base_of(array)?;
    }
    base.cast_exact::<super::ArrayMemory>().ok().map(|memory| memory.get().array().buffer().clone())
}

/// The dtype of `array`, where native arrays have it.
fn native_dtype(array: &Bound<'_, PyUntypedArray>) -> PyResult<Option<DType>> {
    let dtype = array.dtype();
    if dtype.has_fields() || dtype.has_object() || !dtype.is_native_byteorder().unwrap_or(true) {
        return Ok(None);
    }
    Ok(Some(match (dtype.kind(), dtype.itemsize()) {
        (b'b', 1) => DType::Bool,
        (b'i', 1) => DType::Int8,
        (b'i', 2) => DType::Int16,
        (b'i', 4) => DType::Int32,
        (b'i', 8) => DType::Int64,
        (b'u', 1) => DType::UInt8,
        (b'u', 2) => DType::UInt16,
        (b'u', 4) => DType::UInt32,
        (b'u', 8) => DType::UInt64,
        (b'f', 4) => DType::Float32,
        (b'f', 8) => DType::Float64,
        (b'c', 8) => DType::Complex64,
        (b'c', 16) => DType::Complex128,
        (b'M' | b'm', 8) => return time_dtype(&dtype.into_any()),
        _ => return Ok(None),
    }))
}

/// The dtype of times, where its unit is one that native arrays know.
fn time_dtype(dtype: &Bound<'_, PyAny>) -> PyResult<Option<DType>> {
    let name: String = dtype.getattr(pyo3::intern!(dtype.py(), "name"))?.extract()?;
    let unit = |prefix: &str| TimeUnit::from_code(name.strip_prefix(prefix)?.strip_suffix(']')?);
    Ok(unit("datetime64[").map(DType::Datetime).or_else(|| unit("timedelta64[").map(DType::Timedelta)))
}
