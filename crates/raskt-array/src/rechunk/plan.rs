//! The steps in which blocks become other blocks, chosen by what they cost within the bounds of memory.
//!
//! One step is best most of the time. Where each old block is needed by many new ones and each new one needs many old
//! ones (rows to columns), the number of pairs grows with the product of both; a chunking between the two has far fewer
//! pairs with either. Where not all fits into memory, old blocks are cut into pieces that go to disk one by one; pieces too
//! small to be spilled are avoided by a chunking between, too.

use raskt_core::chunk::{AxisChunks, Chunks};
use raskt_core::{ErrorKind, Result};
use raskt_expr::Bounds;

use super::candidates::candidates;
use super::cost::{Cost, Travel, cost, overlaps};
use super::overlap::Overlap;

/// The largest block between two steps, where nobody says anything else.
pub const BLOCK_BYTES: u64 = 128 << 20;
/// Pairs for each block, old and new, from which on chunkings between the two are looked for.
const THRESHOLD: f64 = 4.0;
/// Pairs that are never too many.
const N_PAIRS_MIN: f64 = 20_000.0;
/// The most steps.
const N_STEPS_MAX: usize = 4;

/// What a plan has to keep to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rules {
    /// Bytes of an element.
    pub item_bytes: u64,
    /// What the computation may take.
    pub bounds: Bounds,
    /// The largest block that a step between may make; those of both ends may be larger.
    pub block_bytes: u64,
    /// Pairs for each block from which on there may be steps between; by default what costs least.
    pub threshold: Option<f64>,
    /// How elements travel; by default as costs least.
    pub travel: Option<Travel>,
}

impl Rules {
    /// Rules for elements of `item_bytes`, all else as it is by default.
    #[must_use]
    pub fn of(item_bytes: u64) -> Self {
        Self {
            item_bytes,
            bounds: Bounds::default(),
            block_bytes: BLOCK_BYTES,
            threshold: None,
            travel: None,
        }
    }
}

/// One step: the blocks that it makes, and how elements get there.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// How the result is cut.
    pub chunks: Chunks,
    /// How elements travel.
    pub travel: Travel,
    /// Bytes that one task of it holds: its inputs and its result.
    pub task_bytes: u64,
}

/// The steps from one cutting of an array to another; the last one's chunks are `to`.
///
/// ```
/// use raskt_array::rechunk::{Rules, plan};
/// use raskt_core::chunk::{AxisChunks, Chunks};
/// let (one, whole) = (AxisChunks::uniform(20_000, 10)?, AxisChunks::uniform(20_000, 20_000)?);
/// let rows = Chunks::new([one.clone(), whole.clone()])?;
/// let columns = Chunks::new([whole, one])?;
/// let steps = plan(&rows, &columns, &Rules::of(8))?;
/// assert!(steps.len() > 1, "4,000,000 pairs of a row and a column are too many");
/// assert_eq!(steps[steps.len() - 1].chunks, columns);
/// # Ok::<(), raskt_core::Error>(())
/// ```
///
/// # Errors
/// [`ErrorKind::InvalidValue`] for sizes that are not known, and where no steps lead there.
pub fn plan(from: &Chunks, to: &Chunks, rules: &Rules) -> Result<Vec<Step>> {
    if from.shape().contains(&None) || from.shape() != to.shape() {
        let what = format!("chunks of {from} cannot become chunks of {to}");
        return Err(ErrorKind::InvalidValue(what).into());
    }
    let (mut steps, mut time) = direct(from, to, rules);
    while steps.len() < N_STEPS_MAX {
        let Some((better, better_time)) = divided(from, &steps, rules)?.filter(|found| found.1 < time) else {
            break;
        };
        (steps, time) = (better, better_time);
    }
    match time.is_finite() {
        true => Ok(steps),
        false => {
            let what = format!("chunks of {from} cannot become chunks of {to}: too many pieces");
            Err(ErrorKind::InvalidValue(what).into())
        }
    }
}

/// One step, as it is best.
fn direct(from: &Chunks, to: &Chunks, rules: &Rules) -> (Vec<Step>, f64) {
    let (travel, cost) = best_travel(&overlaps(from, to), rules);
    (vec![Step { chunks: to.clone(), travel, task_bytes: cost.task_bytes }], cost.time)
}

/// The better way to travel: the cheaper of those whose tasks fit into memory side by side, else the one that takes
/// less of it.
fn best_travel(axes: &[Overlap], rules: &Rules) -> (Travel, Cost) {
    let of = |travel| (travel, cost(axes, rules.item_bytes, travel, rules.bounds));
    if let Some(travel) = rules.travel {
        return of(travel);
    }
    let (whole, pieces) = (of(Travel::Whole), of(Travel::Pieces));
    let room =
        rules.bounds.memory_bytes.map_or(u64::MAX, |bytes| bytes / rules.bounds.n_workers.max(1) as u64);
    let is_whole = match (whole.1.task_bytes <= room, pieces.1.task_bytes <= room) {
        _ if !pieces.1.time.is_finite() => true,
        (true, true) => whole.1.time <= pieces.1.time,
        (fits, other) if fits != other => fits,
        _ => whole.1.task_bytes <= pieces.1.task_bytes,
    };
    if is_whole { whole } else { pieces }
}

/// `steps` with the step of most pairs in two, where it has more than it should, and the time of all.
fn divided(from: &Chunks, steps: &[Step], rules: &Rules) -> Result<Option<(Vec<Step>, f64)>> {
    let starts = || std::iter::once(from).chain(steps.iter().map(|step| &step.chunks));
    let excess = |(start, step): (&Chunks, &Step)| {
        let axes = overlaps(start, &step.chunks);
        let count = |of: fn(&Overlap) -> u64| axes.iter().map(|axis| of(axis) as f64).product::<f64>();
        let n_pairs = count(|axis| axis.n_pairs);
        let n_blocks = count(|axis| axis.n_from) + count(|axis| axis.n_to);
        let best = best_travel(&axes, rules).1;
        let is_impossible = !best.time.is_finite() || best.is_over;
        let is_few = rules.threshold.is_none() && n_pairs < N_PAIRS_MIN;
        let is_excess = n_pairs > rules.threshold.unwrap_or(THRESHOLD) * n_blocks && !is_few;
        (is_excess || is_impossible).then_some(n_pairs)
    };
    let most = starts().zip(steps).map(excess).enumerate().filter_map(|(at, excess)| Some((at, excess?)));
    let Some((at, _)) = most.max_by(|a, b| a.1.total_cmp(&b.1)) else { return Ok(None) };
    let Some(start) = starts().nth(at) else { return Ok(None) };
    let Some(between) = between(start, &steps[at].chunks, rules)? else { return Ok(None) };
    let mut all = steps.to_vec();
    all.splice(
        at..=at,
        [direct(start, &between, rules).0, direct(&between, &steps[at].chunks, rules).0].concat(),
    );
    let ends = std::iter::once(from).chain(all.iter().map(|step| &step.chunks));
    let time = ends.zip(&all).map(|(start, step)| direct(start, &step.chunks, rules).1).sum();
    Ok(Some((all, time)))
}

/// The chunking between two others by which moving costs least, within the bound of a block's bytes.
fn between(from: &Chunks, to: &Chunks, rules: &Rules) -> Result<Option<Chunks>> {
    let axes: Vec<Vec<AxisChunks>> = candidates(from, to)?;
    // What each candidate costs along its axis, before and after.
    let lies = |(at, axis): (usize, &Vec<AxisChunks>)| {
        let one = |between: &AxisChunks| {
            (Overlap::of(&from.axes()[at], between), Overlap::of(between, &to.axes()[at]))
        };
        axis.iter().map(one).collect::<Vec<_>>()
    };
    let overlaps: Vec<Vec<(Overlap, Overlap)>> = axes.iter().enumerate().map(lies).collect();
    let block = |chunks: &Chunks| -> u64 {
        let sizes = chunks.axes().iter().filter_map(AxisChunks::size_max);
        sizes.fold(rules.item_bytes, u64::saturating_mul)
    };
    let most = rules.block_bytes.max(block(from)).max(block(to));
    let mut best: Option<(f64, Vec<usize>)> = None;
    let mut index = vec![0; axes.len()];
    loop {
        let chosen = || index.iter().zip(&overlaps).map(|(&at, axis)| axis[at]);
        let bytes = chosen().map(|(before, _)| before.to_max).fold(rules.item_bytes, u64::saturating_mul);
        if bytes <= most {
            let (before, after): (Vec<_>, Vec<_>) = chosen().unzip();
            let time = best_travel(&before, rules).1.time + best_travel(&after, rules).1.time;
            if best.as_ref().is_none_or(|(least, _)| time < *least) {
                best = Some((time, index.clone()));
            }
        }
        if !advance(&mut index, &axes) {
            break;
        }
    }
    let Some((_, index)) = best else { return Ok(None) };
    let chunks = Chunks::new(index.iter().zip(&axes).map(|(&at, axis)| axis[at].clone()))?;
    Ok(Some(chunks).filter(|chunks| chunks != from && chunks != to))
}

/// The next combination; whether there was one.
fn advance(index: &mut [usize], axes: &[Vec<AxisChunks>]) -> bool {
    for (at, axis) in index.iter_mut().zip(axes).rev() {
        *at += 1;
        if *at < axis.len() {
            return true;
        }
        *at = 0;
    }
    false
}
