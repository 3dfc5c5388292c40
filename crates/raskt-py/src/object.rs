//! Python objects as values, and values as Python objects.

use std::any::Any;
use std::fmt;
use std::sync::{Arc, OnceLock};

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyBytes, PyFloat, PyInt, PyList, PyString};
use raskt_core::{ErrorKind, Function, Opaque, OwnerId, Payload, Result, Value};

use crate::array::{self, ArrayKind};
use crate::node::Func;
use crate::runtime::RUNTIME;
use crate::sizeof::{SizeHint, size_hint};

/// A Python object that a task returned, with what it weighs.
pub struct PyObj {
    object: Py<PyAny>,
    size: SizeHint,
    array: ArrayKind,
    /// Whether it was there before the task: whoever passed or persisted it has it, too.
    is_kept: bool,
    /// The user's function that it is, once it was asked for.
    func: OnceLock<Arc<Func>>,
}

impl PyObj {
    /// The object.
    pub fn bind<'py>(&self, py: Python<'py>) -> Bound<'py, PyAny> {
        self.object.bind(py).clone()
    }

    /// Whether it was there before the task that gave it: whoever passed or persisted it has it, too.
    pub fn is_kept(&self) -> bool {
        self.is_kept
    }

    /// Whether the object is a NumPy array, whose readers can be kept from writing.
    pub fn is_array(&self) -> bool {
        self.array == ArrayKind::Array
    }
}

impl fmt::Debug for PyObj {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name =
            Python::try_attach(|py| self.object.bind(py).get_type().name().map(|n| n.to_string()).ok());
        write!(f, "<{} object>", name.flatten().as_deref().unwrap_or("Python"))
    }
}

impl Opaque for PyObj {
    fn runtime(&self) -> &str {
        RUNTIME
    }

    fn size_bytes(&self) -> u64 {
        self.size.own_bytes
    }

    fn visit_owners(&self, visit: &mut dyn FnMut(OwnerId, u64)) {
        if let Some((owner, bytes)) = self.size.owner {
            visit(OwnerId(owner), bytes);
        }
    }

    fn encode(&self) -> Result<Payload> {
        Python::attach(|py| crate::pickle::dumps(py, self.object.bind(py)))
    }

    fn function(&self) -> Result<Option<Function>> {
        Python::attach(|py| {
            let object = self.object.bind(py);
            if self.is_array() || !object.is_callable() {
                return Ok(None);
            }
            let func = self.func.get_or_init(|| Func::new(object));
            crate::ship::shipped(py, func).map(Some)
        })
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// `object` as a value: small immutable ones become Rust's, all others are carried whole.
pub fn to_value(object: Bound<'_, PyAny>) -> Value {
    small(&object).unwrap_or_else(|| carried(object, false))
}

/// An object that was there before the task that gives it, as a value.
pub fn kept(object: Bound<'_, PyAny>) -> Value {
    small(&object).unwrap_or_else(|| carried(object, true))
}

fn small(object: &Bound<'_, PyAny>) -> Option<Value> {
    if object.is_none() {
        return Some(Value::Unit);
    }
    if let Ok(int) = object.cast_exact::<PyInt>() {
        if let Ok(value) = int.extract::<i64>() {
            return Some(Value::Int(value));
        }
    } else if let Ok(float) = object.cast_exact::<PyFloat>() {
        return Some(Value::Float(float.value()));
    } else if let Ok(truth) = object.cast_exact::<PyBool>() {
        return Some(Value::Bool(truth.is_true()));
    }
    None
}

/// `object` as a value, carried whole.
pub fn carry(object: Bound<'_, PyAny>) -> Value {
    carried(object, false)
}

fn carried(object: Bound<'_, PyAny>, is_kept: bool) -> Value {
    let array = array::kind_of(&object);
    // An object that cannot say what it weighs is taken for weightless rather than for an error.
    let size = size_hint(&object).unwrap_or(SizeHint::alone(0));
    Value::Opaque(Arc::new(PyObj { object: object.unbind(), size, array, is_kept, func: OnceLock::new() }))
}

/// A user's function as a value.
pub fn function(py: Python<'_>, func: Arc<Func>) -> Value {
    let object = func.object.clone_ref(py);
    let size = size_hint(object.bind(py)).unwrap_or(SizeHint::alone(0));
    let func = OnceLock::from(func);
    Value::Opaque(Arc::new(PyObj { object, size, array: ArrayKind::Other, is_kept: false, func }))
}

/// A copy of `text`. PyO3's own constructor panics where there is no memory for it.
///
/// # Errors
/// `MemoryError`.
pub fn text<'py>(py: Python<'py>, text: &str) -> PyResult<Bound<'py, PyString>> {
    PyString::from_bytes(py, text.as_bytes())
}

/// A copy of `bytes`. PyO3's own constructor panics where there is no memory for it.
///
/// # Errors
/// `MemoryError`.
pub fn bytes<'py>(py: Python<'py>, bytes: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
    PyBytes::new_with_writer(py, bytes.len(), |writer| Ok(std::io::Write::write_all(writer, bytes)?))
}

/// What Python sees of `value`.
///
/// # Errors
/// Where memory runs out, or NumPy is missing for a native array.
pub fn to_object<'py>(py: Python<'py>, value: &Value) -> PyResult<Bound<'py, PyAny>> {
    Ok(match value {
        Value::Unit => py.None().into_bound(py),
        Value::Bool(value) => PyBool::new(py, *value).to_owned().into_any(),
        Value::Int(value) => value.into_pyobject(py)?.into_any(),
        Value::Float(value) => PyFloat::new(py, *value).into_any(),
        Value::Str(content) => text(py, content)?.into_any(),
        Value::Bytes(buffer) => bytes(py, buffer.as_slice())?.into_any(),
        Value::List(items) => {
            let items: PyResult<Vec<_>> = items.iter().map(|item| to_object(py, item)).collect();
            PyList::new(py, items?)?.into_any()
        }
        Value::Array(array) => array::to_numpy(py, array)?,
        Value::Opaque(object) => match object.as_any().downcast_ref::<PyObj>() {
            Some(object) => object.object.bind(py).clone(),
            None => match crate::frame::table_of(object.as_ref()) {
                Ok(Some(table)) => crate::frame::to_pandas(py, &table)?,
                Ok(None) => crate::pickle::unpack_shipped(py, object.as_ref())?,
                Err(error) => return Err(crate::errors::to_py(py, error)),
            },
        },
        other => {
            let error =
                ErrorKind::WrongType { expected: "a value that Python can see", found: other.kind().into() };
            return Err(crate::errors::to_py(py, error.into()));
        }
    })
}
