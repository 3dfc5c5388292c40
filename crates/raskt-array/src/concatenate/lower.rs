//! Concatenations as layers.

use raskt_core::{Fit, Param, Result};
use raskt_graph::layer::{Concatenate, Joint, Layer, Operand};

use super::table::axis_of;
use crate::operations::Job;

pub(super) fn concatenate(job: &mut Job<'_, '_>) -> Result<Layer> {
    let axis = axis_of(job.expr.parameters());
    joined(job, Joint::Along(axis.fit::<u8>()))
}

pub(super) fn stack(job: &mut Job<'_, '_>) -> Result<Layer> {
    let axis = axis_of(job.expr.parameters());
    let n_axes = job.operands[0].grid.n_axes();
    let new = |at| if at == axis { Param::Str("new".into()) } else { Param::Null };
    let body = job.body(Param::map([("cuts", Param::List((0..=n_axes).map(new).collect()))]))?;
    joined(job, Joint::Stack(axis.fit::<u8>(), body))
}

fn joined(job: &Job<'_, '_>, joint: Joint) -> Result<Layer> {
    let operands =
        job.operands.iter().map(|lowered| (Operand::new(lowered.name.clone()), lowered.grid.clone()));
    Ok(Concatenate::new(joint, operands.collect())?.into())
}
