//! Automatic chunks: blocks near a limit and never above it, on the boundaries that are there already.
//!
//! The sizes follow the previous chunks' proportions (a cube where there are none). An axis that would
//! be longer than the array, or shorter than an element, is held there and its share goes to the others.
//! Where there are previous chunks, whole ones are joined or single ones are cut into equal parts, so that
//! no new chunk needs more of the old ones than it must.

use super::AxisChunks;
use crate::{Fit, Result};

/// An axis to be cut.
#[derive(Clone, Copy)]
pub(super) struct AutoAxis<'a> {
    pub(super) length: u64,
    /// How it is cut now; all sizes known.
    pub(super) previous: Option<&'a AxisChunks>,
}

/// Chunks of `axes` such that no block has more than `budget` elements (or one, if that is more).
pub(super) fn cut(axes: &[AutoAxis<'_>], budget: u64) -> Result<Vec<AxisChunks>> {
    let weights: Vec<f64> = axes.iter().map(|axis| axis.previous.map_or(1.0, median_size)).collect();
    let lengths: Vec<u64> = axes.iter().map(|axis| axis.length.max(1)).collect();
    let sizes = sizes_within(&lengths, &weights, budget.max(1));
    let cut_axis = |(axis, &size): (&AutoAxis<'_>, &u64)| match axis.previous {
        Some(previous) if axis.length > size => regroup(previous, size),
        _ => AxisChunks::uniform(axis.length, size),
    };
    axes.iter().zip(&sizes).map(cut_axis).collect()
}

/// The median size of the chunks, at least 1: what "a chunk of this axis" is like.
fn median_size(axis: &AxisChunks) -> f64 {
    let mut runs: Vec<(u64, u64)> = axis.runs().map(|(size, n)| (size.unwrap_or(1).max(1), n)).collect();
    runs.sort_unstable();
    let mut left = u64::from(axis.n_blocks()) / 2;
    let at = runs.iter().position(|&(_, n)| {
        let inside = left < n;
        left = left.saturating_sub(n);
        inside
    });
    at.map_or(1.0, |at| runs[at].0 as f64)
}

/// A size for each axis, between 1 and its length, in proportion to `weights` where that is possible;
/// their product is at most `budget`.
fn sizes_within(lengths: &[u64], weights: &[f64], budget: u64) -> Vec<u64> {
    let mut sizes: Vec<Option<u64>> = vec![None; lengths.len()];
    let mut share = budget as f64;
    let proportional = |sizes: &[Option<u64>], share: f64| {
        let open = || (0..lengths.len()).filter(|&at| sizes[at].is_none());
        let product: f64 = open().map(|at| weights[at]).product();
        let scale = (share / product).powf(1.0 / open().count().max(1) as f64);
        open().map(|at| (at, weights[at] * scale)).collect::<Vec<_>>()
    };
    // Shortest axes first: each time one is held at its length, more is left for the others.
    loop {
        let open = proportional(&sizes, share);
        let too_long = open.iter().find(|&&(at, size)| size >= lengths[at] as f64);
        let too_short = || open.iter().find(|&&(_, size)| size < 1.0);
        let Some(&(at, size)) = too_long.or_else(too_short) else {
            // A little more, for roots that come out just below a whole number.
            open.iter().for_each(|&(at, size)| sizes[at] = Some((size + 1e-6).clamped()));
            break;
        };
        let held = if size < 1.0 { 1 } else { lengths[at] };
        sizes[at] = Some(held);
        share = (share / held as f64).max(1.0);
    }
    let mut sizes: Vec<u64> = sizes.into_iter().map(|size| size.unwrap_or(1)).collect();
    let product =
        |sizes: &[u64]| sizes.iter().fold(1u128, |product, &size| product.saturating_mul(size.into()));
    // Rounding of floats may have gone over the budget by a hair.
    while product(&sizes) > u128::from(budget) {
        match sizes.iter_mut().max() {
            Some(size) if *size > 1 => *size -= 1,
            _ => break,
        }
    }
    sizes
}

/// `axis` in chunks of at most `size`: neighbours joined, large ones cut into parts.
fn regroup(axis: &AxisChunks, size: u64) -> Result<AxisChunks> {
    let mut runs: Vec<(Option<u64>, u64)> = Vec::new();
    let mut joined = 0u64;
    let flush = |joined: &mut u64, runs: &mut Vec<(Option<u64>, u64)>| {
        runs.push((Some(*joined), u64::from(*joined > 0)));
        *joined = 0;
    };
    let known = axis.runs().filter_map(|(old, n)| old.filter(|&old| old > 0).map(|old| (old, n)));
    for (old, mut n) in known {
        if old > size {
            flush(&mut joined, &mut runs);
            split(old, n, size, &mut runs);
            continue;
        }
        let n_fitting = n.min((size - joined) / old);
        joined += n_fitting * old;
        n -= n_fitting;
        if n > 0 {
            flush(&mut joined, &mut runs);
            let n_each = size / old;
            runs.push((Some(n_each * old), n / n_each));
            joined = n % n_each * old;
        }
    }
    flush(&mut joined, &mut runs);
    AxisChunks::from_runs(runs)
}

/// `n` chunks of `old` elements, each cut into as few parts of at most `size` as can be, which differ by at most
/// one; a few parts more where these are then equal and so one run. Where neither keeps the runs few, the
/// boundaries go.
fn split(old: u64, n: u64, size: u64, runs: &mut Vec<(Option<u64>, u64)>) {
    const N_TRIED_MAX: u64 = 1024;
    const N_RUNS_MAX: u64 = 1 << 16;
    let n_parts = old.div_ceil(size);
    let mut tried = n_parts..=n_parts + (n_parts / 4).min(N_TRIED_MAX);
    if let Some(n_equal) = tried.find(|n_parts| old.is_multiple_of(*n_parts)) {
        return runs.push((Some(old / n_equal), n.saturating_mul(n_equal)));
    }
    if n > N_RUNS_MAX {
        let (length, rest) = (old * n, old * n % size);
        return runs.extend([(Some(size), length / size), (Some(rest), u64::from(rest > 0))]);
    }
    let (small, n_large) = (old / n_parts, old % n_parts);
    for _ in 0..n {
        runs.extend([(Some(small + 1), n_large), (Some(small), n_parts - n_large)]);
    }
}
