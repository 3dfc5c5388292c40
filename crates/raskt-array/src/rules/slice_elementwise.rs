//! A slice of element-wise work is that work on slices.

use raskt_core::Result;
use raskt_expr::{Context, Expr, Rule};

use super::sliced::{Sliced, same_blocks};
use crate::builder::{Builder, NativeTokens, chunks};
use crate::slicing::{Cut, cut};
use crate::ufuncs::is_elementwise;

/// `(a + b)[index]`.
pub(super) struct SliceElementwise;

impl Rule for SliceElementwise {
    fn name(&self) -> &'static str {
        "slice-elementwise"
    }

    fn apply(&self, expr: &Expr, context: &Context<'_>) -> Result<Option<Expr>> {
        let Some(slice) = Sliced::of(expr, context, is_elementwise)?.filter(Sliced::is_part) else {
            return Ok(None);
        };
        let lengths = slice.chunks.shape();
        if lengths.contains(&None) {
            return Ok(None);
        }
        let builder = Builder::new(*context, &NativeTokens);
        let mut operands = Vec::with_capacity(slice.work.operands().len());
        for operand in slice.work.operands() {
            let own = chunks(context.meta(operand)?)?.shape();
            operands.push(cut(&builder, operand, &cuts_of_operand(&slice.cuts, &lengths, &own))?);
        }
        same_blocks(context, expr, slice.work.with_operands(operands)?)
    }
}

/// The cuts on an operand with fewer axes, some of which are stretched.
pub(super) fn cuts_of_operand(cuts: &[Cut], whole: &[Option<u64>], own: &[Option<u64>]) -> Vec<Cut> {
    let offset = whole.len() - own.len();
    let mut axis = 0;
    let mut made = Vec::with_capacity(cuts.len());
    for cut in cuts {
        if *cut == Cut::New {
            // Before its own axes a new one changes nothing.
            if axis > offset || !own.is_empty() && axis == offset {
                made.push(Cut::New);
            }
            continue;
        }
        if axis >= offset {
            let stretched = own[axis - offset] == Some(1) && whole[axis] != Some(1);
            made.push(match cut {
                Cut::Point(_) if stretched => Cut::Point(0),
                Cut::Range { .. } | Cut::Picks(_) | Cut::Blocks(_) if stretched => Cut::All,
                other => other.clone(),
            });
        }
        axis += 1;
    }
    made
}
