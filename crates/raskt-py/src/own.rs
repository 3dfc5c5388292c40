//! Who may write an array: what is handed over because nobody else has it, what is shown read-only, and what is copied.

use std::sync::Arc;

use numpy::npyffi::{_PyArray_GET_ITEM_DATA, NPY_ARRAY_OWNDATA, NPY_ARRAY_WRITEABLE};
use numpy::{PyArrayDescrMethods, PyUntypedArray, PyUntypedArrayMethods};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyMemoryView;
use raskt_array::kernels::{own_copy, writable_copy};
use raskt_core::{NdArray, Value};

use crate::array::{self, ArrayMemory};
use crate::object::{PyObj, to_object};
use crate::shared::{Arrays, shared};

/// Smaller arrays are copied without letting others have the interpreter.
const DETACH_BYTES: usize = 1 << 16;

/// What is known of an array object's memory.
struct Facts {
    flags: i32,
    is_weakly_held: bool,
}

fn facts(array: &Bound<'_, PyUntypedArray>) -> Facts {
    // SAFETY: the pointer is to a live array object, which `array` keeps alive.
    let fields = unsafe { &*_PyArray_GET_ITEM_DATA(array.as_array_ptr()) };
    Facts { flags: fields.flags, is_weakly_held: !fields.weakreflist.is_null() }
}

/// What lent `array` its memory, where it is not its own.
pub fn base_of<'py>(array: &Bound<'py, PyUntypedArray>) -> Option<Bound<'py, PyAny>> {
    // SAFETY: the pointer is to a live array object, which `array` keeps alive; its base is null or a live object.
    unsafe {
        let base = (*_PyArray_GET_ITEM_DATA(array.as_array_ptr())).base;
        Bound::from_borrowed_ptr_or_opt(array.py(), base)
    }
}

/// How many references there are to `object`, that of the caller included.
fn n_references(object: &Bound<'_, PyAny>) -> isize {
    // SAFETY: the object is alive, and the interpreter is held.
    unsafe { pyo3::ffi::Py_REFCNT(object.as_ptr()) }
}

/// What may lie behind an array that counts as nobody else's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behind {
    /// NumPy's own memory, or what the engine lent for writing.
    Memory,
    /// Anything that the function which made the array put there: a file that is mapped, say.
    Anything,
}

/// Whether nobody can see `array` change but whoever has the one reference that is passed: neither the array itself nor
/// the arrays that it is a view of are referred to by anybody else.
pub fn is_sole(array: &Bound<'_, PyUntypedArray>, behind: Behind) -> bool {
    is_lone(array, 1, behind)
}

fn is_lone(array: &Bound<'_, PyUntypedArray>, n_held: isize, behind: Behind) -> bool {
    let Facts { flags, is_weakly_held } = facts(array);
    if n_references(array.as_any()) != n_held || is_weakly_held {
        return false;
    }
    let Some(base) = base_of(array) else {
        return flags & NPY_ARRAY_OWNDATA != 0 && flags & NPY_ARRAY_WRITEABLE != 0;
    };
    // The array's own reference, and the one here.
    if let Ok(base) = base.cast::<PyUntypedArray>() {
        return is_lone(base, 2, behind);
    }
    match base.cast_exact::<ArrayMemory>() {
        Ok(memory) => !memory.get().is_read_only() && n_references(&base) == 2,
        Err(_) => behind == Behind::Anything,
    }
}

/// Whether writing to `array` is refused.
pub fn is_read_only(array: &Bound<'_, PyUntypedArray>) -> bool {
    facts(array).flags & NPY_ARRAY_WRITEABLE == 0
}

/// Whether the engine lent the memory that `array` looks at: it said whether that may be written, not the function that
/// made the array.
fn is_lent(array: &Bound<'_, PyUntypedArray>) -> bool {
    let mut base = base_of(array);
    while let Some(lender) = base {
        base = match lender.cast::<PyUntypedArray>() {
            Ok(array) => base_of(array),
            Err(_) if lender.is_exact_instance_of::<PyMemoryView>() => {
                lender.getattr(intern!(lender.py(), "obj")).ok()
            }
            Err(_) => {
                let is_memory = lender.is_exact_instance_of::<crate::pickle::Memory>();
                return is_memory || lender.is_exact_instance_of::<ArrayMemory>();
            }
        };
    }
    false
}

/// A copy with memory of its own.
fn copied<'py>(array: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    array.call_method1(intern!(array.py(), "copy"), ("K",))
}

/// How many threads copy what is large, outside of a task.
pub fn n_threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// `array` in memory of its own.
///
/// # Errors
/// Where memory runs out.
pub fn own_array(py: Python<'_>, array: &NdArray, n_threads: usize) -> PyResult<NdArray> {
    copied_natively(py, array, || own_copy(array, n_threads))
}

/// What `copy` makes of `array`, without the interpreter where that takes long.
fn copied_natively(
    py: Python<'_>,
    array: &NdArray,
    copy: impl FnOnce() -> raskt_core::Result<NdArray> + Send,
) -> PyResult<NdArray> {
    let is_large = array.n_elements() * array.item_bytes() >= DETACH_BYTES;
    let copied = if is_large { py.detach(copy) } else { copy() };
    copied.map_err(|error| crate::errors::to_py(py, error))
}

/// What a function gets that only reads, or that shares what it reads with others: arrays cannot be written.
///
/// # Errors
/// As [`to_object`].
pub fn to_shared<'py>(py: Python<'py>, value: &Value) -> PyResult<Bound<'py, PyAny>> {
    let object = to_object(py, value)?;
    match object.cast::<PyUntypedArray>() {
        Ok(array) if !is_read_only(array) => array::read_only(&object),
        _ => Ok(object),
    }
}

/// What a user's function of blocks gets: arrays that it may write, without anybody else seeing it. What nobody else has is
/// handed over, anything else is copied; so is what has one place of memory for several elements.
///
/// # Errors
/// As [`to_object`].
pub fn to_block(py: Python<'_>, value: Value) -> PyResult<Bound<'_, PyAny>> {
    match value {
        Value::Array(mut array) => {
            if let Some(own) = Arc::get_mut(&mut array)
                && own.memory_mut().is_some()
                && !own.may_overlap()
            {
                return array::to_own_numpy(py, Arc::unwrap_or_clone(array));
            }
            let n_threads = raskt_exec::threads_here();
            array::to_own_numpy(py, copied_natively(py, &array, || writable_copy(&array, n_threads))?)
        }
        Value::List(mut items) => {
            let items: PyResult<Vec<_>> = match Arc::get_mut(&mut items) {
                Some(items) => items.iter_mut().map(|item| to_block(py, std::mem::take(item))).collect(),
                None => items.iter().map(|item| to_block(py, item.clone())).collect(),
            };
            Ok(pyo3::types::PyList::new(py, items?)?.into_any())
        }
        Value::Opaque(_) => to_own(py, value, Behind::Memory),
        other => to_object(py, &other),
    }
}

/// What the only task that reads a value gets, and who asked for it: an array may be written. It is the array itself unless
/// somebody else has that too; then it is a copy, but for one that was read-only when it was made.
///
/// # Errors
/// As [`to_object`].
pub fn to_reader(py: Python<'_>, value: Value) -> PyResult<Bound<'_, PyAny>> {
    match value {
        Value::Opaque(_) => to_own(py, value, Behind::Anything),
        Value::Array(_) => to_block(py, value),
        other => to_object(py, &other),
    }
}

/// Whether `value` was there before the run.
fn is_kept(value: &Value) -> bool {
    match value {
        Value::Opaque(object) => object.as_any().downcast_ref::<PyObj>().is_some_and(PyObj::is_kept),
        _ => false,
    }
}

/// Whether somebody else than whoever asks has `value`.
pub fn has_others(value: &Value) -> bool {
    is_kept(value) || matches!(value, Value::Opaque(object) if Arc::strong_count(object) > 1)
}

/// What one of several tasks gets that read a value: to change it changes nothing that the others see.
///
/// # Errors
/// As [`to_object`].
pub fn to_one_of_several<'py>(py: Python<'py>, value: &Value) -> PyResult<Bound<'py, PyAny>> {
    match value {
        Value::Opaque(_) => shared(&to_object(py, value)?, Arrays::ReadOnly),
        _ => to_shared(py, value),
    }
}

fn to_own(py: Python<'_>, value: Value, behind: Behind) -> PyResult<Bound<'_, PyAny>> {
    let is_array = |value: &Value| match value {
        Value::Opaque(object) => object.as_any().downcast_ref::<PyObj>().is_some_and(PyObj::is_array),
        _ => false,
    };
    if !is_array(&value) {
        let object = to_object(py, &value)?;
        return if has_others(&value) { shared(&object, Arrays::ReadOnly) } else { Ok(object) };
    }
    let n_values = match &value {
        Value::Opaque(object) => Arc::strong_count(object),
        _ => 1,
    };
    let object = to_object(py, &value)?;
    drop(value);
    let Ok(array) = object.cast::<PyUntypedArray>() else { return Ok(object) };
    let is_fixed = behind == Behind::Anything && is_read_only(array) && !is_lent(array);
    let is_plain = behind == Behind::Anything || array::is_exact(&object);
    if is_fixed || (is_plain && n_values == 1 && is_sole(array, behind) && !is_read_only(array)) {
        return Ok(object);
    }
    copied(&object)
}

/// What whoever asked for a value gets: an array that somebody else has too is copied, so that writing to it changes
/// nothing else.
///
/// # Errors
/// As [`to_object`].
pub fn to_result<'py>(py: Python<'py>, value: &Value) -> PyResult<Bound<'py, PyAny>> {
    let object = to_object(py, value)?;
    let Value::Opaque(_) = value else { return Ok(object) };
    // The value's reference, and the one here.
    let is_shared =
        |array: &Bound<'py, PyUntypedArray>| !is_lone(array, 2, Behind::Anything) && !is_read_only(array);
    match object.cast::<PyUntypedArray>() {
        Ok(array) if is_shared(array) => copied(&object),
        Err(_) if is_kept(value) => shared(&object, Arrays::Copied),
        _ => Ok(object),
    }
}

/// Whether `object`'s memory cannot change: it is read-only, and so is everything that lent it.
pub fn is_immutable(object: &Bound<'_, PyAny>) -> bool {
    let Ok(array) = object.cast::<PyUntypedArray>() else {
        let view = object
            .py()
            .import("builtins")
            .and_then(|builtins| builtins.getattr("memoryview")?.call1((object,)));
        let is_read_only = view.and_then(|view| view.getattr("readonly")?.extract());
        return is_read_only.unwrap_or(false);
    };
    is_read_only(array)
        && base_of(array).is_none_or(|base| match base.cast_exact::<ArrayMemory>() {
            Ok(memory) => memory.get().is_read_only() && array::is_own(memory.get().array().buffer()),
            Err(_) => is_immutable(&base),
        })
}

/// What an expression keeps of an array that its caller may change: itself where it cannot change, else a read-only copy;
/// any other object itself.
///
/// # Errors
/// Where memory runs out.
#[pyfunction]
pub fn array_kept<'py>(object: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
    let py = object.py();
    let Ok(array) = object.cast::<PyUntypedArray>() else { return Ok(object.clone()) };
    if is_immutable(object) && !array.dtype().has_object() {
        return Ok(object.clone());
    }
    if let Some(native) = array::from_numpy(object)? {
        return array::to_numpy(py, &Arc::new(own_array(py, &native, n_threads())?));
    }
    let copy = copied(object)?;
    copy.getattr(intern!(py, "flags"))?.setattr(intern!(py, "writeable"), false)?;
    Ok(copy)
}

/// Adds the names of this module.
///
/// # Errors
/// Whatever adding to a module raises.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(array_kept, module)?)
}
