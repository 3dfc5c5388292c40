//! How much memory an order takes: the yardstick of [`order`](crate::order) and of its bench.

use crate::adjacency::Adjacency;

/// The most that is live at any moment if tasks run one at a time in the order of `sequence`.
///
/// A value is live from the start of its task until its last consumer has finished, or until its own task has if it has
/// no consumer; the values of `keep` stay. `weights` are the sizes of the values, 1 each if not given. Tasks that
/// `sequence` leaves out neither run nor consume.
///
/// # Examples
///
/// ```
/// use raskt_graph::{peak::live_peak, shapes};
///
/// let inputs = shapes::chains(2, 3)?;
/// // Chain after chain: the kept end of the first one, and two neighbours of the second.
/// assert_eq!(live_peak(&inputs, &[2, 5], &[0, 1, 2, 3, 4, 5], None), 3);
/// // Both at once: two values and the next one.
/// assert_eq!(live_peak(&inputs, &[], &[0, 3, 1, 4, 2, 5], Some(&[10, 1, 1, 10, 1, 1])), 21);
/// # Ok::<(), raskt_graph::adjacency::AdjacencyError>(())
/// ```
pub fn live_peak(inputs: &Adjacency, keep: &[u32], sequence: &[u32], weights: Option<&[u64]>) -> u64 {
    const NEVER: u32 = u32::MAX;
    let weigh = |task: u32| weights.map_or(1, |weights| weights[task as usize]);
    // At which step each value is released.
    let mut releases = vec![NEVER; inputs.n_rows()];
    for (step, &task) in (0..).zip(sequence) {
        releases[task as usize] = step;
        inputs.row(task).iter().for_each(|&input| releases[input as usize] = step);
    }
    keep.iter().for_each(|&task| releases[task as usize] = NEVER);
    let (mut live, mut peak) = (0, 0);
    for (step, &task) in (0..).zip(sequence) {
        live += weigh(task);
        peak = peak.max(live);
        for &value in inputs.row(task).iter().chain([&task]) {
            if releases[value as usize] == step {
                // An input that is named twice is released once.
                releases[value as usize] = NEVER;
                live -= weigh(value);
            }
        }
    }
    peak
}
