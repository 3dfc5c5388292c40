//! Python functions by content: code, defaults, closure, attributes and the globals that they read.

use std::sync::Arc;

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyList, PyString, PyTuple};

use super::code;
use super::hooks::{self, Hook};
use super::sink::{Tag, digest};
use super::walk::{Begun, Body, Leniency, Walk};
use super::weak::WeakMap;

/// A function or class that can be imported by name.
#[derive(Clone, Copy)]
pub(super) struct Reference {
    /// Digest of module and qualified name.
    pub(super) name: u128,
    /// Whether it belongs to the standard library or an installed package, of which the globals are not followed.
    installed: bool,
}

/// The importable name of a function or class, if it has one outside `__main__`.
pub(super) fn reference(object: &Bound<'_, PyAny>) -> PyResult<Option<Reference>> {
    static KNOWN: WeakMap<Reference> = WeakMap::new();
    if let Some(reference) = KNOWN.get(object) {
        return Ok(Some(reference));
    }
    let answer = hooks::get(object.py(), Hook::ByReference)?.call1((object,))?;
    let Some((name, installed)) = answer.extract::<Option<(String, bool)>>()? else { return Ok(None) };
    let reference = Reference { name: digest(name.as_bytes()), installed };
    KNOWN.insert(object, reference);
    Ok(Some(reference))
}

/// Digest of the name of a module, if it can be imported under that name.
pub(super) fn module_name(module: &Bound<'_, PyAny>) -> PyResult<Option<u128>> {
    static MODULES: PyOnceLock<Py<PyDict>> = PyOnceLock::new();
    let py = module.py();
    let modules = MODULES.get_or_try_init(py, || {
        PyResult::Ok(py.import("sys")?.getattr("modules")?.cast_into::<PyDict>()?.unbind())
    })?;
    let Ok(name) = module.getattr(intern!(py, "__name__")) else { return Ok(None) };
    let imported = modules.bind(py).get_item(&name)?.is_some_and(|found| found.is(module));
    let name = name.cast::<PyString>().ok().filter(|_| imported);
    name.map(|name| Ok(digest(name.to_str()?.as_bytes()))).transpose()
}

/// Writes the head of a function and returns the values it depends on.
pub(super) fn begin<'py>(walk: &mut Walk<'py>, function: &Bound<'py, PyAny>) -> PyResult<Begun<'py>> {
    let py = walk.py;
    let reference = if in_main(function)? { None } else { reference(function)? };
    let [code, defaults, keyword_defaults] = parts(function)?;
    let facts = code::facts(&code)?;
    let values = PyList::new(py, [defaults, keyword_defaults])?;
    let installed = reference.is_some_and(|reference| reference.installed);
    let attributes = function.getattr(intern!(py, "__dict__"))?.cast_into::<PyDict>()?;
    walk.sink.tagged_digest(if installed { Tag::InstalledFunction } else { Tag::Function }, facts.digest);
    walk.sink.digest(reference.map_or(0, |reference| reference.name));
    let registry = dispatch_registry(&attributes)?;
    let lasting = installed && registry.is_none();
    if let Some(registry) = registry {
        values.append(registry)?;
    } else if !installed {
        closure(function, &values)?;
        globals(function, &facts.names, &values)?;
        if !attributes.is_empty() {
            values.append(attributes.copy()?)?;
        }
    }
    let leniency = if reference.is_some() { Leniency::All } else { Leniency::Sentinels };
    Ok(Begun { body: Body::tuple(values.to_tuple()), leniency, lasting })
}

/// The digest of an installed function, as long as its code and defaults are these objects.
#[derive(Clone)]
struct Installed {
    parts: Arc<[Py<PyAny>; 3]>,
    digest: u128,
}

static INSTALLED: WeakMap<Installed> = WeakMap::new();

/// The parts of a function by which its remembered digest is known to hold.
fn parts<'py>(function: &Bound<'py, PyAny>) -> PyResult<[Bound<'py, PyAny>; 3]> {
    let py = function.py();
    Ok([
        function.getattr(intern!(py, "__code__"))?,
        function.getattr(intern!(py, "__defaults__"))?,
        function.getattr(intern!(py, "__kwdefaults__"))?,
    ])
}

/// The digest of a function of an installed package that was tokenized before.
pub(super) fn remembered(function: &Bound<'_, PyAny>) -> PyResult<Option<u128>> {
    let Some(known) = INSTALLED.get(function) else { return Ok(None) };
    let same = parts(function)?.iter().zip(known.parts.iter()).all(|(now, then)| now.is(then));
    Ok(same.then_some(known.digest))
}

/// Remembers the digest of a function of an installed package.
pub(super) fn remember(function: &Bound<'_, PyAny>, digest: u128) -> PyResult<()> {
    let parts = Arc::new(parts(function)?.map(Bound::unbind));
    INSTALLED.insert(function, Installed { parts, digest });
    Ok(())
}

/// Functions of the main program have names that mean something else in another process.
fn in_main(function: &Bound<'_, PyAny>) -> PyResult<bool> {
    let module = function.getattr(intern!(function.py(), "__module__"))?;
    Ok(module.cast::<PyString>().is_ok_and(|name| name.to_str().is_ok_and(|name| name == "__main__")))
}

/// The implementations behind a `functools.singledispatch` function. Its closure holds a cache that use fills.
fn dispatch_registry<'py>(attributes: &Bound<'py, PyDict>) -> PyResult<Option<Bound<'py, PyAny>>> {
    let py = attributes.py();
    if attributes.is_empty() || !attributes.contains(intern!(py, "dispatch"))? {
        return Ok(None);
    }
    match attributes.get_item(intern!(py, "registry"))? {
        Some(registry) => Ok(registry.call_method0(intern!(py, "copy")).ok()),
        None => Ok(None),
    }
}

fn closure<'py>(function: &Bound<'py, PyAny>, parts: &Bound<'py, PyList>) -> PyResult<()> {
    let py = function.py();
    let cells = function.getattr(intern!(py, "__closure__"))?;
    if cells.is_none() {
        return Ok(());
    }
    for cell in cells.cast::<PyTuple>()?.iter() {
        match cell.getattr(intern!(py, "cell_contents")) {
            Ok(content) => parts.append((intern!(py, "cell"), content))?,
            Err(_) => parts.append(intern!(py, "empty cell"))?,
        }
    }
    Ok(())
}

/// Global variables by name and value. What is not among the globals is a built-in: its name is in the code.
fn globals<'py>(
    function: &Bound<'py, PyAny>,
    names: &[Py<PyString>],
    parts: &Bound<'py, PyList>,
) -> PyResult<()> {
    if names.is_empty() {
        return Ok(());
    }
    let py = function.py();
    let globals = function.getattr(intern!(py, "__globals__"))?.cast_into::<PyDict>()?;
    for name in names {
        if let Some(value) = globals.get_item(name.bind(py))? {
            parts.append((name, value))?;
        }
    }
    Ok(())
}
