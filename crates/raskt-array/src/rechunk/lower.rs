//! Rechunks as layers.

use raskt_core::chunk::AxisChunks;
use raskt_core::{Param, Result};
use raskt_graph::Body;
use raskt_graph::layer::{AxisRechunk, Layer, Operand, Rechunk, Transport};

use crate::operations::{Job, are_native};
use crate::parameters::integers;

/// What puts regions of blocks together.
pub(super) const JOIN: &str = "raskt.array._chunk.join";

/// The body that joins regions of blocks of such an array; `parameters` name the axes that are not cut, whatever the
/// regions say (`whole`).
///
/// # Errors
/// As [`Job::body`].
pub fn join_body(job: &Job<'_, '_>, parameters: Param) -> Result<Body> {
    if parameters == Param::Null
        && are_native(std::slice::from_ref(job.context.meta(job.expr)?))
        && job.is_native_way()
    {
        return Ok(Body::native("array.join"));
    }
    Ok(Body::Library { path: JOIN.into(), parameters })
}

pub(super) fn rechunk(job: &mut Job<'_, '_>) -> Result<Layer> {
    let (from, to) = (job.operand_chunks(0)?, job.chunks()?);
    let axes = from.axes().iter().zip(to.axes()).map(|(from, to)| match from.length() {
        Some(_) => AxisRechunk::new(from.clone(), to.clone()),
        // Blocks that stay as they are, whatever their size: any size will do.
        None => {
            let stands = AxisChunks::uniform(u64::from(from.n_blocks()), 1)?;
            AxisRechunk::new(stands.clone(), stands)
        }
    });
    let axes = axes.collect::<Result<Vec<_>>>()?;
    let unknown = (0..).zip(from.axes()).filter(|(_, axis)| axis.length().is_none()).map(|(at, _)| at);
    let unknown: Vec<i64> = unknown.collect();
    let told = if unknown.is_empty() { Param::Null } else { Param::map([("whole", integers(unknown))]) };
    let operand = Operand::new(job.operands[0].name.clone());
    Ok(Rechunk::new(operand, axes, join_body(job, told)?, Transport::Whole)?.into())
}
