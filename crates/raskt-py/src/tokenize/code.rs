//! Code objects: what they do, not where they were written.

use std::sync::Arc;

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyDict, PyString, PyTuple};

use super::walk::Walk;
use super::weak::WeakMap;

/// What is known of a code object.
pub(super) struct Facts {
    pub(super) digest: u128,
    /// Names that the code, or code nested in it, looks up among the globals; each once, in order of appearance.
    pub(super) names: Vec<Py<PyString>>,
}

/// The digest and the global names of a code object.
pub(super) fn facts(code: &Bound<'_, PyAny>) -> PyResult<Arc<Facts>> {
    static KNOWN: WeakMap<Arc<Facts>> = WeakMap::new();
    if let Some(facts) = KNOWN.get(code) {
        return Ok(facts);
    }
    let mut walk = Walk::new(code.py(), None)?;
    walk.walk(code.clone())?;
    let facts = Arc::new(Facts { digest: walk.sink.take_digest(0), names: global_names(code)? });
    KNOWN.insert(code, Arc::clone(&facts));
    Ok(facts)
}

/// The parts of a code object that decide what it does. File, lines and the names of enclosing scopes do not.
pub(super) fn parts<'py>(code: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyTuple>> {
    let py = code.py();
    let names = [
        intern!(py, "co_name"),
        intern!(py, "co_code"),
        intern!(py, "co_consts"),
        intern!(py, "co_names"),
        intern!(py, "co_varnames"),
        intern!(py, "co_freevars"),
        intern!(py, "co_cellvars"),
        intern!(py, "co_argcount"),
        intern!(py, "co_posonlyargcount"),
        intern!(py, "co_kwonlyargcount"),
        intern!(py, "co_flags"),
        intern!(py, "co_exceptiontable"),
    ];
    let values = names.iter().map(|name| code.getattr(*name)).collect::<PyResult<Vec<_>>>()?;
    PyTuple::new(py, values)
}

/// Numbers of the instructions that look a name up among the globals, in this Python.
struct Opcodes {
    extended_arg: u8,
    load_global: u8,
    /// Instructions whose argument is the name's index as it is.
    plain: Vec<u8>,
}

fn opcodes(py: Python<'_>) -> PyResult<&Opcodes> {
    static FOUND: PyOnceLock<Opcodes> = PyOnceLock::new();
    FOUND.get_or_try_init(py, || {
        let opmap = py.import("opcode")?.getattr("opmap")?.cast_into::<PyDict>()?;
        let number = |name: &str| opmap.get_item(name)?.map(|n| n.extract::<u8>()).transpose();
        let plain = ["LOAD_NAME", "LOAD_FROM_DICT_OR_GLOBALS"];
        Ok(Opcodes {
            extended_arg: number("EXTENDED_ARG")?.unwrap_or_default(),
            load_global: number("LOAD_GLOBAL")?.unwrap_or_default(),
            plain: plain.iter().filter_map(|name| number(name).transpose()).collect::<PyResult<_>>()?,
        })
    })
}

fn global_names(code: &Bound<'_, PyAny>) -> PyResult<Vec<Py<PyString>>> {
    let py = code.py();
    let opcodes = opcodes(py)?;
    let seen = PyDict::new(py);
    let mut codes = vec![code.clone()];
    while let Some(code) = codes.pop() {
        let names = code.getattr(intern!(py, "co_names"))?.cast_into::<PyTuple>()?;
        let bytes = code.getattr(intern!(py, "co_code"))?.cast_into::<PyBytes>()?;
        for index in name_indices(bytes.as_bytes(), opcodes) {
            if let Ok(name) = names.get_item(index) {
                seen.set_item(name, ())?;
            }
        }
        let class = code.get_type();
        for constant in code.getattr(intern!(py, "co_consts"))?.cast_into::<PyTuple>()?.iter() {
            if constant.is_exact_instance(&class) {
                codes.push(constant);
            }
        }
    }
    seen.keys().iter().map(|name| Ok(name.cast_into::<PyString>()?.unbind())).collect()
}

/// Indices into `co_names` of the names that are looked up among the globals.
///
/// Instructions are pairs of bytes, inline caches are zeros in `co_code`, and since Python 3.11 the lowest bit of
/// `LOAD_GLOBAL`'s argument is a flag (documentation of `dis`).
fn name_indices(code: &[u8], opcodes: &Opcodes) -> Vec<usize> {
    let mut found = Vec::new();
    let mut extended = 0;
    for pair in code.chunks_exact(2) {
        let argument = extended << 8 | usize::from(pair[1]);
        extended = if pair[0] == opcodes.extended_arg { argument } else { 0 };
        if pair[0] == opcodes.load_global {
            found.push(argument >> 1);
        } else if opcodes.plain.contains(&pair[0]) {
            found.push(argument);
        }
    }
    found
}
