//! A slice of a transposed array is a transposed slice.

use raskt_core::{Fit, Result};
use raskt_expr::{Context, Expr, Rule};

use super::sliced::{Sliced, same_blocks};
use crate::blockwise::transpose;
use crate::builder::{Builder, NativeTokens};
use crate::parameters::{AXIS, integers_of};
use crate::slicing::{Cut, cut};

/// `x.T[index]`.
pub(super) struct SliceTranspose;

impl Rule for SliceTranspose {
    fn name(&self) -> &'static str {
        "slice-transpose"
    }

    fn apply(&self, expr: &Expr, context: &Context<'_>) -> Result<Option<Expr>> {
        let Some(slice) = Sliced::of(expr, context, |work| work.operation().as_str() == "transpose")? else {
            return Ok(None);
        };
        let from = integers_of(slice.work.parameters(), AXIS).unwrap_or_default();
        let mut inner = vec![Cut::All; from.len()];
        for (cut, &axis) in slice.axes().into_iter().zip(&from) {
            inner[axis.clamped::<usize>()] = cut;
        }
        let stays = |cut: &Cut| !matches!(cut, Cut::Point(_));
        let n_left = inner.iter().filter(|cut| stays(cut)).count();
        // New axes come last, and find their places with the others.
        let (mut order, mut axes, mut n_new) = (Vec::new(), from.iter(), 0);
        for cut in &slice.cuts {
            if *cut == Cut::New {
                order.push((n_left + n_new).clamped::<i64>());
                n_new += 1;
            } else if let Some(&axis) = axes.next()
                && stays(cut)
            {
                order.push(
                    inner[..axis.clamped::<usize>()].iter().filter(|cut| stays(cut)).count().clamped::<i64>(),
                );
            }
        }
        inner.extend(std::iter::repeat_n(Cut::New, n_new));
        let builder = Builder::new(*context, &NativeTokens);
        let taken = cut(&builder, &slice.work.operands()[0], &inner)?;
        same_blocks(context, expr, transpose(&builder, &taken, Some(&order))?)
    }
}
