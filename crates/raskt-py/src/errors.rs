//! Errors across the border: a Python exception keeps its type, traceback and cause, and gains a note that
//! names the task; every other kind of error becomes one exception class of Raskt's.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use pyo3::exceptions::{
    PyException, PyFileNotFoundError, PyFloatingPointError, PyIndexError, PyKeyError, PyMemoryError,
    PyNotImplementedError, PyOSError, PyRuntimeError, PySystemExit, PyTypeError, PyValueError,
};
use pyo3::prelude::*;
use pyo3::{create_exception, intern};
use raskt_core::{Error, ErrorKind, Opaque, OwnerId, Payload, Result};

use crate::runtime::RUNTIME;

create_exception!(
    raskt._raskt,
    GraphError,
    PyValueError,
    "A graph that breaks a rule: a cycle, a clash of keys."
);
create_exception!(raskt._raskt, CycleError, GraphError, "Tasks that need one another in a circle.");
create_exception!(raskt._raskt, KeyClashError, GraphError, "One key with two definitions.");
create_exception!(raskt._raskt, MissingKeyError, PyKeyError, "A key that no task makes.");
create_exception!(raskt._raskt, ComputationCancelled, PyRuntimeError, "The computation was cancelled.");
create_exception!(
    raskt._raskt,
    TaskExitError,
    PyRuntimeError,
    "A task called `sys.exit`, or raised `SystemExit`."
);
create_exception!(
    raskt._raskt,
    WorkerDiedError,
    PyRuntimeError,
    "A child process ended while it ran a task."
);
create_exception!(raskt._raskt, SpillError, PyOSError, "Values could not be written to disk or read back.");
create_exception!(raskt._raskt, TaskPanicError, PyRuntimeError, "Native code panicked in a task.");

create_exception!(
    raskt._raskt,
    Reschedule,
    PyException,
    "What a task raises that wants to be tried again, wherever the cluster's scheduler wants."
);

/// A Python exception on its way through the engine.
pub struct Exception(PyErr);

impl fmt::Debug for Exception {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Python::try_attach(|py| self.0.value(py).repr().map(|repr| repr.to_string_lossy().into_owned()))
        {
            Some(Ok(text)) => f.write_str(&text),
            _ => f.write_str("a Python exception"),
        }
    }
}

impl Opaque for Exception {
    fn runtime(&self) -> &str {
        RUNTIME
    }

    fn size_bytes(&self) -> u64 {
        0
    }

    fn visit_owners(&self, _: &mut dyn FnMut(OwnerId, u64)) {}

    fn encode(&self) -> Result<Payload> {
        Python::attach(|py| crate::pickle::dumps_exception(py, &self.0))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

/// The exception that a task raised, as an error of the engine.
pub fn raised(py: Python<'_>, error: PyErr) -> Error {
    if error.is_instance_of::<Reschedule>(py) {
        raskt_net::worker::try_again();
    }
    Error::raised(Arc::new(Exception(without_exit(py, error))))
}

/// `SystemExit` must end a task, not the program that computes it.
fn without_exit(py: Python<'_>, error: PyErr) -> PyErr {
    if !error.is_instance_of::<PySystemExit>(py) {
        return error;
    }
    let code = error.value(py).getattr("code").and_then(|code| code.repr().map(|text| text.to_string()));
    let text = format!("a task called sys.exit({})", code.unwrap_or_default());
    let exit = TaskExitError::new_err(text);
    exit.set_cause(py, Some(error));
    exit
}

/// `error` as the exception that Python's user gets.
pub fn to_py(py: Python<'_>, error: Error) -> PyErr {
    let exception = match error.foreign() {
        None => from_kind(py, &error),
        Some(foreign) => match foreign.as_any().downcast_ref::<Exception>() {
            Some(exception) => exception.0.clone_ref(py),
            // What comes from another process has not been looked into.
            None => crate::pickle::loads_exception(py, foreign.as_ref()).unwrap_or_else(|error| error),
        },
    };
    if let (ErrorKind::NotEncodable(text), Some(_)) = (error.kind(), error.foreign()) {
        note(py, &exception, &format!("raskt: {text}"));
    }
    if let (Some(key), Some(function)) = (error.key(), error.function()) {
        note(py, &exception, &format!("raskt: in task {key} (function {function})"));
        crate::failures::remember(py, &exception, &key.to_string(), function);
    }
    exception
}

/// What `work` returns; a panic in it becomes a `RuntimeError`. For the reading and planning of graphs: one that was
/// pickled may have been tampered with so that it breaks what every graph that was built keeps to.
///
/// # Errors
/// Those of `work`, and that of a panic.
pub fn guarded<T>(work: impl FnOnce() -> PyResult<T>) -> PyResult<T> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let words = panic.downcast_ref::<String>().map(String::as_str);
        let words = words.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no words");
        Err(PyRuntimeError::new_err(format!(
            "the graph breaks a rule that Raskt relies on: {words}; if it was not read from a damaged pickle, please \
             report this"
        )))
    })
}

fn from_kind(py: Python<'_>, error: &Error) -> PyErr {
    let text = error.kind().to_string();
    match error.kind() {
        ErrorKind::Cycle(_) => CycleError::new_err(text),
        ErrorKind::KeyClash(_) => KeyClashError::new_err(text),
        ErrorKind::MissingKey { .. } => MissingKeyError::new_err(text),
        ErrorKind::InvalidGraph(_) => GraphError::new_err(text),
        ErrorKind::OutOfBounds { .. } => PyIndexError::new_err(text),
        ErrorKind::Unparsable { is_empty, .. } => {
            of_pandas(py, if *is_empty { "EmptyDataError" } else { "ParserError" }, text)
        }
        ErrorKind::RepeatedKeys(_) => of_pandas(py, "MergeError", text),
        ErrorKind::InvalidValue(_) | ErrorKind::ShapeMismatch { .. } | ErrorKind::Damaged { .. } => {
            PyValueError::new_err(text)
        }
        ErrorKind::WrongType { .. } | ErrorKind::NotEncodable(_) => PyTypeError::new_err(text),
        ErrorKind::UnknownBody(_) | ErrorKind::UnknownColumn(_) => PyKeyError::new_err(text),
        ErrorKind::Cancelled => ComputationCancelled::new_err(text),
        ErrorKind::WorkerDied { .. } => WorkerDiedError::new_err(text),
        ErrorKind::Corrupt(_) | ErrorKind::Io { .. } | ErrorKind::DiskFull { .. } => {
            SpillError::new_err(text)
        }
        ErrorKind::System { what, reason } if reason.ends_with("(os error 2)") => {
            PyFileNotFoundError::new_err((2, "no such file", what.clone()))
        }
        ErrorKind::System { .. } => PyOSError::new_err(text),
        ErrorKind::Panicked(_) => TaskPanicError::new_err(text),
        ErrorKind::NotImplemented(_) => PyNotImplementedError::new_err(text),
        ErrorKind::FloatingPoint(_) => PyFloatingPointError::new_err(text),
        ErrorKind::Many(errors) => many(py, &text, errors),
        ErrorKind::OutOfMemory { .. } => PyMemoryError::new_err(text),
        ErrorKind::Raised => PyRuntimeError::new_err(error.to_string()),
        other => PyMemoryError::new_err(other.to_string()),
    }
}

/// An exception of pandas', by its name.
fn of_pandas(py: Python<'_>, name: &str, text: String) -> PyErr {
    match py.import("pandas.errors").and_then(|errors| errors.getattr(name)?.call1((text,))) {
        Ok(exception) => PyErr::from_value(exception),
        Err(error) => error,
    }
}

/// All errors of a run that was told to go on: an `ExceptionGroup`.
fn many(py: Python<'_>, text: &str, errors: &[Error]) -> PyErr {
    let first_line = text.lines().next().unwrap_or_default().to_owned();
    let exceptions: Vec<_> = errors.iter().map(|error| to_py(py, error.clone()).into_value(py)).collect();
    let group = py.import("builtins").and_then(|builtins| builtins.getattr("BaseExceptionGroup"));
    match group.and_then(|group| group.call1((first_line, exceptions))) {
        Ok(group) => PyErr::from_value(group),
        Err(error) => error,
    }
}

/// Adds a note to an exception, once; also where its class refuses attributes.
pub fn note(py: Python<'_>, exception: &PyErr, text: &str) {
    let noted = py.import(intern!(py, "raskt._pickle")).and_then(|module| {
        module.call_method1(intern!(py, "add_note"), (exception.value(py), text)).map(|_| ())
    });
    // A class whose every way in raises leaves no place for a note; the exception is what matters.
    debug_assert!(noted.is_ok(), "{noted:?}");
}

/// Adds the exception classes to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let py = module.py();
    module.add("GraphError", py.get_type::<GraphError>())?;
    module.add("CycleError", py.get_type::<CycleError>())?;
    module.add("KeyClashError", py.get_type::<KeyClashError>())?;
    module.add("MissingKeyError", py.get_type::<MissingKeyError>())?;
    module.add("ComputationCancelled", py.get_type::<ComputationCancelled>())?;
    module.add("TaskExitError", py.get_type::<TaskExitError>())?;
    module.add("WorkerDiedError", py.get_type::<WorkerDiedError>())?;
    module.add("SpillError", py.get_type::<SpillError>())?;
    module.add("Reschedule", py.get_type::<Reschedule>())?;
    module.add("TaskPanicError", py.get_type::<TaskPanicError>())
}
