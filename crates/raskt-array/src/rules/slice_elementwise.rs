//! A slice of element-wise work is that work on slices.

use raskt_core::{Param, Result};
use raskt_expr::{Context, Expr, Rule};

use crate::builder::{Builder, NativeTokens, chunks};
use crate::slicing::{Cut, cuts_of, cuts_param};
use crate::ufuncs::is_elementwise;

/// `(a + b)[index]`.
pub(super) struct SliceElementwise;

impl Rule for SliceElementwise {
    fn name(&self) -> &'static str {
        "slice-elementwise"
    }

    fn apply(&self, expr: &Expr, context: &Context<'_>) -> Result<Option<Expr>> {
        let [work] = expr.operands() else { return Ok(None) };
        let is_plain = [expr, work].iter().all(|expr| *expr.annotations() == Param::Null);
        if expr.operation().as_str() != "slice" || !is_elementwise(work) || !is_plain {
            return Ok(None);
        }
        let (cuts, whole) = (cuts_of(expr.parameters())?, chunks(context.meta(work)?)?);
        let lengths = whole.shape();
        if lengths.contains(&None) || cuts.iter().any(|cut| matches!(cut, Cut::Picks(_) | Cut::Blocks(_))) {
            return Ok(None);
        }
        let builder = Builder::new(*context, &NativeTokens);
        let mut operands = Vec::with_capacity(work.operands().len());
        for operand in work.operands() {
            let own = chunks(context.meta(operand)?)?.shape();
            let cuts = cuts_of_operand(&cuts, &lengths, &own);
            let untouched = cuts.iter().all(|cut| *cut == Cut::All);
            operands.push(match untouched {
                true => operand.clone(),
                false => builder.make("slice", &[operand], cuts_param(&cuts))?,
            });
        }
        let made = work.with_operands(operands)?;
        // Only where nothing but the order of work has changed: the same blocks.
        let same = chunks(context.meta(&made)?)? == chunks(context.meta(expr)?)?;
        Ok(same.then_some(made))
    }
}

/// The cuts on an operand with fewer axes, some of which are stretched.
fn cuts_of_operand(cuts: &[Cut], whole: &[Option<u64>], own: &[Option<u64>]) -> Vec<Cut> {
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
                Cut::Range { .. } if stretched => Cut::All,
                other => other.clone(),
            });
        }
        axis += 1;
    }
    made
}
