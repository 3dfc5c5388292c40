//! Which way each type is encoded, found once per type.

use std::sync::Arc;

use parking_lot::Mutex;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::{
    PyBool, PyByteArray, PyBytes, PyComplex, PyDict, PyEllipsis, PyFloat, PyFrozenSet, PyFunction, PyInt,
    PyList, PyModule, PyNone, PyNotImplemented, PyRange, PySet, PySlice, PyString, PyTuple, PyType,
};
use rustc_hash::FxHashMap;

use super::hooks;
use super::sink::digest;

/// How values of a type are encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    None,
    Bool,
    Int,
    Float,
    Complex,
    Str,
    Bytes,
    ByteArray,
    Ellipsis,
    NotImplemented,
    Slice,
    Range,
    List,
    Tuple,
    Dict,
    Set,
    FrozenSet,
    Function,
    Module,
    Code,
    /// A class.
    Class,
    /// Exactly `object()`: a sentinel, equal only to itself.
    Sentinel,
    /// Exactly `numpy.ndarray`.
    Array,
    /// A NumPy boolean or integer.
    NumpyScalar,
    /// A NumPy real number that a `float` holds exactly.
    NumpyReal,
    /// A Python function makes a simpler form.
    Handler,
    /// As [`Handler`](Self::Handler), by taking the object apart as pickle does: sentinels in it count by their place.
    Object,
}

impl Kind {
    fn from_name(name: &str) -> PyResult<Self> {
        Ok(match name {
            "code" => Self::Code,
            "class" => Self::Class,
            "function" => Self::Function,
            "sentinel" => Self::Sentinel,
            "array" => Self::Array,
            "numpy_scalar" => Self::NumpyScalar,
            "numpy_real" => Self::NumpyReal,
            "handler" => Self::Handler,
            "object" => Self::Object,
            other => return Err(PyValueError::new_err(format!("unknown kind of encoding {other:?}"))),
        })
    }
}

/// What is known of a type.
pub(super) struct Entry {
    pub(super) kind: Kind,
    /// Digest of the type's module and qualified name.
    pub(super) name: u128,
    /// With [`Kind::Handler`]: what makes the simpler form.
    pub(super) handler: Option<Py<PyAny>>,
    /// Keeps the type, and with it its address, from being used again.
    _type: Py<PyType>,
}

impl Entry {
    fn native(kind: Kind, class: &Bound<'_, PyType>) -> PyResult<Arc<Self>> {
        let name = digest(format!("{}:{}", class.module()?, class.qualname()?).as_bytes());
        Ok(Arc::new(Self { kind, name, handler: None, _type: class.clone().unbind() }))
    }
}

/// Entries by the address of their type.
pub(super) type Table = FxHashMap<usize, Arc<Entry>>;

/// The table is replaced, never changed, so that a walk reads its own without a lock.
static SHARED: Mutex<Option<Arc<Table>>> = Mutex::new(None);

/// More types than this are not remembered: someone makes them in a loop.
const TYPES_MAX: usize = 4096;

/// The table of this moment.
pub(super) fn shared(py: Python<'_>) -> PyResult<Arc<Table>> {
    if let Some(table) = SHARED.lock().as_ref() {
        return Ok(Arc::clone(table));
    }
    let table = Arc::new(natives(py)?);
    *SHARED.lock() = Some(Arc::clone(&table));
    Ok(table)
}

/// Forgets everything found, because handlers were registered.
pub(super) fn reset() {
    let old = SHARED.lock().take();
    drop(old);
}

/// Asks Python how a type is encoded; the second value says whether this may be remembered.
pub(super) fn resolve(class: &Bound<'_, PyType>) -> PyResult<(Arc<Entry>, bool)> {
    let answer = hooks::get(class.py(), hooks::Hook::Resolve)?.call1((class,))?;
    let (kind, handler, name, lasting): (String, Option<Py<PyAny>>, String, bool) = answer.extract()?;
    let entry = Entry {
        kind: Kind::from_name(&kind)?,
        name: digest(name.as_bytes()),
        handler,
        _type: class.clone().unbind(),
    };
    Ok((Arc::new(entry), lasting))
}

/// Remembers an entry for all walks to come, unless handlers were registered since `seen` was read.
pub(super) fn remember(seen: &Arc<Table>, address: usize, entry: &Arc<Entry>) -> Option<Arc<Table>> {
    let mut shared = SHARED.lock();
    let current = shared.as_ref()?;
    if !Arc::ptr_eq(current, seen) || current.len() >= TYPES_MAX {
        return None;
    }
    let mut table = Table::clone(current);
    table.insert(address, Arc::clone(entry));
    let table = Arc::new(table);
    let old = shared.replace(Arc::clone(&table));
    drop(shared);
    drop(old);
    Some(table)
}

/// Built-in types whose encoding is written in Rust, but for those that a user has registered a handler for.
fn natives(py: Python<'_>) -> PyResult<Table> {
    let overridden = hooks::get(py, hooks::Hook::Overridden)?.call0()?;
    let mut table = Table::default();
    for (kind, class) in [
        (Kind::None, py.get_type::<PyNone>()),
        (Kind::Bool, py.get_type::<PyBool>()),
        (Kind::Int, py.get_type::<PyInt>()),
        (Kind::Float, py.get_type::<PyFloat>()),
        (Kind::Complex, py.get_type::<PyComplex>()),
        (Kind::Str, py.get_type::<PyString>()),
        (Kind::Bytes, py.get_type::<PyBytes>()),
        (Kind::ByteArray, py.get_type::<PyByteArray>()),
        (Kind::Ellipsis, py.get_type::<PyEllipsis>()),
        (Kind::NotImplemented, py.get_type::<PyNotImplemented>()),
        (Kind::Slice, py.get_type::<PySlice>()),
        (Kind::Range, py.get_type::<PyRange>()),
        (Kind::List, py.get_type::<PyList>()),
        (Kind::Tuple, py.get_type::<PyTuple>()),
        (Kind::Dict, py.get_type::<PyDict>()),
        (Kind::Set, py.get_type::<PySet>()),
        (Kind::FrozenSet, py.get_type::<PyFrozenSet>()),
        (Kind::Function, py.get_type::<PyFunction>()),
        (Kind::Module, py.get_type::<PyModule>()),
    ] {
        if !overridden.contains(&class)? {
            table.insert(class.as_ptr() as usize, Entry::native(kind, &class)?);
        }
    }
    Ok(table)
}
