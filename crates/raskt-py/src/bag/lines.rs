//! Chains of known functions of lines, run without the GIL.

use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict, PyFloat, PyString};
use raskt_bag::{Compression, Outcome, Part, Plan, Scalar, Sink, TextOp};

use super::file::BagFile;

/// Adds the functions of bags to the module.
///
/// # Errors
/// Where the module refuses them.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(bag_lines, module)?)?;
    module.add_class::<BagFile>()
}

type PyPart = (std::path::PathBuf, Option<String>, u64, Option<u64>);

/// Runs a chain over the lines of `parts`; `None` where Python has to do it.
#[pyfunction]
fn bag_lines(
    py: Python<'_>,
    parts: Vec<PyPart>,
    universal: bool,
    text: Vec<String>,
    json: Option<Vec<String>>,
    counts: bool,
) -> PyResult<Option<Py<PyAny>>> {
    let Some(text) = text.iter().map(|name| TextOp::named(name)).collect() else { return Ok(None) };
    let parts: Option<Vec<Part>> = parts.into_iter().map(part).collect();
    let Some(parts) = parts else { return Ok(None) };
    let plan = Plan { universal, text, json, sink: if counts { Sink::Frequencies } else { Sink::Count } };
    match py.detach(|| raskt_bag::run(&plan, &parts)) {
        Ok(Outcome::Count(n)) => Ok(Some(n.into_pyobject(py)?.into_any().unbind())),
        Ok(Outcome::Frequencies(counts)) => {
            let found = PyDict::new(py);
            for (value, n) in counts.entries() {
                found.set_item(object(py, value)?, n)?;
            }
            Ok(Some(found.into_any().unbind()))
        }
        Err(odd) => {
            // Whatever it is, Python finds out what to say of it, or that it is well.
            drop(odd);
            Ok(None)
        }
    }
}

fn part((path, compression, begin, end): PyPart) -> Option<Part> {
    let compression = match compression {
        None => Compression::None,
        Some(name) => Compression::named(&name)?,
    };
    Some(Part { path, compression, begin, end })
}

fn object<'py>(py: Python<'py>, value: Scalar<'_>) -> PyResult<Bound<'py, PyAny>> {
    Ok(match value {
        Scalar::Null => py.None().into_bound(py),
        Scalar::Bool(truth) => PyBool::new(py, truth).to_owned().into_any(),
        Scalar::Int(value) => value.into_pyobject(py)?.into_any(),
        Scalar::Float(value) => PyFloat::new(py, value).into_any(),
        Scalar::Str(text) => PyString::new(py, text).into_any(),
    })
}
