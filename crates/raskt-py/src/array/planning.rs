//! The planner of this process, and the names of Python's objects in expressions.

use std::sync::{Arc, LazyLock};

use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::PyTuple;
use raskt_array::{Builder, NativeTokens};
use raskt_core::encode::ForeignTokenizer;
use raskt_core::{Opaque, Result, Token};
use raskt_expr::{Bounds, Planner, Way};

use super::library::NumPy;
use crate::object::PyObj;

static PLANNER: LazyLock<Planner> = LazyLock::new(|| {
    // Names of operations are there once, so that nothing can fail.
    raskt_array::planner(Arc::new(NumPy)).unwrap_or_default()
});

/// The same, with NumPy's functions on all blocks.
static WITHOUT_KERNELS: LazyLock<Planner> = LazyLock::new(|| {
    let mut planner = PLANNER.clone();
    planner.way = Way::Library;
    planner
});

/// What knows the collection.
pub fn planner() -> &'static Planner {
    &PLANNER
}

/// What plans computations, as `array.native` says.
///
/// # Errors
/// `ValueError` for a value that the key does not take.
pub fn configured(py: Python<'_>) -> PyResult<&'static Planner> {
    let config = py.import(intern!(py, "raskt.config"))?;
    let is_native: bool =
        config.call_method1(intern!(py, "resolve"), (intern!(py, "array.native"),))?.extract()?;
    Ok(if is_native { &PLANNER } else { &WITHOUT_KERNELS })
}

/// What a computation may take, as the configuration says.
///
/// # Errors
/// `ValueError` for values that the keys do not take.
pub fn configured_bounds(py: Python<'_>) -> PyResult<Bounds> {
    let config = py.import(intern!(py, "raskt.config"))?;
    let resolve = |key: &str| config.call_method1(intern!(py, "resolve"), (key,));
    let n_workers: Option<usize> = resolve("num-workers")?.extract()?;
    let n_workers = n_workers.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, usize::from));
    Ok(Bounds { memory_bytes: resolve("local.memory-limit")?.extract()?, n_workers })
}

/// Names Python's objects by their content.
pub struct PythonTokens;

impl ForeignTokenizer for PythonTokens {
    fn token(&self, object: &dyn Opaque) -> Result<Token> {
        match object.as_any().downcast_ref::<PyObj>() {
            Some(object) => Python::attach(|py| {
                let args = PyTuple::new(py, [object.bind(py)]);
                let token = args.and_then(|args| crate::tokenize::token_of(py, &args, None, None));
                token.map_err(|error| crate::errors::raised(py, error))
            }),
            None => NativeTokens.token(object),
        }
    }
}

/// What makes expressions.
pub fn builder() -> Builder<'static> {
    Builder::new(planner().context(), &PythonTokens)
}
