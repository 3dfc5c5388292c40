//! A slice along axes that a reshape leaves as they are is a reshape of a slice.

use raskt_core::chunk::Chunks;
use raskt_core::{Fit, Param, Result};
use raskt_expr::{Context, Expr, Rule};

use super::sliced::Sliced;
use crate::builder::{Builder, NativeTokens, chunks};
use crate::parameters::{CHUNKS, chunks_param, integers, integers_of, with};
use crate::slicing::{Cut, cut};

/// `x.reshape(shape)[index]`.
pub(super) struct SliceReshape;

impl Rule for SliceReshape {
    fn name(&self) -> &'static str {
        "slice-reshape"
    }

    fn apply(&self, expr: &Expr, context: &Context<'_>) -> Result<Option<Expr>> {
        let is_reshape = |work: &Expr| work.operation().as_str() == "reshape";
        let Some(slice) = Sliced::of(expr, context, is_reshape)?.filter(Sliced::is_part) else {
            return Ok(None);
        };
        let source = &slice.work.operands()[0];
        let own = chunks(context.meta(source)?)?;
        let follows = integers_of(slice.work.parameters(), "follows").unwrap_or_default();
        if follows.len() != own.n_axes() {
            return Ok(None);
        }
        let mut inner = vec![Cut::All; own.n_axes()];
        // What is left of each axis of the result: in the reshape, and to be cut behind it.
        let (mut kept, mut rest) = (Vec::new(), Vec::new());
        for (place, cut) in slice.axes().into_iter().enumerate() {
            let from = follows.iter().position(|&follows| follows == place.clamped::<i64>());
            let from = from.filter(|&from| is_same_axis(&own, from, &slice.chunks, place));
            let is_lone = slice.chunks.axes()[place].length() == Some(1);
            let (in_reshape, behind) = match (from, cut) {
                (_, Cut::All) => (Cut::All, Some(Cut::All)),
                (Some(from), cut) => {
                    inner[from] = cut.clone();
                    let behind = (!matches!(cut, Cut::Point(_))).then_some(Cut::All);
                    (cut, behind)
                }
                (None, Cut::Point(at)) if is_lone => (Cut::Point(at), None),
                (None, cut) => (Cut::All, Some(cut)),
            };
            kept.push(in_reshape);
            rest.push(behind);
        }
        if kept.iter().all(|cut| *cut == Cut::All) {
            return Ok(None);
        }
        let builder = Builder::new(*context, &NativeTokens);
        let taken = cut(&builder, source, &inner)?;
        let wanted = slice.chunks_left(&kept)?;
        let made = if builder.chunks(&taken)? == wanted {
            taken
        } else {
            let told = [(CHUNKS, chunks_param(&wanted)), ("follows", followers(&follows, &inner, &kept))];
            builder.make("reshape", &[&taken], with(slice.work.parameters(), told))?
        };
        slice.finish(context, &made, &rest)
    }
}

/// Whether an axis of the old shape is an axis of the new one: as many elements lie before both, and along both.
fn is_same_axis(old: &Chunks, from: usize, new: &Chunks, to: usize) -> bool {
    let before = |chunks: &Chunks, axis: usize, length: fn(&raskt_core::chunk::AxisChunks) -> Option<u64>| {
        let mut lengths = chunks.axes()[..axis].iter().map(length);
        lengths.try_fold(1_u64, |n, length| n.checked_mul(length?))
    };
    let first = |axis: &raskt_core::chunk::AxisChunks| axis.chunk(0).and_then(|chunk| chunk.size);
    let whole = raskt_core::chunk::AxisChunks::length;
    let known = before(old, from, whole);
    old.axes()[from] == new.axes()[to]
        && known.is_some_and(|n| n > 0)
        && known == before(new, to, whole)
        // Where blocks are reshaped, whatever the whole becomes.
        && before(old, from, first) == before(new, to, first)
}

/// The axis of the result that each axis of the operand follows, when some have gone from both.
fn followers(follows: &[i64], inner: &[Cut], kept: &[Cut]) -> Param {
    let stays = |cut: &Cut| !matches!(cut, Cut::Point(_));
    let place = |place: i64| match usize::try_from(place) {
        Ok(place) => kept[..place].iter().filter(|cut| stays(cut)).count().clamped::<i64>(),
        Err(_) => -1,
    };
    integers(follows.iter().zip(inner).filter(|(_, cut)| stays(cut)).map(|(&follows, _)| place(follows)))
}
