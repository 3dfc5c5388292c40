//! Elements of files, made without the GIL and handed to Python one by one, or counted.

use parking_lot::Mutex;
use pyo3::exceptions::{PyEOFError, PyMemoryError, PyOSError};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyIterator, PyList, PyTuple};
use raskt_bag::{
    BagError, Batch, CountSink, Counted, FallbackLine, FrequencySink, Item, Place, Plan, Scalar, Stream,
};

use crate::errors::ComputationCancelled;
use crate::object;

use super::plan::{PyPart, PyPlan, part, plan};
use super::scalar;

/// The elements of parts of files.
///
/// Lines that the engine does not read exactly as Python would are handed to `fallback(line, part, number, offset)`, which
/// returns their elements.
#[pyclass(module = "raskt._raskt")]
pub struct BagStream {
    /// Only its owner gets at it, one method at a time; the lock is there for the compiler, and never taken.
    stream: Mutex<Stream>,
    fallback: Py<PyAny>,
    batch: Batch,
    next: usize,
    place: Place,
    /// The elements of a fallback line that are still to be handed out.
    waiting: Option<Py<PyIterator>>,
    is_at_end: bool,
    /// What went wrong behind the elements of the batch.
    failed: Option<BagError>,
}

#[pymethods]
impl BagStream {
    #[new]
    fn new(py: Python<'_>, parts: Vec<PyPart>, chain: PyPlan, fallback: Py<PyAny>) -> PyResult<Self> {
        let parts = parts.into_iter().map(part).collect::<PyResult<_>>()?;
        Ok(Self {
            stream: Mutex::new(Stream::new(parts, plan(py, chain)?).on_threads(raskt_exec::threads_here())),
            fallback,
            batch: Batch::default(),
            next: 0,
            place: Place::default(),
            waiting: None,
            is_at_end: false,
            failed: None,
        })
    }

    fn __iter__(this: Py<Self>) -> Py<Self> {
        this
    }

    fn __next__(&mut self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        loop {
            if let Some(waiting) = &self.waiting {
                if let Some(element) = waiting.bind(py).clone().next() {
                    return element.map(|element| Some(element.unbind()));
                }
                self.waiting = None;
            }
            let Some((item, place)) = self.batch.items.get(self.next) else {
                if self.fill(py)? {
                    continue;
                }
                return Ok(None);
            };
            // What calls for the next element may be a function of the user's that takes long.
            go_on()?;
            self.place = *place;
            self.next += 1;
            match item {
                Item::Fallback(at) => {
                    let line = &self.batch.fallback[*at];
                    let found = read(py, &self.fallback, line)?;
                    self.waiting = Some(found.try_iter()?.unbind());
                }
                Item::Tuple(n) => {
                    let items = &self.batch.items[self.next..self.next + n];
                    self.next += n;
                    let items = items.iter().map(|(item, _)| item_object(py, item, &self.batch.text));
                    let items = items.collect::<PyResult<Vec<_>>>()?;
                    return Ok(Some(PyTuple::new(py, items)?.into_any().unbind()));
                }
                item => return item_object(py, item, &self.batch.text).map(Some),
            }
        }
    }

    /// The number of the part, the number of the line in it, and the offset of the line whose element was handed out last.
    #[getter]
    fn place(&self) -> (usize, u64, u64) {
        (self.place.part, self.place.line, self.place.offset)
    }

    /// The number of elements that are left.
    fn count(&mut self, py: Python<'_>) -> PyResult<u64> {
        let mut sink = CountSink::default();
        let stream = self.stream.get_mut();
        loop {
            go_on()?;
            let done = py.detach(|| stream.advance(&mut sink));
            for line in sink.fallback.take() {
                self.place = line.place;
                sink.n += read(py, &self.fallback, &line)?.len() as u64;
            }
            if done.map_err(raise)? {
                return Ok(sink.n);
            }
        }
    }

    /// Closes the files, and ends what reads them; there are no more elements.
    fn close(&mut self, py: Python<'_>) {
        let stream = std::mem::replace(self.stream.get_mut(), Stream::new(Vec::new(), Plan::default()));
        py.detach(|| drop(stream));
        self.batch = Batch::default();
        self.waiting = None;
        self.is_at_end = true;
        self.failed = None;
        self.next = 0;
    }

    /// How often each element that is left occurs, in the order in which they are first met.
    fn frequencies<'py>(&mut self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let mut sink = FrequencySink::default();
        let stream = self.stream.get_mut();
        let mut others = Others::new(py);
        loop {
            go_on()?;
            let done = py.detach(|| stream.advance(&mut sink));
            for line in sink.fallback.take() {
                self.place = line.place;
                for element in read(py, &self.fallback, &line)? {
                    others.add(element, line.at)?;
                }
            }
            if done.map_err(raise)? {
                return others.merged(py, sink);
            }
        }
    }
}

impl BagStream {
    /// Makes the next batch; returns whether there is any.
    fn fill(&mut self, py: Python<'_>) -> PyResult<bool> {
        if let Some(error) = self.failed.take() {
            return Err(raise(error));
        }
        self.batch.clear();
        self.next = 0;
        if self.is_at_end {
            return Ok(false);
        }
        go_on()?;
        let (stream, batch) = (self.stream.get_mut(), &mut self.batch);
        match py.detach(|| stream.advance(batch)) {
            Ok(is_at_end) => self.is_at_end = is_at_end,
            Err(error) => {
                // What was read before comes first.
                self.is_at_end = true;
                self.failed = Some(error);
            }
        }
        Ok(true)
    }
}

/// Ends what nobody waits for any more.
///
/// # Errors
/// `ComputationCancelled` in a task of a run that was.
#[pyfunction]
pub fn go_on() -> PyResult<()> {
    if raskt_exec::is_cancelled_here() {
        return Err(ComputationCancelled::new_err("the computation was cancelled"));
    }
    Ok(())
}

/// Elements that Python made of fallback lines, counted by Python's rules.
struct Others<'py> {
    places: Bound<'py, PyDict>,
    entries: Vec<(u64, Bound<'py, PyAny>, u64)>,
}

impl<'py> Others<'py> {
    fn new(py: Python<'py>) -> Self {
        Self { places: PyDict::new(py), entries: Vec::new() }
    }

    fn add(&mut self, element: Bound<'py, PyAny>, at: u64) -> PyResult<()> {
        if let Some(place) = self.places.get_item(&element)? {
            let place: usize = place.extract()?;
            self.entries[place].2 += 1;
        } else {
            self.places.set_item(&element, self.entries.len())?;
            self.entries.push((at, element, 1));
        }
        Ok(())
    }

    /// The counts of both, in the order in which elements were first met; of equal ones the first is kept.
    fn merged(self, py: Python<'py>, sink: FrequencySink) -> PyResult<Bound<'py, PyDict>> {
        let found = PyDict::new(py);
        let mut others = self.entries.into_iter().peekable();
        let put = |value: Bound<'py, PyAny>, n: u64| -> PyResult<()> {
            let before = found.get_item(&value)?.map_or(Ok(0), |n| n.extract::<u64>())?;
            found.set_item(value, before + n)
        };
        for entry in sink.counts.entries() {
            while let Some((_, value, n)) = others.next_if(|(at, ..)| *at < entry.first) {
                put(value, n)?;
            }
            put(counted(py, &entry.value)?, entry.n)?;
        }
        others.try_for_each(|(_, value, n)| put(value, n))?;
        Ok(found)
    }
}

fn counted<'py>(py: Python<'py>, value: &Counted) -> PyResult<Bound<'py, PyAny>> {
    match value {
        Counted::Scalar(value) => scalar::object(py, value.borrow()),
        Counted::Tuple(items) => {
            let items =
                items.iter().map(|item| scalar::object(py, item.borrow())).collect::<PyResult<Vec<_>>>()?;
            Ok(PyTuple::new(py, items)?.into_any())
        }
    }
}

fn item_object(py: Python<'_>, item: &Item, text: &str) -> PyResult<Py<PyAny>> {
    let value = match item {
        Item::Null => Scalar::Null,
        Item::Bool(value) => Scalar::Bool(*value),
        Item::Int(value) => Scalar::Int(*value),
        Item::Big(at) => Scalar::Big(&text[at.clone()]),
        Item::Float(value) => Scalar::Float(*value),
        Item::Str(at) => Scalar::Str(&text[at.clone()]),
        Item::Wtf8(bytes) => Scalar::Wtf8(bytes),
        Item::Json(at) => {
            let loads = pyo3::intern!(py, "loads");
            return Ok(py
                .import("json")?
                .call_method1(loads, (object::text(py, &text[at.clone()])?,))?
                .unbind());
        }
        // Both are taken apart before.
        Item::Tuple(_) | Item::Fallback(_) => Scalar::Null,
    };
    Ok(scalar::object(py, value)?.unbind())
}

/// Has Python read a fallback line.
fn read<'py>(py: Python<'py>, fallback: &Py<PyAny>, line: &FallbackLine) -> PyResult<Bound<'py, PyList>> {
    let Place { part, line: number, offset } = line.place;
    let bytes = object::bytes(py, &line.bytes)?;
    Ok(fallback.bind(py).call1((bytes, part, number, offset))?.cast_into::<PyList>()?)
}

/// The error that Python's own readers raise.
pub fn raise(error: BagError) -> PyErr {
    match error {
        BagError::Io { path, error } if error.kind() == std::io::ErrorKind::UnexpectedEof => {
            PyEOFError::new_err(format!("{} is cut off: its compressed data ends too early", path.display()))
        }
        BagError::Io { path, error } if error.kind() == std::io::ErrorKind::OutOfMemory => {
            PyMemoryError::new_err(format!("there is no memory for what {} has", path.display()))
        }
        BagError::Io { path, error } => {
            // An error of Python's own file systems comes back as it is.
            if error.get_ref().is_some_and(|inner| inner.is::<PyErr>()) {
                return error.into();
            }
            if let Some(code) = error.raw_os_error() {
                let text = error.to_string();
                let text = text.split(" (os error").next().unwrap_or(&text).to_owned();
                // OSError itself makes the class of its own that fits the number.
                return PyOSError::new_err((code, text, path.into_os_string()));
            }
            PyOSError::new_err(format!("{} cannot be decompressed: {error}", path.display()))
        }
        error @ BagError::Line { .. } => PyOSError::new_err(error.to_string()),
    }
}
