//! Python functions by content: code, defaults, closure, attributes and the globals that they read.

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyString, PyTuple};

use super::code;
use super::hooks::{self, Hook};
use super::sink::{Tag, digest};
use super::walk::{Body, Leniency, Walk};
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

/// Writes the head of a function and returns the values it depends on.
pub(super) fn begin<'py>(
    walk: &mut Walk<'py>,
    function: &Bound<'py, PyAny>,
) -> PyResult<(Body<'py>, Leniency)> {
    let py = walk.py;
    let reference = if in_main(function)? { None } else { reference(function)? };
    let facts = code::facts(&function.getattr(intern!(py, "__code__"))?)?;
    let defaults = function.getattr(intern!(py, "__defaults__"))?;
    let keyword_defaults = function.getattr(intern!(py, "__kwdefaults__"))?;
    let parts = PyList::new(py, [defaults, keyword_defaults])?;
    let installed = reference.is_some_and(|reference| reference.installed);
    let attributes = function.getattr(intern!(py, "__dict__"))?.cast_into::<PyDict>()?;
    walk.sink.tagged_digest(if installed { Tag::InstalledFunction } else { Tag::Function }, facts.digest);
    walk.sink.digest(reference.map_or(0, |reference| reference.name));
    if let Some(registry) = dispatch_registry(&attributes)? {
        parts.append(registry)?;
    } else if !installed {
        closure(function, &parts)?;
        globals(function, &facts.names, &parts)?;
        if !attributes.is_empty() {
            parts.append(attributes.copy()?)?;
        }
    }
    let leniency = if reference.is_some() { Leniency::All } else { Leniency::Sentinels };
    Ok((Body::tuple(parts.to_tuple()), leniency))
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
