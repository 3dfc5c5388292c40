//! Values of arrays as layers.

use raskt_core::{ErrorKind, Fit, Key, Param, Result};
use raskt_expr::{Expr, Lowered};
use raskt_graph::Body;
use raskt_graph::layer::{Blockwise, BlockwiseParts, Indexed, Layer};

use super::table::{BLOCK, NUMBER};
use crate::operations::Job;

/// The path of what puts blocks together; its parameter `grid` is the number of blocks along each axis.
pub const ASSEMBLE: &str = "raskt.array.assemble";

pub(super) fn assemble(job: &mut Job<'_, '_>) -> Result<Layer> {
    let grid = job.operands[0].grid.counts().iter().map(|&n| Param::Int(n.into())).collect();
    let parameters = Param::map([("grid", Param::List(grid))]);
    of_all(job, Body::Library { path: ASSEMBLE.into(), parameters })
}

pub(super) fn blocks(job: &mut Job<'_, '_>) -> Result<Layer> {
    of_all(job, Body::Gather)
}

/// One task that reads all blocks.
fn of_all(job: &Job<'_, '_>, body: Body) -> Result<Layer> {
    let lowered = &job.operands[0];
    let letters: Vec<u16> = (0..lowered.grid.n_axes().fit::<u16>()).collect();
    let parts = BlockwiseParts {
        counts: (0..).zip(lowered.grid.counts().iter().copied()).collect(),
        operands: vec![Indexed::new(lowered.name.clone(), &letters)],
        ..BlockwiseParts::of(body)
    };
    Ok(Blockwise::new(parts)?.into())
}

/// The block that `expr` takes of its operand, where that is what it does.
///
/// # Errors
/// For a block that is not there.
pub fn block_of(expr: &Expr, operands: &[Lowered]) -> Result<Option<Key>> {
    let (BLOCK, [lowered]) = (expr.operation().as_str(), operands) else { return Ok(None) };
    let number = expr.parameters().get(NUMBER).and_then(Param::as_int).and_then(|n| u32::try_from(n).ok());
    match number.filter(|&number| number < lowered.grid.n_blocks()) {
        Some(number) => Ok(Some(Key::block(lowered.name.clone(), &lowered.grid.block(number)))),
        None => {
            let what = format!("block {:?} of {} blocks", expr.parameters(), lowered.grid);
            Err(ErrorKind::InvalidGraph(what).into())
        }
    }
}

/// The block is where [`block_of`] says.
pub(super) fn block(job: &mut Job<'_, '_>) -> Result<Layer> {
    Err(ErrorKind::InvalidGraph(format!("{:?} needs no layer", job.expr)).into())
}
