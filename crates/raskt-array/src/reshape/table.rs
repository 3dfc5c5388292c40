//! The rows of reshaping: their results, and their layer.

use raskt_core::{Fit, Param, Result};
use raskt_expr::{Arity, Meta};
use raskt_graph::layer::{Along, Blockwise, BlockwiseParts, Contraction, Indexed, Layer, Operand};

use crate::builder::array_meta;
use crate::creation::ranges;
use crate::operations::{Job, Row};
use crate::parameters::{CHUNKS, chunks_of, integers_of};

use super::build;

/// The rows of this family.
#[must_use]
pub fn rows() -> Vec<Row> {
    let row = Row {
        name: "reshape",
        arity: Arity::Exactly(1),
        meta: reshape_meta,
        lower: reshape_blocks,
        kernel: Some(("array.reshape", crate::operations::are_native)),
        library: Some("raskt.array._chunk.reshape_block"),
        build: build::by_name,
    };
    vec![row, Row { name: "reshape_blocks", build: build::blocks, ..row }]
}

fn reshape_meta(operands: &[Meta], parameters: &Param) -> Result<Meta> {
    Ok(array_meta(operands[0].dtype().clone(), chunks_of(parameters.get(CHUNKS))?))
}

/// Every axis of the operand follows an axis of the result (`follows`), or is one block.
fn reshape_blocks(job: &mut Job<'_, '_>) -> Result<Layer> {
    let result = job.chunks()?;
    let follows = integers_of(job.expr.parameters(), "follows").unwrap_or_default();
    let axis = |at: &i64| u16::try_from(*at).map_or(Along::Single, Along::Letter);
    let parts = BlockwiseParts {
        counts: (0..).zip(result.grid()).collect(),
        output: (0..result.n_axes().fit::<u16>()).collect(),
        operands: vec![Indexed {
            operand: Operand::new(job.operands[0].name.clone()),
            axes: follows.iter().map(axis).collect(),
            contraction: Contraction::Spread,
        }],
        parameters: ranges(&result),
        ..BlockwiseParts::of(job.body(Param::Null)?)
    };
    Ok(Blockwise::new(parts)?.into())
}
