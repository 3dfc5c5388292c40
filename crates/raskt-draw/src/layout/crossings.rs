//! Counting crossings between two neighbouring layers.

/// Crossings between a layer and the next, given for each vertex of the layer, in order, the positions of its
/// neighbours in the next (Barth, Jünger and Mutzel, 2002: inversions counted in an accumulator tree).
pub(crate) fn count_crossings(neighbours: impl Iterator<Item = Vec<u32>>, n_next: usize) -> u64 {
    let first_leaf = n_next.next_power_of_two().max(1);
    let mut tree = vec![0_u32; 2 * first_leaf];
    let mut total = 0;
    for mut positions in neighbours {
        positions.sort_unstable();
        for position in positions {
            let mut index = first_leaf + position as usize;
            tree[index] += 1;
            while index > 1 {
                if index.is_multiple_of(2) {
                    total += u64::from(tree[index + 1]);
                }
                index /= 2;
                tree[index] += 1;
            }
        }
    }
    total
}

/// Crossings between the edges of two vertices of one layer if `left` stands left of `right`, given the
/// sorted positions of their neighbours.
pub(crate) fn crossings_of_pair(left: &[u32], right: &[u32]) -> u64 {
    let (mut total, mut below) = (0, 0);
    for &position in left {
        while right.get(below).is_some_and(|&other| other < position) {
            below += 1;
        }
        total += below as u64;
    }
    total
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn naive(edges: &[Vec<u32>]) -> u64 {
        let flat: Vec<(usize, u32)> =
            edges.iter().enumerate().flat_map(|(i, near)| near.iter().map(move |&p| (i, p))).collect();
        let crosses = |a: &(usize, u32), b: &(usize, u32)| a.0 < b.0 && a.1 > b.1;
        flat.iter().map(|a| flat.iter().filter(|b| crosses(a, b)).count() as u64).sum()
    }

    proptest! {
        #[test]
        fn the_tree_counts_what_comparing_all_pairs_counts(
            edges in prop::collection::vec(prop::collection::vec(0..9_u32, 0..5), 0..8)
        ) {
            prop_assert_eq!(count_crossings(edges.iter().cloned(), 9), naive(&edges));
        }

        #[test]
        fn a_pair_counts_like_a_layer_of_two(
            mut left in prop::collection::vec(0..9_u32, 0..6),
            mut right in prop::collection::vec(0..9_u32, 0..6),
        ) {
            left.sort_unstable();
            right.sort_unstable();
            prop_assert_eq!(crossings_of_pair(&left, &right), naive(&[left.clone(), right.clone()]));
        }
    }
}
