//! `Task`, `TaskRef` and `Alias`: what a raw graph may hold besides tuples of Dask's kind.

use std::sync::Arc;

use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyFrozenSet, PyString, PyTuple};
use raskt_core::{ErrorKind, Fit};
use smallvec::SmallVec;

use crate::node::{Callee, Func, Node};
use crate::reader::{Reader, References, Style};
use crate::writer::{Written, write};
use crate::{errors, eval};

/// A reference to the task that has a key, among the arguments of a `Task`.
#[pyclass(frozen, module = "raskt._raskt", name = "TaskRef")]
pub struct TaskRef {
    key: Py<PyAny>,
}

impl TaskRef {
    /// A reference to the task `key`.
    pub fn new(key: Py<PyAny>) -> Self {
        Self { key }
    }

    /// The key.
    pub fn key<'a, 'py>(&'a self, py: Python<'py>) -> &'a Bound<'py, PyAny> {
        self.key.bind(py)
    }
}

#[pymethods]
impl TaskRef {
    #[new]
    #[pyo3(signature = (key, /))]
    fn py_new(key: Bound<'_, PyAny>) -> PyResult<Self> {
        check_key(&key)?;
        Ok(Self { key: key.unbind() })
    }

    /// The key of the task.
    #[getter(key)]
    fn py_key(&self, py: Python<'_>) -> Py<PyAny> {
        self.key.clone_ref(py)
    }

    fn __eq__(&self, py: Python<'_>, other: &Bound<'_, PyAny>) -> PyResult<bool> {
        match other.cast::<Self>() {
            Ok(other) => self.key.bind(py).eq(other.get().key(py)),
            Err(_) => Ok(false),
        }
    }

    fn __hash__(&self, py: Python<'_>) -> PyResult<isize> {
        // Other than the key's own, so that a dictionary of both is not slow.
        Ok(self.key.bind(py).hash()? ^ 0x5bd1_e995)
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        Ok(format!("TaskRef({})", self.key.bind(py).repr()?.to_string_lossy()))
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let args = (slf.get().key(slf.py()),);
        Ok((slf.get_type(), args).into_pyobject(slf.py())?.into_any())
    }

    fn __raskt_tokenize__<'py>(&self, py: Python<'py>) -> Bound<'py, PyAny> {
        self.key.bind(py).clone()
    }
}

/// Another key for the value of a task.
#[pyclass(frozen, module = "raskt._raskt", name = "Alias")]
pub struct Alias {
    key: Py<PyAny>,
    target: Py<PyAny>,
}

impl Alias {
    /// The key of the task whose value it is.
    pub fn target<'a, 'py>(&'a self, py: Python<'py>) -> &'a Bound<'py, PyAny> {
        self.target.bind(py)
    }
}

#[pymethods]
impl Alias {
    #[new]
    #[pyo3(signature = (key, target, /))]
    fn py_new(key: Bound<'_, PyAny>, target: Bound<'_, PyAny>) -> PyResult<Self> {
        check_key(&key)?;
        let target = match target.cast::<TaskRef>() {
            Ok(reference) => reference.get().py_key(target.py()),
            Err(_) => {
                check_key(&target)?;
                target.unbind()
            }
        };
        Ok(Self { key: key.unbind(), target })
    }

    /// The key.
    #[getter(key)]
    fn py_key(&self, py: Python<'_>) -> Py<PyAny> {
        self.key.clone_ref(py)
    }

    /// The key of the task whose value it is.
    #[getter(target)]
    fn py_target(&self, py: Python<'_>) -> Py<PyAny> {
        self.target.clone_ref(py)
    }

    /// The keys that it needs: its target's.
    #[getter]
    fn dependencies<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyFrozenSet>> {
        PyFrozenSet::new(py, [self.target.bind(py)])
    }

    /// The value, from a mapping that has that of the target.
    #[pyo3(signature = (values, /))]
    fn __call__<'py>(&self, values: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyAny>> {
        values.get_item(self.target.bind(values.py()))
    }

    fn __eq__(&self, py: Python<'_>, other: &Bound<'_, PyAny>) -> PyResult<bool> {
        match other.cast::<Self>() {
            Ok(other) => Ok(self.key.bind(py).eq(other.get().key.bind(py))?
                && self.target.bind(py).eq(other.get().target.bind(py))?),
            Err(_) => Ok(false),
        }
    }

    fn __hash__(&self, py: Python<'_>) -> PyResult<isize> {
        self.key.bind(py).hash()
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let (key, target) = (self.key.bind(py).repr()?, self.target.bind(py).repr()?);
        Ok(format!("Alias({}, {})", key.to_string_lossy(), target.to_string_lossy()))
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let (py, this) = (slf.py(), slf.get());
        let args = (this.key.bind(py), this.target.bind(py));
        Ok((slf.get_type(), args).into_pyobject(py)?.into_any())
    }

    fn __raskt_tokenize__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        PyTuple::new(py, [self.key.bind(py), self.target.bind(py)])
    }
}

/// A call under a key: a function, and arguments among which `TaskRef`s stand for the values of other tasks.
#[pyclass(frozen, module = "raskt._raskt", name = "Task")]
pub struct Task {
    key: Py<PyAny>,
    /// What is called. Of a task made by hand it has no dependencies: those are the keys beside it. Of a task
    /// that shows part of a delayed value's graph it is that value's own.
    node: Arc<Node>,
    inputs: Box<[Py<PyAny>]>,
}

/// References of one task, numbered as they are met.
struct Keys<'py> {
    numbers: Bound<'py, PyDict>,
    keys: Vec<Py<PyAny>>,
}

impl References for Keys<'_> {
    fn literal_or_key(&mut self, _: &Bound<'_, PyAny>) -> PyResult<Option<u32>> {
        Ok(None)
    }

    fn key(&mut self, key: &Bound<'_, PyAny>) -> PyResult<u32> {
        if let Some(number) = self.numbers.get_item(key)? {
            return number.extract();
        }
        let number = self.keys.len().fit::<u32>();
        self.numbers.set_item(key, number)?;
        self.keys.push(key.clone().unbind());
        Ok(number)
    }
}

impl Task {
    /// A task that calls `func`.
    ///
    /// # Errors
    /// `TypeError` for what cannot be called.
    pub fn make(
        py: Python<'_>,
        key: Py<PyAny>,
        func: &Bound<'_, PyAny>,
        args: &Bound<'_, PyTuple>,
        kwargs: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        if !func.is_callable() {
            let text =
                format!("the function of a task must be callable, found {}", crate::brief::brief(func));
            return Err(PyTypeError::new_err(text));
        }
        let protocol = py.import(intern!(py, "raskt._protocol"))?;
        let is_identity = func.is(&protocol.getattr(intern!(py, "identity"))?) && args.len() == 1;
        let callee = if is_identity { Callee::Identity } else { Callee::Func(Func::new(func)) };
        let mut keys = Keys { numbers: PyDict::new(py), keys: Vec::new() };
        let call = Reader::new(&mut keys, Style::Marked).call(callee, args, kwargs)?;
        let inputs = call.deps.iter().map(|&dep| keys.keys[dep as usize].clone_ref(py)).collect();
        let notes = crate::annotations::current(py)?;
        let node = Arc::new(Node::new(call.callee, call.args, SmallVec::new(), notes));
        Ok(Self { key, node, inputs })
    }

    /// A task that shows `node`, whose dependencies have the keys `inputs`.
    pub fn of(key: Py<PyAny>, node: Arc<Node>, inputs: Box<[Py<PyAny>]>) -> Self {
        Self { key, node, inputs }
    }

    /// What is called.
    pub fn node(&self) -> &Arc<Node> {
        &self.node
    }

    /// The keys of its inputs, in the order in which its arguments count them.
    pub fn inputs(&self) -> &[Py<PyAny>] {
        &self.inputs
    }

    fn written<'py>(&self, py: Python<'py>) -> PyResult<Written<'py>> {
        write(py, &self.node, &self.inputs)
    }
}

#[pymethods]
impl Task {
    #[new]
    #[pyo3(signature = (key, func, /, *args, **kwargs))]
    fn py_new(
        py: Python<'_>,
        key: Bound<'_, PyAny>,
        func: &Bound<'_, PyAny>,
        args: &Bound<'_, PyTuple>,
        kwargs: Option<&Bound<'_, PyDict>>,
    ) -> PyResult<Self> {
        check_key(&key)?;
        Self::make(py, key.unbind(), func, args, kwargs)
    }

    /// The key.
    #[getter]
    fn key(&self, py: Python<'_>) -> Py<PyAny> {
        self.key.clone_ref(py)
    }

    /// The function.
    #[getter]
    fn func<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        Ok(self.written(py)?.func)
    }

    /// Its positional arguments.
    #[getter]
    fn args<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyTuple>> {
        Ok(self.written(py)?.args)
    }

    /// Its keyword arguments.
    #[getter]
    fn kwargs<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        Ok(self.written(py)?.kwargs)
    }

    /// The keys of the tasks whose values it needs.
    #[getter]
    fn dependencies<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyFrozenSet>> {
        PyFrozenSet::new(py, self.inputs.iter().map(|key| key.bind(py)))
    }

    /// What `annotate` said where the task was made.
    #[getter]
    fn annotations<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        self.node.notes.as_ref().map_or_else(|| Ok(PyDict::new(py)), |notes| notes.bind(py).copy())
    }

    /// Make the call, with the values of other tasks from a mapping.
    #[pyo3(signature = (values=None, /))]
    fn __call__<'py>(
        &self,
        py: Python<'py>,
        values: Option<&Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let mut inputs: Vec<Bound<'py, PyAny>> = Vec::with_capacity(self.inputs.len());
        for key in &self.inputs {
            let Some(values) = values else {
                let key = key.bind(py).repr()?.to_string_lossy().into_owned();
                let path = vec![self.key.bind(py).repr()?.to_string_lossy().into_owned()];
                return Err(errors::to_py(py, ErrorKind::MissingKey { key, path }.into()));
            };
            inputs.push(values.get_item(key.bind(py))?);
        }
        eval::call(py, &self.node, &inputs)
    }

    /// The same call with other keys: `{old: new}` for those that it needs, and its own.
    #[pyo3(signature = (keys, key=None))]
    fn substitute(
        &self,
        py: Python<'_>,
        keys: &Bound<'_, PyDict>,
        key: Option<Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let mut inputs = Vec::with_capacity(self.inputs.len());
        for input in &self.inputs {
            let new = keys.get_item(input.bind(py))?;
            inputs.push(new.map_or_else(|| input.clone_ref(py), Bound::unbind));
        }
        let key = match key {
            Some(key) => {
                check_key(&key)?;
                key.unbind()
            }
            None => self.key.clone_ref(py),
        };
        Ok(Self { key, node: Arc::clone(&self.node), inputs: inputs.into_boxed_slice() })
    }

    /// The same call, to be made after the tasks that have these keys.
    fn after(&self, py: Python<'_>, keys: Vec<Py<PyAny>>) -> Self {
        let inputs = self.inputs.iter().map(|key| key.clone_ref(py)).chain(keys).collect();
        Self { key: self.key.clone_ref(py), node: Arc::clone(&self.node), inputs }
    }

    fn __eq__(slf: &Bound<'_, Self>, other: &Bound<'_, PyAny>) -> PyResult<bool> {
        let py = slf.py();
        let Ok(other) = other.cast::<Self>() else { return Ok(false) };
        if slf.is(other) {
            return Ok(true);
        }
        if !slf.get().key.bind(py).eq(other.get().key.bind(py))? {
            return Ok(false);
        }
        let tokenize = py.import(intern!(py, "raskt.tokenize"))?.getattr(intern!(py, "tokenize"))?;
        tokenize.call1((slf,))?.eq(tokenize.call1((other,))?)
    }

    fn __hash__(&self, py: Python<'_>) -> PyResult<isize> {
        self.key.bind(py).hash()
    }

    fn __repr__(&self, py: Python<'_>) -> PyResult<String> {
        let Written { func, args, kwargs } = self.written(py)?;
        let mut parts = vec![brief(self.key.bind(py)), crate::names::function_name(&func)];
        parts.extend(args.iter().map(|arg| brief(&arg)));
        for (name, value) in kwargs.iter() {
            parts.push(format!("{}={}", name.cast::<PyString>()?.to_string_lossy(), brief(&value)));
        }
        Ok(format!("Task({})", parts.join(", ")))
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let (py, this) = (slf.py(), slf.get());
        let Written { func, args, kwargs } = this.written(py)?;
        let notes = this.node.notes.as_ref().map(|notes| notes.bind(py));
        let rebuild = py.import("raskt._raskt")?.getattr("rebuild_task")?;
        let inputs = PyTuple::new(py, this.inputs.iter().map(|key| key.bind(py)))?;
        let all = (this.key.bind(py), func, args, kwargs, inputs, notes);
        Ok((rebuild, all).into_pyobject(py)?.into_any())
    }

    fn __raskt_tokenize__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let Written { func, args, kwargs } = self.written(py)?;
        // Tasks that it merely comes after are in no argument.
        let inputs = PyTuple::new(py, self.inputs.iter().map(|key| key.bind(py)))?;
        Ok((self.key.bind(py), func, args, kwargs, inputs).into_pyobject(py)?.into_any())
    }
}

/// A short `repr`.
fn brief(object: &Bound<'_, PyAny>) -> String {
    let text = object.repr().map_or_else(|_| "?".to_owned(), |repr| repr.to_string_lossy().into_owned());
    if text.chars().count() <= 60 { text } else { text.chars().take(59).chain(['…']).collect() }
}

/// Keys are hashable, and are no references.
fn check_key(key: &Bound<'_, PyAny>) -> PyResult<()> {
    if key.hash().is_err() {
        let text = format!("a key must be hashable, found {}", crate::brief::brief(key));
        return Err(PyTypeError::new_err(text));
    }
    if key.is_instance_of::<TaskRef>() {
        return Err(PyValueError::new_err("a TaskRef is a reference to a key, and cannot be one itself"));
    }
    Ok(())
}

/// A task from what pickling one wrote.
#[pyfunction]
fn rebuild_task(
    py: Python<'_>,
    key: Py<PyAny>,
    func: &Bound<'_, PyAny>,
    args: &Bound<'_, PyTuple>,
    kwargs: &Bound<'_, PyDict>,
    inputs: &Bound<'_, PyTuple>,
    notes: Option<Py<PyDict>>,
) -> PyResult<Task> {
    let mut task = Task::make(py, key, func, args, Some(kwargs))?;
    let mut all = std::mem::take(&mut task.inputs).into_vec();
    for input in inputs.iter() {
        if !all.iter().any(|known| known.bind(py).eq(&input).unwrap_or(false)) {
            all.push(input.unbind());
        }
    }
    task.inputs = all.into_boxed_slice();
    if let Some(node) = Arc::get_mut(&mut task.node) {
        node.notes = notes.map(Arc::new);
    }
    Ok(task)
}

/// Adds the names of this module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Task>()?;
    module.add_class::<TaskRef>()?;
    module.add_class::<Alias>()?;
    module.add_function(wrap_pyfunction!(rebuild_task, module)?)
}
