//! Floating-point errors of native kernels: asked for, and handled, as NumPy's error handling of the caller says.

use std::sync::Arc;

use pyo3::intern;
use pyo3::prelude::*;
use raskt_exec::{FloatErrors, FloatKinds, Run};
use raskt_graph::{Body, TaskTable};

/// The collector for a run of `table`; `None` where it has no native body, or all is ignored.
pub fn collector(py: Python<'_>, table: &TaskTable) -> PyResult<Option<Arc<FloatErrors>>> {
    if !table.bodies().iter().any(|body| matches!(body, Body::Native { .. } | Body::Fused(_))) {
        return Ok(None);
    }
    let handling = py.import(intern!(py, "raskt._float_errors"))?;
    let (asked, raised): (u8, u8) = handling.call_method0(intern!(py, "asked"))?.extract()?;
    let (asked, raised) = (FloatKinds::from_bits(asked), FloatKinds::from_bits(raised));
    Ok((!asked.is_empty()).then(|| Arc::new(FloatErrors::new(asked).raising(raised))))
}

/// Warns or calls for what the run met. What is to be raised is an error of the task that met it.
///
/// # Errors
/// What the caller's filters of warnings or handlers raise.
pub fn report(py: Python<'_>, run: &Run) -> PyResult<()> {
    let Some(errors) = &run.options().float_errors else { return Ok(()) };
    let found = errors.found();
    if found.is_empty() {
        return Ok(());
    }
    let found: Vec<_> = found.iter().map(|(operation, kinds)| (operation.as_str(), kinds.bits())).collect();
    py.import(intern!(py, "raskt._float_errors"))?.call_method1(intern!(py, "report"), (found,))?;
    Ok(())
}
