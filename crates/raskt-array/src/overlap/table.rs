//! The row of overlapping blocks: its result, and its layer.

use raskt_core::chunk::{AxisChunks, Chunks};
use raskt_core::{ErrorKind, Fit, Param, Result};
use raskt_expr::{Arity, Meta};
use raskt_graph::layer::{Boundary, Layer, Margin, Operand, Overlap};

use crate::builder::{array_meta, chunks};
use crate::operations::{Job, Row};

use super::build;

/// The rows of this family.
#[must_use]
pub fn rows() -> Vec<Row> {
    vec![Row {
        name: "overlap",
        arity: Arity::Exactly(1),
        meta: overlap_meta,
        lower,
        kernel: Some(("array.extend", crate::operations::are_native)),
        library: Some("raskt.array._chunk.overlap_block"),
        build: build::by_name,
    }]
}

/// The margins that the parameters say: `[[before, after, boundary], ..]`.
pub(crate) fn margins(parameters: &Param) -> Result<Vec<Margin>> {
    let wrong = || ErrorKind::InvalidValue(format!("{parameters:?} are no margins"));
    let margin = |param: &Param| match param.as_list() {
        Some([Param::Int(before), Param::Int(after), boundary]) => Ok(Margin {
            before: depth(*before)?,
            after: depth(*after)?,
            boundary: match boundary.as_str() {
                Some("none" | "open") => Boundary::Open,
                Some("periodic") => Boundary::Periodic,
                Some("reflect") => Boundary::Reflect,
                Some("nearest") => Boundary::Nearest,
                _ => Boundary::Constant(boundary.clone()),
            },
        }),
        _ => Err(wrong().into()),
    };
    parameters.get("margins").and_then(Param::as_list).ok_or_else(wrong)?.iter().map(margin).collect()
}

/// A depth as margins hold it.
fn depth(asked: i64) -> Result<u32> {
    u32::try_from(asked).map_err(|_| {
        ErrorKind::InvalidValue(format!("an overlapping depth must be from 0 to {}, found {asked}", u32::MAX))
            .into()
    })
}

fn overlap_meta(operands: &[Meta], parameters: &Param) -> Result<Meta> {
    let own = chunks(&operands[0])?;
    let axis = |(axis, margin): (&AxisChunks, &Margin)| {
        let last = axis.n_blocks().saturating_sub(1);
        let sizes = axis.sizes().enumerate().map(|(at, size)| {
            let open = margin.boundary == Boundary::Open;
            let before = if open && at == 0 { 0 } else { margin.before };
            let after = if open && at.fit::<u32>() == last { 0 } else { margin.after };
            (size.map(|size| size + u64::from(before) + u64::from(after)), 1)
        });
        AxisChunks::from_runs(sizes)
    };
    let made = own.axes().iter().zip(&margins(parameters)?).map(axis).collect::<Result<Vec<_>>>()?;
    Ok(array_meta(operands[0].dtype().clone(), Chunks::new(made)?))
}

fn lower(job: &mut Job<'_, '_>) -> Result<Layer> {
    let operand = Operand::new(job.operands[0].name.clone());
    let grid = job.operands[0].grid.clone();
    Ok(Overlap::new(operand, grid, margins(job.expr.parameters())?, job.body(Param::Null)?)?.into())
}
