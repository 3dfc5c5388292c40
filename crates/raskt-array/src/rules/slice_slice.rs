//! A slice of a slice is one slice.

use raskt_core::Result;
use raskt_expr::{Context, Expr, Rule};

use super::sliced::{Sliced, same_blocks};
use crate::builder::{Builder, NativeTokens, chunks};
use crate::slicing::{Cut, composed, cut, cuts_of};

/// `x[first][then]`.
pub(super) struct SliceSlice;

impl Rule for SliceSlice {
    fn name(&self) -> &'static str {
        "slice-slice"
    }

    fn apply(&self, expr: &Expr, context: &Context<'_>) -> Result<Option<Expr>> {
        let Some(slice) = Sliced::of(expr, context, |work| work.operation().as_str() == "slice")? else {
            return Ok(None);
        };
        let source = &slice.work.operands()[0];
        let Some(cuts) = composed(&cuts_of(slice.work.parameters())?, &slice.cuts) else { return Ok(None) };
        let whole = chunks(context.meta(source)?)?;
        let mut axes = whole.axes().iter();
        let plain = |cut: Cut| match cut {
            Cut::New => Cut::New,
            cut => axes.next().map_or(Cut::All, |axis| cut.plain(axis)),
        };
        let cuts: Vec<Cut> = cuts.into_iter().map(plain).collect();
        same_blocks(context, expr, cut(&Builder::new(*context, &NativeTokens), source, &cuts)?)
    }
}
