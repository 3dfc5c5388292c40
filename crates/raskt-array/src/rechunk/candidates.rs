//! Chunkings that may lie between two others.

use raskt_core::chunk::{AxisChunks, Chunks};
use raskt_core::{Fit, Result};

/// The most combinations that are looked at.
const N_COMBINATIONS_MAX: usize = 4096;
/// The most chunkings of one axis.
const N_PER_AXIS_MAX: usize = 10;

/// For each axis, chunkings that a step between `from` and `to` could have: those of both ends, and the finer one's
/// chunks joined to ever larger ones.
pub(super) fn candidates(from: &Chunks, to: &Chunks) -> Result<Vec<Vec<AxisChunks>>> {
    let n_changed = from.axes().iter().zip(to.axes()).filter(|(from, to)| from != to).count();
    let fits = |n: &usize| n.checked_pow(n_changed.fit::<u32>()).is_some_and(|n| n <= N_COMBINATIONS_MAX);
    let n_each = (2..=N_PER_AXIS_MAX).rev().find(fits).unwrap_or(2);
    from.axes().iter().zip(to.axes()).map(|(from, to)| of_axis(from, to, n_each)).collect()
}

fn of_axis(from: &AxisChunks, to: &AxisChunks, n_max: usize) -> Result<Vec<AxisChunks>> {
    if from == to {
        return Ok(vec![from.clone()]);
    }
    let mut found = vec![from.clone(), to.clone()];
    let finer = if from.n_blocks() >= to.n_blocks() { from } else { to };
    let (length, least) = (finer.length().unwrap_or(0), finer.size_max().unwrap_or(1).max(1));
    let n_steps = (n_max - 1).max(2) as f64;
    let ratio = (length as f64 / least as f64).powf(1.0 / n_steps).max(1.5);
    let mut size = least as f64 * ratio;
    while found.len() < n_max && size < length as f64 * 1.01 {
        let joined = joined(finer, size.round().clamped::<u64>())?;
        if !found.contains(&joined) {
            found.push(joined);
        }
        size *= ratio;
    }
    Ok(found)
}

/// Neighbours of `axis` joined to chunks of `size` at most, where one alone is not larger.
pub(crate) fn joined(axis: &AxisChunks, size: u64) -> Result<AxisChunks> {
    let mut runs: Vec<(Option<u64>, u64)> = Vec::new();
    let mut open = 0;
    for (old, n) in axis.runs() {
        let (old, mut n) = (old.unwrap_or(0), n);
        if old == 0 {
            continue;
        }
        let n_here = n.min(size.saturating_sub(open) / old);
        open += n_here * old;
        n -= n_here;
        if n > 0 {
            runs.push((Some(open), u64::from(open > 0)));
            let n_each = (size / old).max(1);
            runs.push((Some(n_each * old), n / n_each));
            open = n % n_each * old;
        }
    }
    runs.push((Some(open), u64::from(open > 0)));
    if runs.iter().all(|run| run.1 == 0) {
        return Ok(axis.clone());
    }
    AxisChunks::from_runs(runs)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn joined_chunks_keep_boundaries_and_stay_below_the_size(
            sizes in prop::collection::vec(0_u64..9, 1..20), size in 1_u64..40,
        ) {
            let axis = AxisChunks::from_sizes(sizes.clone()).unwrap();
            let found = joined(&axis, size).unwrap();
            prop_assert_eq!(found.length(), axis.length());
            let ends = |axis: &AxisChunks| {
                axis.chunks().filter_map(|chunk| chunk.range()).map(|range| range.end).collect::<Vec<_>>()
            };
            let old = ends(&axis);
            prop_assert!(ends(&found).iter().all(|end| old.contains(end)));
            let most = size.max(axis.size_max().unwrap());
            prop_assert!(found.size_max().unwrap() <= most);
        }
    }
}
