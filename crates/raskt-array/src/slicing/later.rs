//! Indices of axes whose lengths are not known: what can be taken at once is, the rest once they are.

use raskt_core::Param;
use raskt_core::chunk::{AxisChunks, Chunks};
use raskt_expr::Expr;

use super::Index;
use super::build::slice;
use crate::builder::Builder;
use crate::deferred::{PromisedAxis, later};
use crate::error::{ArrayError, Built};

/// Fewer elements are one chunk.
const ONE_CHUNK_MAX: u64 = 1 << 16;

/// Whether an item of a complete index waits for the length of its axis.
pub(super) fn waits(chunks: &Chunks, index: &[Index]) -> bool {
    let axes = index.iter().filter(|item| **item != Index::New).zip(chunks.axes());
    axes.into_iter().any(|(item, axis)| axis.length().is_none() && !item.is_all())
}

/// `expr[index]`, of a complete index of which some items wait.
pub(super) fn sliced(builder: &Builder<'_>, expr: &Expr, chunks: &Chunks, index: &[Index]) -> Built<Expr> {
    let (mut at_once, mut waiting, mut axis) = (Vec::new(), Vec::new(), 0);
    for item in index {
        let is_unknown = *item != Index::New && chunks.axes()[axis].length().is_none();
        axis += usize::from(*item != Index::New);
        if is_unknown && !item.is_all() {
            at_once.push(Index::from(..));
            waiting.push(item.clone());
        } else {
            at_once.push(item.clone());
            if !matches!(item, Index::Point(_)) {
                waiting.push(Index::from(..));
            }
        }
    }
    let ready = slice(builder, expr, &at_once)?;
    let mut axes = Vec::with_capacity(waiting.len());
    for (at, item) in waiting.iter().enumerate() {
        axes.extend(promised(&PromisedAxis::of(builder, &ready, at)?, item)?);
    }
    let parameters = Param::map([("index", Param::List(waiting.iter().map(Index::to_param).collect()))]);
    later(builder, "slice", std::slice::from_ref(&ready), &parameters, axes, &builder.dtype(&ready)?)
}

/// What is promised of an axis that an item is taken of; nothing where the axis goes.
fn promised(own: &PromisedAxis, item: &Index) -> Built<Option<PromisedAxis>> {
    let n_places = |n: usize| Ok(Some(PromisedAxis::known(AxisChunks::from_sizes([n as u64])?)));
    match item {
        item if item.is_all() => Ok(Some(own.clone())),
        Index::Point(_) => Ok(None),
        Index::Picks(picks) => n_places(picks.len()),
        Index::Mask(mask) => n_places(mask.iter().filter(|&&taken| taken).count()),
        Index::Range { step: Some(0), .. } => Err(ArrayError::value("slice step cannot be zero")),
        Index::Range { start, stop, step } => {
            let is_from_front = |part: &Option<i64>| part.is_none_or(|part| part >= 0);
            let length_max = if is_from_front(start) && is_from_front(stop) && step.unwrap_or(1) > 0 {
                let longest = own.length_max.or_else(|| stop.and_then(|stop| u64::try_from(stop).ok()));
                longest.map(|longest| item.n_taken(longest))
            } else {
                own.length_max
            };
            let is_small = length_max.is_some_and(|n| n <= ONE_CHUNK_MAX);
            let n_blocks = if is_small { 1 } else { own.chunks.n_blocks() };
            Ok(Some(PromisedAxis::unknown(n_blocks, length_max)?))
        }
        Index::New | Index::Ellipsis => Ok(Some(own.clone())),
    }
}
