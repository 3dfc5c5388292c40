//! The planner of this process: all collections, as the configuration says that they are planned.

use std::sync::{Arc, LazyLock};

use parking_lot::Mutex;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyList, PyString};
use raskt_array::COLLECTION;
use raskt_core::Name;
use raskt_expr::{Bounds, Expr, Planner, Way};
use rustc_hash::FxHashMap;

use crate::array::NumPy;
use crate::bag::PythonFunctions;

static PLANNER: LazyLock<Arc<Planner>> = LazyLock::new(|| {
    // Names of operations are there once, so that nothing can fail.
    Arc::new(all_collections().unwrap_or_default())
});

fn all_collections() -> raskt_core::Result<Planner> {
    let mut planner = raskt_array::planner(Arc::new(NumPy))?;
    raskt_bag::operations::add_to(&mut planner, Arc::new(PythonFunctions))?;
    raskt_frame::add_to(&mut planner)?;
    Ok(planner)
}

/// How planning differs from what it is by default.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Manner {
    /// The collections whose native kernels are left out.
    by_library: Vec<&'static str>,
    /// The rules and passes that are left out.
    left_out: Vec<String>,
}

/// Planners for manners that were asked for.
static OTHERS: LazyLock<Mutex<FxHashMap<Manner, Arc<Planner>>>> = LazyLock::new(Mutex::default);

/// So many planners are kept.
const N_OTHERS_MAX: usize = 64;

/// What knows the collections.
pub fn planner() -> &'static Planner {
    &PLANNER
}

/// Whether the configuration plainly says what it says by default; if not, it has to be read.
fn is_by_default(py: Python<'_>) -> PyResult<bool> {
    let config = crate::config::Live::new(py)?;
    let keys = ["array.native", "array.optimizer.active", "dataframe.native", "dataframe.optimizer.active"];
    for key in keys {
        if !config.get(key)?.is_some_and(|value| value.is(PyBool::new(py, true))) {
            return Ok(false);
        }
    }
    let left_out = config.get("array.optimizer.disabled")?;
    Ok(left_out.is_some_and(|value| value.cast_exact::<PyList>().is_ok_and(|names| names.is_empty())))
}

/// What plans computations, as the keys `native` and `optimizer` of arrays and dataframes say.
///
/// # Errors
/// `ValueError` for values that the keys do not take.
pub fn configured(py: Python<'_>) -> PyResult<Arc<Planner>> {
    if is_by_default(py)? {
        return Ok(Arc::clone(&PLANNER));
    }
    let resolve = py.import(intern!(py, "raskt.config"))?.getattr(intern!(py, "resolve"))?;
    let is_true = |key: &Bound<'_, PyString>| -> PyResult<bool> { resolve.call1((key,))?.extract() };
    let mut by_library = Vec::new();
    let mut left_out: Vec<String> = resolve.call1((intern!(py, "array.optimizer.disabled"),))?.extract()?;
    let collections = [
        (COLLECTION, intern!(py, "array.native"), intern!(py, "array.optimizer.active")),
        (raskt_frame::COLLECTION, intern!(py, "dataframe.native"), intern!(py, "dataframe.optimizer.active")),
    ];
    for (collection, native, active) in collections {
        if !is_true(native)? {
            by_library.push(collection);
        }
        if !is_true(active)? {
            left_out.extend(PLANNER.steps(collection).into_iter().map(str::to_owned));
        }
    }
    if by_library.is_empty() && left_out.is_empty() {
        return Ok(Arc::clone(&PLANNER));
    }
    let mut others = OTHERS.lock();
    if others.len() > N_OTHERS_MAX {
        others.clear();
    }
    let manner = Manner { by_library, left_out };
    if let Some(planner) = others.get(&manner) {
        return Ok(Arc::clone(planner));
    }
    let names: Vec<&str> = manner.left_out.iter().map(String::as_str).collect();
    let mut planner = PLANNER.without(&names);
    planner.ways = manner.by_library.iter().map(|&name| (Name::new(name), Way::Library)).collect();
    let planner = Arc::new(planner);
    others.insert(manner, Arc::clone(&planner));
    Ok(planner)
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

/// The number of tasks that computing `expr` would take, after simplification.
///
/// # Errors
/// What planning it raises.
pub fn n_tasks(py: Python<'_>, expr: &Expr) -> PyResult<u64> {
    let (planner, bounds) = (configured(py)?, configured_bounds(py)?);
    let count = || -> raskt_core::Result<u64> {
        let plan = planner.plan_within(std::slice::from_ref(expr), bounds)?;
        Ok(plan.graph.layers().iter().map(|(_, layer)| layer.n_tasks_max()).sum())
    };
    py.detach(count).map_err(|error| crate::errors::to_py(py, error))
}

/// What becomes of `expr`, as text.
///
/// # Errors
/// What planning it raises.
pub fn explain(py: Python<'_>, expr: &Expr) -> PyResult<String> {
    let (planner, bounds) = (configured(py)?, configured_bounds(py)?);
    let text = py.detach(|| planner.explain_within(std::slice::from_ref(expr), bounds));
    text.map_err(|error| crate::errors::to_py(py, error))
}
