//! Slices as layers.

use raskt_core::{Param, Result};
use raskt_graph::layer::{Layer, Operand, Slice};

use super::cuts::{cuts_of, resolve};
use crate::operations::Job;

pub(super) fn slice(job: &mut Job<'_, '_>) -> Result<Layer> {
    let chunks = job.operand_chunks(0)?;
    let cuts = resolve(&chunks, &cuts_of(job.expr.parameters())?)?;
    let cuts = cuts.into_iter().map(|(cut, _)| cut).collect();
    let operand = Operand::new(job.operands[0].name.clone());
    Ok(Slice::new(operand, job.body(Param::Null)?, cuts)?.into())
}
