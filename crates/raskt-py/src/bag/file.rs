//! Files that are decompressed without the GIL.

use std::io::Read;
use std::path::PathBuf;

use parking_lot::Mutex;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use raskt_bag::Compression;

/// A file as it is when decompressed; Python's `io` makes a buffered file of it.
#[pyclass(frozen, module = "raskt._raskt")]
pub struct BagFile {
    reader: Mutex<Box<dyn Read + Send>>,
}

#[pymethods]
impl BagFile {
    #[new]
    fn new(py: Python<'_>, path: PathBuf, compression: &str) -> PyResult<Self> {
        let known = Compression::named(compression);
        let compression =
            known.ok_or_else(|| PyValueError::new_err(format!("unknown compression '{compression}'")))?;
        let reader = py.detach(|| raskt_bag::open(&path, compression))?;
        Ok(Self { reader: Mutex::new(reader) })
    }

    /// Up to `n_bytes` that come next; none at the end.
    fn read<'py>(&self, py: Python<'py>, n_bytes: usize) -> PyResult<Bound<'py, PyBytes>> {
        let mut buffer = vec![0; n_bytes];
        let n = py.detach(|| self.reader.lock().read(&mut buffer))?;
        Ok(PyBytes::new(py, &buffer[..n]))
    }
}
