//! How much memory each task needs, were its inputs trees.
//!
//! Sethi and Ullman ("The generation of optimal code for arithmetic expressions", 1970) number the nodes of an
//! expression by the registers they need; fetching the neediest input first is optimal for trees whose values all have
//! one size. Liu ("On the storage requirement in the out-of-core multifrontal method", 1986) has the same for any size:
//! first the input with the largest difference between what it needs and what it leaves. Where inputs are shared the
//! numbers overestimate and are hints only.

use super::simulation::Problem;

/// For each task what it needs beyond what it leaves, coarsely: the preference among the inputs of one task.
///
/// `sequence` must hold inputs before their consumers.
pub(super) fn excesses(problem: Problem<'_>, sequence: &[u32]) -> Vec<u32> {
    let weight = |task: u32| problem.weights.coarse(task);
    let mut excesses = vec![0_u32; problem.inputs.n_rows()];
    let mut row: Vec<(u32, u32)> = Vec::new();
    for &task in sequence {
        row.clear();
        row.extend(problem.inputs.row(task).iter().map(|&input| (excesses[input as usize], weight(input))));
        row.sort_unstable_by(|left, right| right.cmp(left));
        let (mut held, mut need) = (0_u32, 0_u32);
        for &(excess, weight) in &row {
            held = held.saturating_add(weight);
            need = need.max(held.saturating_add(excess));
        }
        let weight = weight(task);
        excesses[task as usize] = need.max(held.saturating_add(weight)) - weight;
    }
    excesses
}

/// `excess` in quarters of an octave: differences too small to outweigh the order in which inputs are named.
pub(super) fn quarter_octaves(excess: u32) -> u32 {
    let value = excess.saturating_add(1);
    let octave = value.ilog2();
    let quarter = if octave < 2 { value << (2 - octave) } else { value >> (octave - 2) } & 3;
    octave * 4 + quarter
}
