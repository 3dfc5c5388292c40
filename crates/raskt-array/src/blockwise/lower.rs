//! Blockwise expressions as layers.

use raskt_core::chunk::{AxisChunks, Chunks};
use raskt_core::{Fit, Param, Result};
use raskt_graph::Body;
use raskt_graph::layer::{
    Along, Blockwise, BlockwiseParts, Contraction, Formula, Indexed, Layer, Letter, Operand,
};

use super::build::{inputs, letters};
use crate::broadcast::along;
use crate::creation::ranges;
use crate::library::chunk_body;
use crate::operations::Job;
use crate::parameters::{AXIS, flag, integers_of, text};
use crate::promise::promised;

pub(super) fn blockwise(job: &mut Job<'_, '_>) -> Result<Layer> {
    let parameters = job.expr.parameters();
    let (output, inputs) = (letters(&job.parameter("output")), inputs(parameters));
    let result = job.chunks()?;
    let counts = counts(job, &output, &inputs, &result);
    let mut operands = Vec::with_capacity(job.operands.len());
    for (lowered, letters) in job.operands.iter().zip(&inputs) {
        let axes = letters.iter().zip(lowered.grid.counts()).map(|(&letter, &n)| {
            let full = counts.iter().any(|&(found, count)| found == letter && count == n);
            if full { Along::Letter(letter) } else { Along::Single }
        });
        operands.push(Indexed {
            operand: Operand::new(lowered.name.clone()),
            axes: axes.collect(),
            contraction: contraction(text(parameters, "contraction")),
        });
    }
    let info =
        if flag(parameters, "info") { info(job, &output, &inputs, &result)? } else { Formula::default() };
    let body = job.function_body()?;
    if matches!(body.label().as_ref(), "array.matmul" | "array.tensordot") {
        operands = operands.into_iter().map(|operand| operand.contracted(Contraction::Gather)).collect();
    }
    let (body, own) = promised(job, body, info)?;
    let parts = BlockwiseParts { counts, output, operands, parameters: own, ..BlockwiseParts::of(body) };
    Ok(Blockwise::new(parts)?.into())
}

fn contraction(name: &str) -> Contraction {
    match name {
        "gather" => Contraction::Gather,
        "join" => Contraction::Join(chunk_body("join_grid", Param::Null)),
        _ => Contraction::Spread,
    }
}

/// The number of blocks along each letter.
fn counts(
    job: &Job<'_, '_>,
    output: &[Letter],
    inputs: &[Vec<Letter>],
    result: &Chunks,
) -> Vec<(Letter, u32)> {
    let mut counts = std::collections::BTreeMap::new();
    for (lowered, letters) in job.operands.iter().zip(inputs) {
        for (&letter, &n) in letters.iter().zip(lowered.grid.counts()) {
            let most = counts.entry(letter).or_insert(n);
            *most = n.max(*most);
        }
    }
    for (&letter, axis) in output.iter().zip(result.axes()) {
        counts.insert(letter, axis.n_blocks());
    }
    counts.into_iter().collect()
}

/// Where a block lies in the result, and its inputs in theirs: null along axes that the output does not have.
fn info(job: &Job<'_, '_>, output: &[Letter], inputs: &[Vec<Letter>], result: &Chunks) -> Result<Formula> {
    let mut operands = Vec::with_capacity(inputs.len());
    for (at, letters) in inputs.iter().enumerate() {
        let chunks = job.operand_chunks(at)?;
        let axis = |(letter, axis): (&Letter, &AxisChunks)| {
            let place = output.iter().position(|found| found == letter);
            match place.filter(|&place| result.axes()[place].n_blocks() == axis.n_blocks()) {
                Some(place) => Formula::Interval { axis: place.fit::<u8>(), chunks: axis.clone() },
                None => Formula::default(),
            }
        };
        operands.push(Formula::List(letters.iter().zip(chunks.axes()).map(axis).collect()));
    }
    let Formula::Map(own) = ranges(result) else { return Ok(Formula::default()) };
    let own = own.first().map(|(_, formula)| formula.clone()).unwrap_or_default();
    let place = [("block", Formula::Indices), ("out", own), ("operands", Formula::List(operands.into()))];
    Ok(Formula::map([("info", Formula::map(place))]))
}

pub(super) fn transpose(job: &mut Job<'_, '_>) -> Result<Layer> {
    let axes = integers_of(job.expr.parameters(), AXIS).unwrap_or_default();
    let body = match job.body(Param::Null)? {
        Body::Native { name, .. } => {
            Body::Native { name, parameters: Param::map([("axes", job.parameter(AXIS))]) }
        }
        _ => job.body(Param::map([(AXIS, job.parameter(AXIS))]))?,
    };
    // The letter of an axis of the operand is the place that it gets.
    let mut operand = vec![Along::Single; axes.len()];
    for (place, &axis) in axes.iter().enumerate() {
        operand[axis.clamped::<usize>()] = Along::Letter(place.fit::<u16>());
    }
    let parts = BlockwiseParts {
        counts: (0..).zip(job.chunks()?.grid()).collect(),
        output: (0..axes.len().fit::<u16>()).collect(),
        operands: vec![Indexed {
            operand: Operand::new(job.operands[0].name.clone()),
            axes: operand,
            contraction: Contraction::Spread,
        }],
        ..BlockwiseParts::of(body)
    };
    Ok(Blockwise::new(parts)?.into())
}

pub(super) fn broadcast_to(job: &mut Job<'_, '_>) -> Result<Layer> {
    let (own, result) = (job.operand_chunks(0)?, job.chunks()?);
    let parts = BlockwiseParts {
        counts: (0..).zip(result.grid()).collect(),
        output: (0..result.n_axes().fit::<u16>()).collect(),
        operands: vec![Indexed {
            operand: Operand::new(job.operands[0].name.clone()),
            axes: along(&own, &result),
            contraction: Contraction::Spread,
        }],
        parameters: ranges(&result),
        ..BlockwiseParts::of(job.body(Param::Null)?)
    };
    Ok(Blockwise::new(parts)?.into())
}
