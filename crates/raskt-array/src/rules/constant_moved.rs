//! An array full of one value, in another order, shape or blocks, is full of that value.

use raskt_core::Result;
use raskt_expr::{Context, Expr, Rule};

use super::rechunk_source::is_told_how;
use crate::builder::chunks;
use crate::creation::{fill_of, full_like, full_of};

/// `ones.T`, `ones.rechunk(chunks)`, `concatenate([ones, ones])`, and their like.
pub(super) struct ConstantMoved;

impl Rule for ConstantMoved {
    fn name(&self) -> &'static str {
        "constant-moved"
    }

    fn apply(&self, expr: &Expr, context: &Context<'_>) -> Result<Option<Expr>> {
        let name = expr.operation().as_str();
        let is_moved = matches!(name, "transpose" | "broadcast_to" | "reshape")
            || name == "rechunk" && !is_told_how(expr);
        let is_joined = matches!(name, "concatenate" | "stack");
        let is_full = |expr: &Expr| expr.operation().as_str() == "full";
        if !(is_moved || is_joined) || !expr.operands().iter().all(is_full) {
            return Ok(None);
        }
        match expr.operands() {
            [source] if is_moved => full_like(context, source, expr),
            [first, rest @ ..] if is_joined => {
                let Some(value) = fill_of(first.parameters()) else { return Ok(None) };
                // Bit by bit, so that zeros of either sign differ.
                let is_same = rest.iter().all(|other| fill_of(other.parameters()).as_ref() == Some(&value));
                let is_plain = expr
                    .operands()
                    .iter()
                    .chain([expr])
                    .all(|expr| *expr.annotations() == raskt_core::Param::Null);
                if !is_same || !is_plain {
                    return Ok(None);
                }
                full_of(context, &value, &chunks(context.meta(expr)?)?).map(Some)
            }
            _ => Ok(None),
        }
    }
}
