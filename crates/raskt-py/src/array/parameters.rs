//! Python's objects as parameters of expressions.

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyDict, PyFloat, PyInt, PyList, PyString, PyTuple, PyType};
use raskt_array::parameters::chunks_param;
use raskt_core::chunk::{AxisChunks, Chunks};
use raskt_core::{Fit, Param, Value};

use crate::object;
use crate::own::{array_kept, n_threads, own_array};

/// An object that is to be a parameter as it is, whatever it looks like.
#[pyclass(frozen, module = "raskt._raskt")]
struct Whole {
    object: Py<PyAny>,
}

#[pymethods]
impl Whole {
    #[new]
    fn new(object: Py<PyAny>) -> Self {
        Self { object }
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> (Bound<'py, PyType>, (Py<PyAny>,)) {
        (slf.get_type(), (slf.get().object.clone_ref(slf.py()),))
    }
}

/// Runs of equal chunks along an axis: their size, if it is known, and how many there are.
type Runs = Vec<(Option<u64>, u64)>;

/// Chunks of all axes, as users write them: tuples of sizes, NaN for unknown ones.
#[pyclass(frozen, module = "raskt._raskt", name = "ArrayChunks", eq)]
#[derive(Clone, PartialEq)]
pub struct ArrayChunks {
    pub chunks: Chunks,
}

#[pymethods]
impl ArrayChunks {
    /// From runs of equal chunks, `(size or None, number)`, for each axis.
    #[new]
    fn new(py: Python<'_>, axes: Vec<Runs>) -> PyResult<Self> {
        let axes = axes.into_iter().map(AxisChunks::from_runs).collect::<raskt_core::Result<Vec<_>>>();
        let chunks = axes.and_then(Chunks::new);
        Ok(Self { chunks: chunks.map_err(|error| crate::errors::to_py(py, error))? })
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> (Bound<'py, PyType>, (Vec<Runs>,)) {
        let runs = slf.get().chunks.axes().iter().map(|axis| axis.runs().collect()).collect();
        (slf.get_type(), (runs,))
    }

    /// The sizes of all chunks along each axis; NaN for unknown ones.
    #[getter]
    pub fn sizes<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        let axis = |axis: &AxisChunks| {
            let mut sizes = Vec::with_capacity(axis.n_blocks() as usize);
            for (size, n) in axis.runs() {
                let size = super::expression::length(py, size)?;
                sizes.extend(std::iter::repeat_n(size, n.fit::<usize>()));
            }
            PyTuple::new(py, sizes)
        };
        PyTuple::new(py, self.chunks.axes().iter().map(axis).collect::<PyResult<Vec<_>>>()?)
    }
}

/// `object` as a parameter. Containers become lists and maps; what is not plain is carried whole.
///
/// # Errors
/// What looking into it raises.
pub fn to_param(object: &Bound<'_, PyAny>) -> PyResult<Param> {
    if object.is_none() {
        return Ok(Param::Null);
    }
    if let Ok(truth) = object.cast_exact::<PyBool>() {
        return Ok(Param::Bool(truth.is_true()));
    }
    if let Ok(int) = object.cast_exact::<PyInt>() {
        return Ok(int.extract().map_or_else(|_| whole(object), Param::Int));
    }
    if let Ok(float) = object.cast_exact::<PyFloat>() {
        return Ok(Param::Float(float.value()));
    }
    if let Ok(text) = object.cast_exact::<PyString>() {
        return Ok(Param::Str(text.to_cow()?.into()));
    }
    if let Ok(bytes) = object.cast_exact::<PyBytes>() {
        return Ok(Param::Bytes(bytes.as_bytes().into()));
    }
    if let Ok(tuple) = object.cast_exact::<PyTuple>() {
        return tuple.iter().map(|item| to_param(&item)).collect::<PyResult<_>>().map(Param::List);
    }
    if let Ok(list) = object.cast_exact::<PyList>() {
        return list.iter().map(|item| to_param(&item)).collect::<PyResult<_>>().map(Param::List);
    }
    if let Ok(dict) = object.cast_exact::<PyDict>() {
        return map(dict);
    }
    if let Ok(chunks) = object.cast_exact::<ArrayChunks>() {
        return Ok(chunks_param(&chunks.get().chunks));
    }
    if let Ok(wrapped) = object.cast_exact::<Whole>() {
        return Ok(whole(wrapped.get().object.bind(object.py())));
    }
    // The parameter stands for the content that it has now.
    Ok(match super::from_numpy(object)? {
        Some(array) => Param::Value(Value::from(own_array(object.py(), &array, n_threads())?)),
        None => whole(&array_kept(object)?),
    })
}

fn map(dict: &Bound<'_, PyDict>) -> PyResult<Param> {
    let mut entries = Vec::with_capacity(dict.len());
    for (name, value) in dict.iter() {
        let name: std::borrow::Cow<'_, str> = match name.cast::<PyString>() {
            Ok(name) => name.to_cow()?.into_owned().into(),
            Err(_) => name.str()?.to_cow()?.into_owned().into(),
        };
        entries.push((name, to_param(&value)?));
    }
    Ok(Param::map(entries.iter().map(|(name, value)| (&**name, value.clone()))))
}

/// `object` carried whole.
fn whole(object: &Bound<'_, PyAny>) -> Param {
    Param::Value(object::carry(object.clone()))
}

/// Adds the names of this module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<ArrayChunks>()?;
    module.add_class::<Whole>()
}
