//! A slice of an array in other blocks is a slice in other blocks.

use raskt_core::Result;
use raskt_expr::{Context, Expr, Rule};

use super::sliced::Sliced;
use crate::builder::{Builder, NativeTokens, chunks};
use crate::parameters::{CHUNKS, chunks_param, with};
use crate::slicing::{Cut, cut};

/// `x.rechunk(chunks)[index]`.
pub(super) struct SliceRechunk;

impl Rule for SliceRechunk {
    fn name(&self) -> &'static str {
        "slice-rechunk"
    }

    fn apply(&self, expr: &Expr, context: &Context<'_>) -> Result<Option<Expr>> {
        let is_rechunk = |work: &Expr| work.operation().as_str() == "rechunk";
        let Some(slice) = Sliced::of(expr, context, is_rechunk)?.filter(Sliced::is_part) else {
            return Ok(None);
        };
        let source = &slice.work.operands()[0];
        let own = chunks(context.meta(source)?)?;
        if own.shape().contains(&None) {
            return Ok(None);
        }
        let mut inner = slice.axes();
        // Picks that go back and forth would be cut anew at each change of block: what has been joined stays so.
        let goes_back = |cut: &Cut| matches!(cut, Cut::Picks(picks) if !picks.is_sorted());
        let mut axes = inner.iter().zip(own.axes()).zip(slice.chunks.axes());
        if axes.any(|((cut, from), to)| from != to && goes_back(cut)) {
            return Ok(None);
        }
        for ((cut, from), to) in inner.iter_mut().zip(own.axes()).zip(slice.chunks.axes()) {
            // Blocks have other numbers in the array as it was.
            if let Cut::Blocks(blocks) = cut
                && from != to
            {
                let range = |block: u32| to.chunk(block).and_then(|chunk| chunk.range());
                let (Some(&first), Some(&last)) = (blocks.first(), blocks.last()) else { return Ok(None) };
                let ends = range(first).zip(range(last));
                let Some((start, end)) = ends.filter(|_| blocks.iter().copied().eq(first..=last)) else {
                    return Ok(None);
                };
                *cut = Cut::Range { start: start.start, n: end.end - start.start, step: 1 }.plain(from);
            }
        }
        if inner.iter().all(|cut| *cut == Cut::All) {
            return Ok(None);
        }
        let builder = Builder::new(*context, &NativeTokens);
        let taken = cut(&builder, source, &inner)?;
        let wanted = slice.chunks_left(&slice.axes())?;
        let made = if builder.chunks(&taken)? == wanted {
            taken
        } else {
            let parameters = with(slice.work.parameters(), [(CHUNKS, chunks_param(&wanted))]);
            builder.make("rechunk", &[&taken], parameters)?
        };
        slice.finish_all(context, &made)
    }
}
