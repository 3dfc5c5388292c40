//! The computation that executors are given: every block is needed twice, before and after all have been summed.

use std::sync::Arc;

use raskt_core::{Result, Value};
use raskt_expr::{NoLibrary, Way};
use raskt_graph::TaskTable;

use crate::{add, full, planner, sum};

/// What arrays are full of.
const FILL: f64 = 1.5;

/// The tasks of `(x + x.sum()).sum()`, where `x` is `n_chunks` blocks of `chunk_len` elements. All of `x` has to be kept, or
/// spilled, until its sum is known. The only output is the result.
///
/// # Errors
/// Where there are no chunks, or too many.
pub fn plan_sum(n_chunks: u32, chunk_len: u64, way: Way) -> Result<Arc<TaskTable>> {
    let x = full(FILL, n_chunks, chunk_len)?;
    let root = sum(&add(&x, &sum(&x)?)?)?;
    let mut planner = planner(Arc::new(NoLibrary))?;
    planner.way = way;
    planner.plan(&[root])?.table()
}

/// What [`plan_sum`] computes, by a plain loop. Exact while the elements are fewer than 2²⁵.
#[must_use]
pub fn expected_sum(n_chunks: u32, chunk_len: u64) -> f64 {
    let n = u64::from(n_chunks) * chunk_len;
    let total: f64 = (0..n).map(|_| FILL).sum();
    (0..n).map(|_| FILL + total).sum()
}

/// The number that a native result is.
#[must_use]
pub fn to_f64(value: &Value) -> Option<f64> {
    match value {
        Value::Float(value) => Some(*value),
        Value::Array(array) => array.to_f64().ok().filter(|values| values.len() == 1).map(|values| values[0]),
        _ => None,
    }
}
