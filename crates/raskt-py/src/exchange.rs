//! Exchanges as Python's tasks use them: what goes through one are bytes.

use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::Mutex;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyTuple};
use raskt_core::Payload;
use raskt_store::{Exchange, Home, Incoming, Sender, Sent, SpillFolder, receive};

use crate::errors;
use crate::scratch::ScratchFolder;

/// Where the tasks of a computation exchange bytes: at the home of the worker that runs them; elsewhere in memory, and beyond
/// `memory_max_bytes` in files of `folder`.
#[pyclass(frozen, name = "Exchange", module = "raskt._raskt")]
struct PyExchange {
    /// None at a home, which has its own.
    exchange: Option<Exchange>,
}

#[pymethods]
impl PyExchange {
    /// In a folder of this process.
    #[new]
    fn new(folder: PyRef<'_, ScratchFolder>, memory_max_bytes: u64) -> PyResult<Self> {
        Ok(Self { exchange: Some(Exchange::new(memory_max_bytes, Some(folder.shared()?))) })
    }

    /// In the folder at `path`, which another process has.
    #[staticmethod]
    fn of_other_process(py: Python<'_>, path: PathBuf, memory_max_bytes: u64) -> PyResult<Self> {
        if Home::here().is_some() {
            return Ok(Self { exchange: None });
        }
        let folder = SpillFolder::of_other_process(&path).map_err(|error| errors::to_py(py, error))?;
        Ok(Self { exchange: Some(Exchange::new(memory_max_bytes, Some(folder))) })
    }

    /// What a task sends its input to `n_outputs` outputs with.
    fn sender(&self, py: Python<'_>, n_outputs: u32) -> PyResult<PySender> {
        let sender = match (Home::here(), &self.exchange) {
            (Some(home), _) => home.sender(n_outputs),
            (None, Some(exchange)) => exchange.sender(n_outputs),
            (None, None) => {
                return Err(PyRuntimeError::new_err(
                    "an exchange of a cluster's worker, outside of its tasks",
                ));
            }
        };
        Ok(PySender(Mutex::new(Some(sender.map_err(|error| errors::to_py(py, error))?))))
    }

    /// Bytes that are in memory.
    #[getter]
    fn memory_bytes(&self) -> u64 {
        self.exchange.as_ref().map_or(0, Exchange::memory_bytes)
    }

    /// Bytes that were written to disk.
    #[getter]
    fn spilled_bytes(&self) -> u64 {
        self.exchange.as_ref().map_or(0, Exchange::spilled_bytes)
    }
}

/// Appends the pieces of one input.
#[pyclass(frozen, name = "ExchangeSender", module = "raskt._raskt")]
struct PySender(Mutex<Option<Sender>>);

fn finished() -> PyErr {
    PyRuntimeError::new_err("this sender has finished")
}

#[pymethods]
impl PySender {
    /// Adds a piece for `output`.
    fn append(&self, py: Python<'_>, output: u32, piece: &Bound<'_, PyBytes>) -> PyResult<()> {
        let bytes = piece.as_bytes();
        let mut header =
            raskt_core::allocation::room_for(bytes.len()).map_err(|error| errors::to_py(py, error))?;
        header.extend_from_slice(bytes);
        // Writing to disk takes time; nobody else has the sender.
        let mut sender = self.0.lock().take().ok_or_else(finished)?;
        let (appended, sender) = py.detach(move || {
            let appended = sender.append(output, Payload { header, buffers: Vec::new() });
            (appended, sender)
        });
        *self.0.lock() = Some(sender);
        appended.map_err(|error| errors::to_py(py, error))
    }

    /// All pieces have been appended: what the receiving tasks get.
    fn finish(&self) -> PyResult<PySent> {
        let sender = self.0.lock().take().ok_or_else(finished)?;
        Ok(PySent(Arc::new(sender.finish())))
    }
}

/// The pieces of one input, by output.
#[pyclass(frozen, name = "ExchangeSent", module = "raskt._raskt")]
struct PySent(Arc<Sent>);

#[pymethods]
impl PySent {
    /// How many outputs there are.
    #[getter]
    fn n_outputs(&self) -> u32 {
        self.0.n_outputs()
    }

    /// Pieces in memory count as this object's: the store makes room by writing them.
    fn __sizeof__(&self) -> u64 {
        64 + self.0.memory_bytes()
    }

    fn __reduce__<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        let py = slf.py();
        let sent = Arc::clone(&slf.get().0);
        let bytes = py.detach(move || sent.encode()).map_err(|error| errors::to_py(py, error))?;
        let rebuild = py.import("raskt._raskt")?.getattr("exchange_sent")?;
        let args = PyTuple::new(py, [crate::object::bytes(py, &bytes)?])?;
        Ok((rebuild, args).into_pyobject(py)?.into_any())
    }
}

/// What another process sent.
#[pyfunction]
fn exchange_sent(py: Python<'_>, bytes: &[u8]) -> PyResult<PySent> {
    let sent = Sent::decode(bytes).map_err(|error| errors::to_py(py, error))?;
    Ok(PySent(Arc::new(sent)))
}

/// An iterator over the pieces of `output`, in the order of `sent` and in that in which they were appended.
#[pyfunction]
fn exchange_receive(py: Python<'_>, sent: Vec<PyRef<'_, PySent>>, output: u32) -> PyResult<PyIncoming> {
    let sent: Vec<Arc<Sent>> = sent.iter().map(|sent| Arc::clone(&sent.0)).collect();
    let incoming = py.detach(move || receive(sent.iter().map(AsRef::as_ref), output));
    Ok(PyIncoming(Mutex::new(incoming.map_err(|error| errors::to_py(py, error))?)))
}

/// The pieces of one output.
#[pyclass(frozen, name = "ExchangeIncoming", module = "raskt._raskt")]
struct PyIncoming(Mutex<Incoming>);

#[pymethods]
impl PyIncoming {
    fn __iter__(slf: PyRef<'_, Self>) -> PyRef<'_, Self> {
        slf
    }

    /// Bytes of the pieces still to come.
    #[getter]
    fn bytes_left(&self, py: Python<'_>) -> PyResult<u64> {
        py.detach(|| self.0.lock().bytes_left()).map_err(|error| errors::to_py(py, error))
    }

    fn __next__<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyBytes>>> {
        let piece = py.detach(|| self.0.lock().next()).transpose();
        let piece = piece.map_err(|error| errors::to_py(py, error))?;
        piece.map(|piece| crate::object::bytes(py, &piece.header)).transpose()
    }
}

/// Adds the names of this module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<PyExchange>()?;
    module.add_class::<PySender>()?;
    module.add_class::<PySent>()?;
    module.add_class::<PyIncoming>()?;
    module.add_function(wrap_pyfunction!(exchange_sent, module)?)?;
    module.add_function(wrap_pyfunction!(exchange_receive, module)?)
}
