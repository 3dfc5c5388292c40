//! A slice along the axes that a reduction keeps is a reduction of a slice.

use raskt_core::{Fit, Param, Result};
use raskt_expr::{Context, Expr, Rule};

use super::sliced::Sliced;
use crate::builder::{Builder, NativeTokens};
use crate::parameters::{AXIS, flag, integers, with};
use crate::reductions::{axes_of, is_reduction};
use crate::slicing::{Cut, cut};

/// `x.sum(axis)[index]`.
pub(super) struct SliceReduction;

impl Rule for SliceReduction {
    fn name(&self) -> &'static str {
        "slice-reduction"
    }

    fn apply(&self, expr: &Expr, context: &Context<'_>) -> Result<Option<Expr>> {
        let Some(slice) = Sliced::of(expr, context, is_reduction)?.filter(Sliced::is_part) else {
            return Ok(None);
        };
        let (source, parameters) = (&slice.work.operands()[0], slice.work.parameters());
        // How many neighbours are combined is said by the numbers of axes: these must stay.
        let names_axes = matches!(parameters.get("split_every"), Some(Param::Map(_)));
        let reduced = axes_of(parameters);
        let keepdims = flag(parameters, "keepdims");
        let mut own = slice.axes().into_iter();
        let (mut inner, mut rest) = (Vec::new(), Vec::new());
        for axis in 0..slice.chunks.n_axes() + if keepdims { 0 } else { reduced.len() } {
            let is_reduced = reduced.contains(&axis);
            if is_reduced && !keepdims {
                inner.push(Cut::All);
                continue;
            }
            let cut = own.next().unwrap_or(Cut::All);
            match cut {
                cut if is_reduced => {
                    inner.push(Cut::All);
                    rest.push(Some(cut));
                }
                Cut::Point(_) if names_axes => return Ok(None),
                cut => {
                    rest.push((!matches!(cut, Cut::Point(_))).then_some(Cut::All));
                    inner.push(cut);
                }
            }
        }
        if inner.iter().all(|cut| *cut == Cut::All) {
            return Ok(None);
        }
        let gone = |axis: usize| inner[..axis].iter().filter(|cut| matches!(cut, Cut::Point(_))).count();
        let axes = integers(reduced.iter().map(|&axis| (axis - gone(axis)).clamped::<i64>()));
        let builder = Builder::new(*context, &NativeTokens);
        let taken = cut(&builder, source, &inner)?;
        let name = slice.work.operation().as_str();
        let made = builder.make(name, &[&taken], with(parameters, [(AXIS, axes)]))?;
        slice.finish(context, &made, &rest)
    }
}
