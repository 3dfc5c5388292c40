//! What one step of moving elements into other blocks takes: memory, and time.

use raskt_core::Fit;
use raskt_core::chunk::Chunks;
use raskt_exec::SPILL_MIN_BYTES;
use raskt_expr::Bounds;

use super::overlap::Overlap;

/// How the elements of a step travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Travel {
    /// Each new block is built straight from the old ones, of which it needs the whole.
    Whole,
    /// Old blocks are cut into pieces first, which go to disk one by one where memory is short.
    Pieces,
}

/// Nanoseconds that each pair of an old and a new block costs: one more input of a task.
const PAIR: f64 = 500.0;
/// The same where a piece is a value of its own.
const PIECE: f64 = 3_000.0;
/// The same where the piece goes to disk, and comes back.
const SPILLED_PIECE: f64 = 120_000.0;
/// Nanoseconds that a task costs.
const TASK: f64 = 3_000.0;
/// Nanoseconds to copy a byte.
const COPY: f64 = 0.3;
/// Nanoseconds to write a byte to disk, or to read it back.
const DISK: f64 = 1.0;
/// Nanoseconds for each byte that would have to go to disk and cannot, lying in values too small to be spilled: more
/// than any number of steps takes.
const OVER: f64 = 1_000.0;
/// Pieces that one block may fall into: what a task may return.
const N_PIECES_MAX: u64 = u16::MAX as u64;
/// Tasks and pieces that a layer may have.
const N_OUTPUTS_MAX: f64 = u32::MAX as f64 / 2.0;

/// What a step takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Cost {
    /// Nanoseconds, roughly; infinite for what cannot be done.
    pub time: f64,
    /// Bytes of one task's inputs and its result.
    pub task_bytes: u64,
    /// Whether values that are too small to be spilled take more memory than there is.
    pub is_over: bool,
}

/// The product of a number along each axis.
fn product(axes: &[Overlap], number: impl Fn(&Overlap) -> u64) -> f64 {
    axes.iter().map(|axis| number(axis) as f64).product()
}

/// The cost of one step whose axes lie on each other like that, for elements of `item` bytes.
pub(super) fn cost(axes: &[Overlap], item: u64, travel: Travel, bounds: Bounds) -> Cost {
    let item = item as f64;
    let (n_from, n_to) = (product(axes, |axis| axis.n_from), product(axes, |axis| axis.n_to));
    let n_pairs = product(axes, |axis| axis.n_pairs);
    let n_bytes = item * product(axes, |axis| axis.n_read.min(axis.n_from * axis.from_max));
    let new = item * product(axes, |axis| axis.to_max);
    let memory = bounds.memory_bytes.map_or(f64::INFINITY, |bytes| bytes as f64 / 2.0);
    // What has to be there at once, whatever the order: old blocks, until all that needs them is done.
    let live = window(axes) * item;
    let spilled = if live > memory { 1.0 - memory / live } else { 0.0 };
    // Old blocks, or their pieces, of the usual size: uneven ones differ.
    let n_kept = if travel == Travel::Whole { n_from } else { n_pairs };
    let is_over = spilled > 0.0 && n_bytes < SPILL_MIN_BYTES as f64 * n_kept;
    let over = if is_over { OVER * (live - memory) } else { 0.0 };
    match travel {
        Travel::Whole => {
            let task = item * product(axes, |axis| axis.span_max) + new;
            let read = item * product(axes, |axis| axis.n_read);
            let time = n_to * TASK + n_pairs * PAIR + n_bytes * COPY;
            // An old block that went to disk is read again for each new one.
            let disk = spilled * DISK * (n_bytes + read);
            Cost { time: time + disk + over, task_bytes: task.clamped::<u64>(), is_over }
        }
        Travel::Pieces => {
            let old = item * product(axes, |axis| axis.from_max);
            let is_possible = product(axes, |axis| axis.n_users_max) <= N_PIECES_MAX as f64
                && n_from * product(axes, |axis| axis.n_users_max) <= N_OUTPUTS_MAX;
            let time = (n_from + n_to) * TASK + n_pairs * PIECE + 2.0 * n_bytes * COPY;
            let disk = spilled * (2.0 * n_bytes * DISK + n_pairs * SPILLED_PIECE);
            let time = if is_possible { time + disk + over } else { f64::INFINITY };
            Cost { time, task_bytes: (2.0 * old.max(new)).clamped::<u64>(), is_over }
        }
    }
}

/// Elements of old blocks that must be there at once when new blocks are made line by line along the best axis: what
/// lies between common boundaries, but along that axis only what one new block touches.
fn window(axes: &[Overlap]) -> f64 {
    let parts = product(axes, |axis| axis.part_max);
    let along = |axis: &Overlap| parts / axis.part_max.max(1) as f64 * axis.span_max.max(1) as f64;
    axes.iter().map(along).fold(parts, f64::min)
}

/// The overlaps along all axes.
pub(super) fn overlaps(from: &Chunks, to: &Chunks) -> Vec<Overlap> {
    from.axes().iter().zip(to.axes()).map(|(from, to)| Overlap::of(from, to)).collect()
}
