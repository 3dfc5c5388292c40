//! The rows of this family.

use raskt_core::Result;
use raskt_graph::layer::Layer;

use super::{bins, method, reshape, select};
use crate::operations::{Job, Row};

/// The rows of this family.
#[must_use]
pub fn rows() -> Vec<Row> {
    [method::rows(), select::rows(), reshape::rows(), bins::rows()].concat()
}

/// A task a partition.
pub(super) fn lowered(job: &mut Job<'_, '_>) -> Result<Layer> {
    let (body, operands) = (job.body()?, job.all_operands()?);
    crate::operations::partitionwise(body, &operands, job.n_partitions()?)
}
