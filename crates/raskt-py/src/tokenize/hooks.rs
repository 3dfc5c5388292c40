//! The Python functions that the walk calls, imported when first needed.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;

/// A function of `raskt._normalizers.hooks`.
#[derive(Clone, Copy)]
pub(super) enum Hook {
    /// `resolve(type) -> (kind, handler, name, lasting)`
    Resolve,
    /// `overridden() -> set of types with a handler registered by the user`
    Overridden,
    /// `by_reference(function or class) -> (name, installed) | None`
    ByReference,
    /// `class_content(class) -> simpler form of a class that has no importable name`
    ClassContent,
    /// `array_content(array) -> simpler form of an array whose bytes are not its content`
    ArrayContent,
    /// `module_content(module) -> simpler form of a module that is not imported under its name`
    ModuleContent,
    /// `array_bytes_max() -> int | None`
    ArrayBytesMax,
    /// `undecided(object, ensure, error, path) -> 16 random bytes`, or raises `TokenizationError`
    Undecided,
}

/// The function behind a hook.
pub(super) fn get(py: Python<'_>, hook: Hook) -> PyResult<&Bound<'_, PyAny>> {
    static FOUND: [PyOnceLock<Py<PyAny>>; 8] = [const { PyOnceLock::new() }; 8];
    let name = match hook {
        Hook::Resolve => intern!(py, "resolve"),
        Hook::Overridden => intern!(py, "overridden"),
        Hook::ByReference => intern!(py, "by_reference"),
        Hook::ClassContent => intern!(py, "class_content"),
        Hook::ArrayContent => intern!(py, "array_content"),
        Hook::ModuleContent => intern!(py, "module_content"),
        Hook::ArrayBytesMax => intern!(py, "array_bytes_max"),
        Hook::Undecided => intern!(py, "undecided"),
    };
    let function = FOUND[hook as usize].get_or_try_init(py, || {
        PyResult::Ok(py.import("raskt._normalizers.hooks")?.getattr(name)?.unbind())
    })?;
    Ok(function.bind(py))
}

/// `raskt.tokenize.TokenizationError`.
pub(super) fn tokenization_error(py: Python<'_>) -> PyResult<&Bound<'_, PyAny>> {
    static FOUND: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let class = FOUND.get_or_try_init(py, || {
        PyResult::Ok(py.import("raskt.tokenize")?.getattr("TokenizationError")?.unbind())
    })?;
    Ok(class.bind(py))
}
