//! Elements by a list of places, in any order: without a task for each change of block.

use raskt_core::Fit;
use raskt_core::chunk::{AxisChunks, Chunks};
use raskt_expr::Expr;

use super::cuts::{Cut, cuts_param};
use crate::builder::Builder;
use crate::error::Built;

/// The elements of `expr` at `picks` along `axis`.
///
/// Picks that go back and forth between blocks are sorted within each chunk of the result first, so that a chunk needs
/// each block once; what comes of them is joined, and put into the order that was asked for.
///
/// # Errors
/// Where places are not known.
pub fn take(builder: &Builder<'_>, expr: &Expr, axis: usize, picks: &[u64]) -> Built<Expr> {
    let chunks = builder.chunks(expr)?;
    let n_axes = chunks.n_axes();
    let along = &chunks.axes()[axis];
    if picks.len() as u64 == along.length().unwrap_or(u64::MAX) && (0..).eq(picks.iter().copied()) {
        return Ok(expr.clone());
    }
    let cut = |expr: &Expr, picks: Vec<u64>| {
        let mut cuts = vec![Cut::All; n_axes];
        cuts[axis] = Cut::Picks(picks);
        builder.make("slice", &[expr], cuts_param(&cuts))
    };
    let size = along.size_max().unwrap_or(1).max(1);
    let wanted = AxisChunks::uniform(picks.len() as u64, size)?;
    let n_runs = picks
        .windows(2)
        .filter(|pair| along.locate(pair[0]).map(|at| at.0).ok() != along.locate(pair[1]).map(|at| at.0).ok())
        .count();
    if n_runs < 2 * wanted.n_blocks() as usize + along.n_blocks() as usize {
        let taken = cut(expr, picks.to_vec())?;
        return joined(builder, &taken, axis, &wanted);
    }
    let (mut sorted, mut order) = (Vec::with_capacity(picks.len()), vec![0_u64; picks.len()]);
    for chunk in wanted.chunks().filter_map(|chunk| chunk.range()) {
        let mut places: Vec<u64> = chunk.clone().collect();
        places.sort_by_key(|&at| picks[at.fit::<usize>()]);
        for (at, place) in chunk.clone().zip(&places) {
            order[(*place).fit::<usize>()] = at;
        }
        sorted.extend(places.iter().map(|&at| picks[at.fit::<usize>()]));
    }
    let taken = joined(builder, &cut(expr, sorted)?, axis, &wanted)?;
    cut(&taken, order)
}

/// `expr` in other chunks along one axis.
fn joined(builder: &Builder<'_>, expr: &Expr, axis: usize, wanted: &AxisChunks) -> Built<Expr> {
    let mut axes = builder.chunks(expr)?.axes().to_vec();
    // Few and small chunks only are worth joining.
    if axes[axis].n_blocks() > wanted.n_blocks() {
        axes[axis] = wanted.clone();
    }
    crate::rechunk::to(builder, expr, &Chunks::new(axes)?)
}
