//! What `raskt.annotate` has set: read at every call, so kept where that costs nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyDict;

use raskt_core::Fit;
use raskt_graph::layer::Layer;
use raskt_graph::{Annotations, Foreign, Graph};

use crate::array::{Notes as LayerNotes, notes_from_dict, notes_to_travel};
use crate::node::Notes;
use crate::plan::node_of;

/// How many `annotate` blocks are entered, on all threads together: while it is 0 nobody looks further.
static N_ENTERED: AtomicUsize = AtomicUsize::new(0);
/// The context variable of `raskt.annotate`.
static VARIABLE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();

/// The annotations in force, if any.
///
/// # Errors
/// What reading the context variable raises.
pub fn current(py: Python<'_>) -> PyResult<Option<Notes>> {
    if N_ENTERED.load(Ordering::Relaxed) == 0 {
        return Ok(None);
    }
    let Some(variable) = VARIABLE.get(py) else { return Ok(None) };
    let found = variable.bind(py).call_method0("get")?;
    match found.cast_into::<PyDict>() {
        Ok(found) if !found.is_empty() => Ok(Some(Arc::new(found.unbind()))),
        _ => Ok(None),
    }
}

/// Adds to `graph` what was said of layers, and of single calls.
///
/// # Errors
/// What naming the annotations raises.
pub fn add_to(py: Python<'_>, graph: &mut Graph, notes: &LayerNotes) -> PyResult<()> {
    let mut annotations = Annotations::default();
    for (name, note) in notes {
        annotations.note_layer(name.clone(), notes_to_travel(note));
    }
    let mut last = None;
    for (_, layer) in graph.layers() {
        let Layer::Raw(raw) = &**layer else { continue };
        for node in (0..raw.table().n_tasks().fit::<u32>()).filter_map(|task| node_of(raw.table(), task)) {
            let (Some(notes), Some(key)) = (&node.notes, Foreign::key(node)) else { continue };
            let note = match last.take() {
                Some((known, note)) if Arc::ptr_eq(&known, notes) => note,
                _ => notes_to_travel(&notes_from_dict(notes.bind(py))?),
            };
            annotations.note_task(key, note.clone());
            last = Some((Arc::clone(notes), note));
        }
    }
    *graph.annotations_mut() = annotations;
    Ok(())
}

/// Tells which context variable holds the annotations.
#[pyfunction]
fn set_annotation_variable(py: Python<'_>, variable: Py<PyAny>) {
    // The second of two threads that import at once finds it set to the same.
    drop(VARIABLE.set(py, variable));
}

/// An `annotate` block was entered (+1) or left (-1).
#[pyfunction]
fn note_annotations(entered: bool) {
    if entered {
        N_ENTERED.fetch_add(1, Ordering::Relaxed);
    } else {
        N_ENTERED.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Adds the names of this module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(set_annotation_variable, module)?)?;
    module.add_function(wrap_pyfunction!(note_annotations, module)?)
}
