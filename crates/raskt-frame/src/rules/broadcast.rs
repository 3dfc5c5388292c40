//! Sides of merges that are small meet every partition of the other, which then stays where it is.

use raskt_core::Result;
use raskt_expr::{Context, Expr, Pass, operations};

use super::estimates::{Estimate, estimates};
use super::remade::{is, remade};
use crate::join::{MERGE, Side, can_broadcast, with_broadcast};

/// The name of the pass, by which it is left out.
pub const BROADCAST: &str = "broadcast";

/// Bringing rows together by their keys takes about as long for a row as finding the matches of so many.
const N_LOOKS: f64 = 2.0;

/// Has merges send all of a side to each partition of the other, where its rows are few.
pub(super) struct Broadcast;

impl Pass for Broadcast {
    fn name(&self) -> &'static str {
        BROADCAST
    }

    fn title(&self) -> &'static str {
        "with small sides of merges sent to all partitions"
    }

    fn apply(&self, roots: &[Expr], context: &Context<'_>) -> Result<Vec<Expr>> {
        let sorted: Vec<Expr> = operations(roots).into_iter().cloned().collect();
        if !sorted.iter().any(|expr| is(expr, MERGE)) {
            return Ok(roots.to_vec());
        }
        let estimates = estimates(&sorted, context)?;
        remade(&sorted, roots, context, |expr, operands| {
            let side = match expr.operands() {
                [left, right] if is(expr, MERGE) => match (estimates.get(left), estimates.get(right)) {
                    (Some(left), Some(right)) => sent(expr, *left, *right, context)?,
                    _ => None,
                },
                _ => None,
            };
            match side {
                Some(side) => with_broadcast(expr, operands, side),
                None => expr.with_equal_operands(operands),
            }
        })
    }
}

/// The side that is sent to all partitions of the other, if one is.
fn sent(expr: &Expr, left: Estimate, right: Estimate, context: &Context<'_>) -> Result<Option<Side>> {
    let (side, few, many) = match left.n_rows < right.n_rows {
        true => (Side::Left, left, right),
        false => (Side::Right, right, left),
    };
    let Some(n_partitions) = can_broadcast(expr, side, context)? else { return Ok(None) };
    let is_small = few.n_rows * f64::from(n_partitions) <= N_LOOKS * many.n_rows;
    Ok(is_small.then_some(side))
}
