//! Files that are decompressed without the GIL.

use std::io::Read;
use std::path::PathBuf;

use parking_lot::Mutex;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use raskt_bag::{BagError, Compression, Exhausted};

use super::stream::raise;

/// A file as it is when decompressed; Python's `io` makes a buffered file of it.
#[pyclass(frozen, module = "raskt._raskt")]
pub struct BagFile {
    path: PathBuf,
    reader: Mutex<(Box<dyn Read + Send>, Vec<u8>)>,
}

#[pymethods]
impl BagFile {
    #[new]
    fn new(py: Python<'_>, path: PathBuf, compression: &str) -> PyResult<Self> {
        let known = Compression::named(compression);
        let compression =
            known.ok_or_else(|| PyValueError::new_err(format!("unknown compression '{compression}'")))?;
        let reader = py.detach(|| raskt_bag::open(&path, compression))?;
        Ok(Self { path, reader: Mutex::new((reader, Vec::new())) })
    }

    /// Up to `n_bytes` that come next; none at the end.
    fn read<'py>(&self, py: Python<'py>, n_bytes: usize) -> PyResult<Bound<'py, PyBytes>> {
        let (buffer, n) = py.detach(|| {
            let mut guard = self.reader.lock();
            let mut buffer = std::mem::take(&mut guard.1);
            if let Some(more) = n_bytes.checked_sub(buffer.len())
                && buffer.try_reserve_exact(more).is_err()
            {
                return (buffer, Err(Exhausted.into()));
            }
            buffer.resize(n_bytes, 0);
            let n = guard.0.read(&mut buffer);
            (buffer, n)
        });
        let n = n.map_err(|error| raise(BagError::Io { path: self.path.clone(), error }))?;
        let found = crate::object::bytes(py, &buffer[..n])?;
        self.reader.lock().1 = buffer;
        Ok(found)
    }

    /// Decompresses the rest in steps of `n_bytes`, and returns how much it is.
    fn drain(&self, py: Python<'_>, n_bytes: usize) -> PyResult<u64> {
        py.detach(|| {
            let mut buffer = vec![0; n_bytes];
            let mut total = 0;
            loop {
                match self.reader.lock().0.read(&mut buffer)? {
                    0 => return Ok(total),
                    n => total += n as u64,
                }
            }
        })
        .map_err(|error| raise(BagError::Io { path: self.path.clone(), error }))
    }
}
