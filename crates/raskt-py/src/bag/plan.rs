//! Plans and parts as Python hands them over.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use raskt_bag::{Compression, Format, Opener, Part, Plan, Projection, TextOp, Then};

use super::scalar::of_object;

/// Path, compression, begin, end, and a function that opens what is no local file at an offset.
pub type PyPart = (PathBuf, Option<String>, u64, Option<u64>, Option<Py<PyAny>>);

/// How lines are read, methods of strings, and what is done then.
#[derive(FromPyObject)]
pub struct PyPlan {
    is_ascii: bool,
    is_universal: bool,
    delimiter: u8,
    text: Vec<String>,
    words: bool,
    json: Option<PyProjection>,
}

/// What is taken from lines of JSON.
#[derive(FromPyObject)]
pub struct PyProjection {
    path: Vec<String>,
    names: Vec<String>,
    is_tuple: bool,
    has_default: bool,
    default: Py<PyAny>,
    flatten: bool,
}

/// The plan that Python asked for.
///
/// # Errors
/// `ValueError` for what the engine does not know: Python's own plans have none of that.
pub fn plan(py: Python<'_>, from: PyPlan) -> PyResult<Plan> {
    let unknown = |name: &String| PyValueError::new_err(format!("no method of strings: {name}"));
    let text = from.text.iter().map(|name| TextOp::named(name).ok_or_else(|| unknown(name)));
    let format =
        Format { is_ascii: from.is_ascii, is_universal: from.is_universal, delimiter: from.delimiter };
    let then = match from.json {
        Some(json) => Then::Json(projection(py, json)?),
        None if from.words => Then::Words,
        None => Then::Text,
    };
    Ok(Plan { format, text: text.collect::<PyResult<_>>()?, then })
}

fn projection(py: Python<'_>, from: PyProjection) -> PyResult<Projection> {
    let default = from.has_default.then(|| of_object(from.default.bind(py))).transpose()?;
    let PyProjection { path, names, is_tuple, flatten, .. } = from;
    Ok(Projection { path, names, is_tuple, default, flatten })
}

/// The part that Python asked for.
///
/// # Errors
/// `ValueError` for an unknown compression.
pub fn part((path, compression, begin, end, opener): PyPart) -> PyResult<Part> {
    let compression = match compression {
        None => Compression::None,
        Some(name) => Compression::named(&name)
            .ok_or_else(|| PyValueError::new_err(format!("unknown compression '{name}'")))?,
    };
    Ok(Part { path, compression, begin, end, opener: opener.map(opened) })
}

fn opened(open: Py<PyAny>) -> Opener {
    Arc::new(move |at| {
        let file = Python::attach(|py| open.call1(py, (at,)))?;
        Ok(Box::new(PyFile { file, left: Vec::new(), from: 0 }))
    })
}

/// A file of Python's.
struct PyFile {
    file: Py<PyAny>,
    left: Vec<u8>,
    from: usize,
}

impl io::Read for PyFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.from == self.left.len() {
            Python::attach(|py| -> PyResult<()> {
                let data = self.file.bind(py).call_method1("read", (1 << 20,))?;
                self.left.clear();
                self.left.extend_from_slice(data.cast::<PyBytes>()?.as_bytes());
                self.from = 0;
                Ok(())
            })?;
        }
        let n = buffer.len().min(self.left.len() - self.from);
        buffer[..n].copy_from_slice(&self.left[self.from..self.from + n]);
        self.from += n;
        Ok(n)
    }
}

impl Drop for PyFile {
    fn drop(&mut self) {
        Python::attach(|py| {
            // Nothing was written: whatever closing says is of no consequence.
            drop(self.file.call_method0(py, "close"));
        });
    }
}
