//! Objects that several have, as each of them may see them: containers are made again, arrays in them cannot be written or
//! are copied, and what of libraries holds memory is copied where it can be changed in place.

use std::ptr;

use numpy::PyUntypedArray;
use pyo3::prelude::*;
use pyo3::types::{
    PyBool, PyByteArray, PyBytes, PyComplex, PyDict, PyFloat, PyInt, PyList, PySet, PyString, PyTuple, PyType,
};
use rustc_hash::FxHashMap;

use crate::array;
use crate::own::is_read_only;

/// Containers are looked into as deep as this.
const DEPTH_MAX: usize = 200;

/// What becomes of arrays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrays {
    /// They are shown, and cannot be written.
    ReadOnly,
    /// They are copied.
    Copied,
}

/// `object` as somebody may see it who is not the only one to have it: to change what is returned changes nothing that
/// others see. Objects of classes that are not known to hold memory are shared as they are.
///
/// # Errors
/// Where memory runs out, or a library's own way of copying fails.
pub fn shared<'py>(object: &Bound<'py, PyAny>, arrays: Arrays) -> PyResult<Bound<'py, PyAny>> {
    if is_atom(object) {
        return Ok(object.clone());
    }
    let mut walk = Walk { arrays, made: FxHashMap::default(), ways: Vec::new() };
    walk.of(object, 0)
}

fn is_atom(object: &Bound<'_, PyAny>) -> bool {
    object.is_exact_instance_of::<PyInt>()
        || object.is_exact_instance_of::<PyString>()
        || object.is_exact_instance_of::<PyFloat>()
        || object.is_none()
        || object.is_exact_instance_of::<PyBool>()
        || object.is_exact_instance_of::<PyBytes>()
        || object.is_exact_instance_of::<PyComplex>()
}

/// What Python's ways of copying containers call on their items.
#[pyclass(frozen, module = "raskt._raskt")]
struct Own {
    arrays: Arrays,
    depth: usize,
}

#[pymethods]
impl Own {
    fn __call__<'py>(&self, item: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        Walk { arrays: self.arrays, made: FxHashMap::default(), ways: Vec::new() }.of(item, self.depth)
    }
}

struct Walk<'py> {
    arrays: Arrays,
    /// What was made of containers, by their addresses: one that holds itself is one that holds itself again.
    made: FxHashMap<*mut pyo3::ffi::PyObject, Bound<'py, PyAny>>,
    /// How objects of a class are copied, of the few classes that were met.
    ways: Vec<(Bound<'py, PyType>, Option<Bound<'py, PyAny>>)>,
}

impl<'py> Walk<'py> {
    fn of(&mut self, object: &Bound<'py, PyAny>, depth: usize) -> PyResult<Bound<'py, PyAny>> {
        if is_atom(object) || depth > DEPTH_MAX {
            return Ok(object.clone());
        }
        let py = object.py();
        if let Some(made) = self.made.get(&object.as_ptr()) {
            return Ok(made.clone());
        }
        if let Ok(list) = object.cast_exact::<PyList>() {
            let again = list.get_slice(0, list.len());
            for (at, item) in again.iter().enumerate().filter(|(_, item)| !is_atom(item)) {
                self.made.entry(object.as_ptr()).or_insert_with(|| again.clone().into_any());
                let own = self.of(&item, depth + 1)?;
                if !own.is(&item) {
                    again.set_item(at, own)?;
                }
            }
            return Ok(again.into_any());
        }
        if let Ok(dict) = object.cast_exact::<PyDict>() {
            let again = dict.copy()?;
            for (key, item) in dict.iter().filter(|(_, item)| !is_atom(item)) {
                self.made.entry(object.as_ptr()).or_insert_with(|| again.clone().into_any());
                let own = self.of(&item, depth + 1)?;
                if !own.is(&item) {
                    again.set_item(key, own)?;
                }
            }
            return Ok(again.into_any());
        }
        if let Ok(tuple) = object.cast_exact::<PyTuple>() {
            let items: PyResult<Vec<_>> = tuple.iter().map(|item| self.of(&item, depth + 1)).collect();
            let items = items?;
            let is_same = items.iter().zip(tuple.iter()).all(|(own, item)| own.is(&item));
            return if is_same { Ok(object.clone()) } else { Ok(PyTuple::new(py, items)?.into_any()) };
        }
        if object.is_exact_instance_of::<PySet>() || object.is_exact_instance_of::<PyByteArray>() {
            let again = object.call_method0(pyo3::intern!(py, "copy"))?;
            self.made.insert(object.as_ptr(), again.clone());
            return Ok(again);
        }
        if let Ok(array) = object.cast::<PyUntypedArray>() {
            return match self.arrays {
                Arrays::ReadOnly if is_read_only(array) => Ok(object.clone()),
                Arrays::ReadOnly => array::read_only(object),
                Arrays::Copied => object.call_method1(pyo3::intern!(py, "copy"), ("K",)),
            };
        }
        let Some(way) = self.way_of(object)? else { return Ok(object.clone()) };
        let own = Own { arrays: self.arrays, depth: depth + 1 };
        way.call1((object, own))
    }

    /// What copies objects of `object`'s class, where they hold memory.
    fn way_of(&mut self, object: &Bound<'py, PyAny>) -> PyResult<Option<Bound<'py, PyAny>>> {
        let class = object.get_type();
        let is_it = |(known, _): &&(Bound<'py, PyType>, _)| ptr::eq(known.as_ptr(), class.as_ptr());
        if let Some((_, way)) = self.ways.iter().find(is_it) {
            return Ok(way.clone());
        }
        let module = class.py().import("raskt._kept")?;
        let found = module.getattr("way_of_sharing")?.call1((&class,))?;
        let way = (!found.is_none()).then_some(found);
        self.ways.push((class, way.clone()));
        Ok(way)
    }
}
