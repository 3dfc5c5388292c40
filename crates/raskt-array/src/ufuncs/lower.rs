//! Element-wise expressions as layers.

use raskt_core::{ErrorKind, Fit, Param, Result, Value};
use raskt_expr::Held;
use raskt_graph::Body;
use raskt_graph::layer::{
    Blockwise, BlockwiseParts, Contraction, Formula, Grid, Indexed, Layer, Operand, Returns, Source,
};

use crate::broadcast::along;
use crate::operations::Job;
use crate::parameters::{DTYPE, KWARGS, with};
use crate::promise::promised;

/// Block by block.
pub(super) fn elementwise(job: &mut Job<'_, '_>) -> Result<Layer> {
    let kwargs = job.parameter(KWARGS);
    let shared = match job.expr.operation().as_str() {
        "astype" => with(&kwargs, [(DTYPE, job.parameter(DTYPE))]),
        _ => kwargs,
    };
    let body = job.body(shared)?;
    blocks(job, body, Formula::default())
}

/// A library's or a user's function, block by block.
pub(super) fn apply(job: &mut Job<'_, '_>) -> Result<Layer> {
    let (body, own) = promised(job, job.function_body()?, Formula::default())?;
    blocks(job, body, own)
}

/// The layer in which `body` gets the blocks of all operands that lie at one place, and parameters of its own.
pub(crate) fn blocks(job: &Job<'_, '_>, body: Body, own: Formula) -> Result<Layer> {
    let result = job.chunks()?;
    let mut operands = Vec::with_capacity(job.operands.len());
    for (at, lowered) in job.operands.iter().enumerate() {
        operands.push(Indexed {
            operand: Operand::new(lowered.name.clone()),
            axes: along(&job.operand_chunks(at)?, &result),
            contraction: Contraction::Spread,
        });
    }
    let parts = BlockwiseParts {
        counts: (0..).zip(result.grid()).collect(),
        output: (0..result.n_axes().fit::<u16>()).collect(),
        operands,
        parameters: own,
        ..BlockwiseParts::of(body)
    };
    Ok(Blockwise::new(parts)?.into())
}

/// A value that is there.
pub(super) fn scalar(job: &mut Job<'_, '_>) -> Result<Layer> {
    let value = match job.parameter("value") {
        Param::Bool(value) => Value::Bool(value),
        Param::Int(value) => Value::Int(value),
        Param::Float(value) => Value::Float(value),
        other => match Held::value_of(&other) {
            Some(value) => value.clone(),
            None => return Err(ErrorKind::InvalidValue(format!("{other:?} is no number")).into()),
        },
    };
    Ok(Source::new(Body::Value(value), Grid::new(&[])?, Formula::default(), Returns::One)?.into())
}
