//! Folders and unfinished files of Python's tasks, which do not outlive the process.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use pyo3::exceptions::{PyOSError, PyRuntimeError};
use pyo3::prelude::*;
use pyo3::types::PyString;
use raskt_store::{Access, PartFile, SpillFolder};

use crate::errors;

/// A folder that is made when it is first needed, and removed when it is closed or forgotten.
#[pyclass(frozen, module = "raskt._raskt")]
pub struct ScratchFolder {
    /// None once it was closed.
    folder: Mutex<Option<Arc<SpillFolder>>>,
}

impl ScratchFolder {
    /// The folder.
    ///
    /// # Errors
    /// `RuntimeError` once it was closed.
    pub fn shared(&self) -> PyResult<Arc<SpillFolder>> {
        let closed = || PyRuntimeError::new_err("the computation that this folder was for has ended");
        self.folder.lock().clone().ok_or_else(closed)
    }
}

#[pymethods]
impl ScratchFolder {
    #[new]
    fn new(py: Python<'_>, parent: PathBuf) -> PyResult<Self> {
        let folder = SpillFolder::create_for_bag(&parent).map_err(|error| errors::to_py(py, error))?;
        crate::session::sweep_beside(parent);
        Ok(Self { folder: Mutex::new(Some(folder)) })
    }

    /// Where it is.
    #[getter]
    fn path(&self, py: Python<'_>) -> PyResult<PathBuf> {
        let folder = self.shared()?;
        py.detach(|| folder.made_path()).map_err(|error| errors::to_py(py, error))
    }

    /// Removes it; tasks that still run cannot make files in it any more.
    fn close(&self, py: Python<'_>) {
        let folder = self.folder.lock().take();
        py.detach(|| folder.inspect(|folder| folder.remove()));
    }
}

/// A folder of files that are moved to the folder above when all are written. Child processes get its path alone.
#[pyclass(frozen, module = "raskt._raskt")]
struct StagedFolder {
    folder: Arc<SpillFolder>,
    files: PathBuf,
}

#[pymethods]
impl StagedFolder {
    #[new]
    fn new(py: Python<'_>, parent: PathBuf) -> PyResult<Self> {
        let folder = SpillFolder::create_staged(&parent).map_err(|error| errors::to_py(py, error))?;
        let files = folder.planned_path().join("files");
        Ok(Self { folder, files })
    }

    /// Where files are written: beside the one that says whose the folder is.
    #[getter]
    fn path(&self) -> &Path {
        &self.files
    }

    fn __fspath__(&self) -> String {
        self.files.to_string_lossy().into_owned()
    }

    /// Makes it now, as this process's: otherwise it is made by the first task of this process that writes there.
    fn make(&self, py: Python<'_>) -> PyResult<()> {
        make_staged(py, self.files.clone())
    }

    /// Removes it.
    fn close(&self, py: Python<'_>) {
        py.detach(|| {
            raskt_store::wait_if_terminating();
            self.folder.remove();
        });
    }

    fn __reduce__<'py>(&self, py: Python<'py>) -> PyResult<(Bound<'py, PyAny>, (String,))> {
        Ok((py.get_type::<PyString>().into_any(), (self.__fspath__(),)))
    }
}

/// Makes a folder for files that are written, and those above: a staged one of this process is made as its own.
#[pyfunction]
fn make_staged(py: Python<'_>, path: PathBuf) -> PyResult<()> {
    py.detach(|| raskt_store::make_staged(&path)).map_err(|error| errors::to_py(py, error))
}

/// A file beside the one that it is to become.
#[pyclass(frozen, name = "PartFile", module = "raskt._raskt")]
struct Part {
    path: PathBuf,
    /// None once it was kept or discarded.
    part: Mutex<Option<PartFile>>,
}

#[pymethods]
impl Part {
    #[new]
    #[pyo3(signature = (folder, mark, *, is_private))]
    fn new(py: Python<'_>, folder: PathBuf, mark: &str, is_private: bool) -> PyResult<Self> {
        let access = if is_private { Access::Owner } else { Access::Usual };
        let part = py.detach(|| PartFile::create(&folder, mark, access));
        let part = part.map_err(|error| os_error(py, &error, &folder))?;
        Ok(Self { path: part.path().to_owned(), part: Mutex::new(Some(part)) })
    }

    /// Where it is.
    #[getter]
    fn path(&self) -> &Path {
        &self.path
    }

    /// Gives it its name; a file of that name is replaced.
    fn keep_as(&self, py: Python<'_>, target: PathBuf) -> PyResult<()> {
        let part = self.part.lock().take();
        match py.detach(|| part.map_or(Ok(()), |part| part.keep_as(&target))) {
            Ok(()) => Ok(()),
            Err(error) => Err(os_error(py, &error, &target)),
        }
    }

    /// Removes it, unless it has its name.
    fn discard(&self, py: Python<'_>) {
        let part = self.part.lock().take();
        py.detach(|| drop(part));
    }
}

/// The exception that Python itself would raise.
fn os_error(py: Python<'_>, error: &io::Error, path: &Path) -> PyErr {
    let Some(code) = error.raw_os_error() else {
        return PyOSError::new_err(format!("{error}: {}", path.display()));
    };
    match py.import("os").and_then(|os| os.call_method1("strerror", (code,))) {
        Ok(text) => PyOSError::new_err((code, text.unbind(), path.to_owned())),
        Err(error) => error,
    }
}

/// Adds the classes, and has SIGTERM and SIGHUP leave nothing behind.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    raskt_store::remove_scratch_at_termination();
    module.add_class::<ScratchFolder>()?;
    module.add_class::<StagedFolder>()?;
    module.add_function(wrap_pyfunction!(make_staged, module)?)?;
    module.add_class::<Part>()
}
