//! The rows of this family, and its bodies.

use std::sync::Arc;

use raskt_core::{Result, Value};
use raskt_exec::{BodyRegistry, Call, Outcome};

use super::ordered::{self, BOUNDARIES, RANGES, SAMPLE};
use super::unique::{
    self, COUNTS, COUNTS_CHUNK, COUNTS_COMBINE, DISTINCT_BODY, DISTINCT_RENUMBERED, N_DISTINCT,
};
use super::{Sort, index, sort, top};
use crate::Table;
use crate::operations::{KernelFn, Row};

/// What sorts the rows of several partitions; the parameters are those of [`Sort::to_param`].
pub(super) const SORT: &str = "frame.sorted";

/// The rows of this family.
#[must_use]
pub fn rows() -> Vec<Row> {
    [top::rows(), unique::rows(), index::rows(), ordered::rows()].into_iter().flatten().collect()
}

/// Adds the bodies to `registry`.
///
/// # Errors
/// [`raskt_core::ErrorKind::KeyClash`] where they are there already.
pub fn register(registry: &mut BodyRegistry) -> Result<()> {
    let bodies: [(&str, KernelFn); 10] = [
        (SORT, sorted),
        (SAMPLE, ordered::sampled),
        (BOUNDARIES, ordered::boundaries_found),
        (RANGES, ordered::cut),
        (DISTINCT_BODY, unique::distinct_rows),
        (DISTINCT_RENUMBERED, unique::distinct_renumbered),
        (N_DISTINCT, unique::n_distinct),
        (COUNTS_CHUNK, unique::counts_chunk),
        (COUNTS_COMBINE, unique::counts_combine),
        (COUNTS, unique::counts_result),
    ];
    for (name, body) in bodies {
        registry.add_kernel(name, Arc::new(move |call: &mut Call<'_>| body(call).map(Outcome::Value)))?;
    }
    Ok(())
}

fn sorted(call: &mut Call<'_>) -> Result<Value> {
    call.ctx.cancel.check()?;
    let tables = call.inputs.iter().map(|value| Table::of(value).cloned()).collect::<Result<Vec<_>>>()?;
    Ok(sort(&tables, &Sort::from_param(call.shared)?)?.into())
}
