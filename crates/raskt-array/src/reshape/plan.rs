//! Which axes of one shape make up which of another.

/// Neighbouring axes of the old shape that together have as many elements as neighbouring axes of the new one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Group {
    /// Axes of the old shape.
    pub(super) old: std::ops::Range<usize>,
    /// Axes of the new shape.
    pub(super) new: std::ops::Range<usize>,
}

/// The smallest groups, in order; `old` and `new` have as many elements, and at least one.
pub(super) fn groups(old: &[u64], new: &[u64]) -> Vec<Group> {
    let (mut groups, mut i, mut j) = (Vec::new(), 0, 0);
    while i < old.len() || j < new.len() {
        let (start_old, start_new) = (i, j);
        let (mut n_old, mut n_new) = (1_u64, 1_u64);
        let take = |at: &mut usize, n: &mut u64, shape: &[u64]| {
            *n *= shape[*at];
            *at += 1;
        };
        if i < old.len() {
            take(&mut i, &mut n_old, old);
        }
        if j < new.len() {
            take(&mut j, &mut n_new, new);
        }
        while n_old != n_new {
            match n_old < n_new {
                true if i < old.len() => take(&mut i, &mut n_old, old),
                false if j < new.len() => take(&mut j, &mut n_new, new),
                _ => break,
            }
        }
        // Axes of one element at the end belong to whatever is there.
        if i == old.len() {
            while j < new.len() && new[j] == 1 {
                j += 1;
            }
        }
        if j == new.len() {
            while i < old.len() && old[i] == 1 {
                i += 1;
            }
        }
        groups.push(Group { old: start_old..i, new: start_new..j });
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_that_stay_are_groups_of_their_own() {
        let group = |old, new| Group { old, new };
        assert_eq!(
            groups(&[4, 6, 5], &[4, 2, 3, 5]),
            [group(0..1, 0..1), group(1..2, 1..3), group(2..3, 3..4)]
        );
        assert_eq!(groups(&[4, 6], &[24]), [group(0..2, 0..1)]);
        assert_eq!(groups(&[4, 6], &[3, 8]), [group(0..2, 0..2)]);
        assert_eq!(groups(&[4], &[4, 1]), [group(0..1, 0..2)]);
        assert_eq!(groups(&[], &[1]), [group(0..0, 0..1)]);
    }
}
