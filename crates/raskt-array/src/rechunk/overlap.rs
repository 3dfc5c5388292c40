//! How two cuttings of an axis lie on each other: what moving between them costs, along that axis.

use raskt_core::chunk::AxisChunks;

/// Counts and sizes of the overlaps of old chunks with new ones, along one axis.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Overlap {
    /// Old chunks.
    pub n_from: u64,
    /// New chunks.
    pub n_to: u64,
    /// Pairs of an old and a new chunk that share elements; at least one for each new chunk.
    pub n_pairs: u64,
    /// The most new chunks that one old chunk is a source of.
    pub n_users_max: u64,
    /// The largest old chunk.
    pub from_max: u64,
    /// The largest new chunk.
    pub to_max: u64,
    /// The most elements of all old chunks that one new chunk touches.
    pub span_max: u64,
    /// The same, of all new chunks together: what is read where nothing is kept.
    pub n_read: u64,
    /// The most elements between two boundaries that both cuttings have.
    pub part_max: u64,
}

/// The sizes of chunks that are not empty.
fn sizes(axis: &AxisChunks) -> impl Iterator<Item = u64> + '_ {
    axis.sizes().flatten().filter(|&size| size > 0)
}

impl Overlap {
    /// How `to` lies on `from`: two cuttings of one length, all sizes known.
    pub(super) fn of(from: &AxisChunks, to: &AxisChunks) -> Self {
        let (n_from, n_to) = (u64::from(from.n_blocks()), u64::from(to.n_blocks()));
        let (from_max, to_max) = (from.size_max().unwrap_or(0), to.size_max().unwrap_or(0));
        if from == to {
            let n_read = from.length().unwrap_or(0);
            return Self {
                n_from,
                n_to,
                n_pairs: n_to,
                n_users_max: 1,
                from_max,
                to_max,
                span_max: from_max,
                n_read,
                part_max: from_max,
            };
        }
        let mut found = Self {
            n_from,
            n_to,
            n_pairs: 0,
            n_users_max: 1,
            from_max,
            to_max,
            span_max: 0,
            n_read: 0,
            part_max: 0,
        };
        found.walk(from, to);
        // Empty chunks need a source, too.
        found.n_pairs = found.n_pairs.max(n_to);
        found
    }

    /// Goes along both cuttings at once.
    fn walk(&mut self, from: &AxisChunks, to: &AxisChunks) {
        let mut olds = sizes(from);
        // The old chunk at hand: its size, and where it ends.
        let (mut old, mut old_end, mut n_users) = (0, 0, 0);
        let (mut new_start, mut part_start) = (0, 0);
        for new in sizes(to) {
            let new_end = new_start + new;
            let mut span = 0;
            if old_end > new_start {
                // The last one reaches into this chunk.
                span = old;
                n_users += 1;
                self.n_pairs += 1;
            }
            while old_end < new_end {
                self.n_users_max = self.n_users_max.max(n_users);
                let Some(size) = olds.next() else { break };
                if old_end == new_start {
                    self.part_max = self.part_max.max(new_start - part_start);
                    part_start = new_start;
                }
                (old, old_end, n_users) = (size, old_end + size, 1);
                span += size;
                self.n_pairs += 1;
            }
            self.span_max = self.span_max.max(span);
            self.n_read += span;
            new_start = new_end;
        }
        self.n_users_max = self.n_users_max.max(n_users);
        self.part_max = self.part_max.max(new_start - part_start);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn axis(cuts: &[u64], length: u64) -> AxisChunks {
        let mut ends: Vec<u64> = cuts.iter().map(|cut| cut % (length + 1)).chain([length]).collect();
        ends.sort_unstable();
        let starts = [0].into_iter().chain(ends.iter().copied());
        AxisChunks::from_sizes(starts.zip(ends.clone()).map(|(start, end)| end - start).collect::<Vec<_>>())
            .unwrap()
    }

    proptest! {
        #[test]
        fn counts_are_those_of_looking_at_all_pairs(
            length in 1_u64..60,
            from in prop::collection::vec(0_u64..1000, 0..9),
            to in prop::collection::vec(0_u64..1000, 0..9),
        ) {
            let (from, to) = (axis(&from, length), axis(&to, length));
            let ranges = |axis: &AxisChunks| {
                axis.chunks().filter_map(|chunk| chunk.range()).filter(|range| !range.is_empty()).collect::<Vec<_>>()
            };
            let (olds, news) = (ranges(&from), ranges(&to));
            let meet = |a: &std::ops::Range<u64>, b: &std::ops::Range<u64>| a.start < b.end && b.start < a.end;
            let spans: Vec<u64> = news
                .iter()
                .map(|new| olds.iter().filter(|old| meet(old, new)).map(|old| old.end - old.start).sum())
                .collect();
            let n_pairs = olds.iter().map(|old| news.iter().filter(|new| meet(old, new)).count()).sum::<usize>();
            let users = olds.iter().map(|old| news.iter().filter(|new| meet(old, new)).count()).max();
            let common: Vec<u64> = [0]
                .into_iter()
                .chain(olds.iter().map(|old| old.end).filter(|end| news.iter().any(|new| new.end == *end)))
                .collect();
            let found = Overlap::of(&from, &to);
            prop_assert_eq!(found.n_pairs, (n_pairs as u64).max(u64::from(to.n_blocks())));
            prop_assert_eq!(found.n_users_max, users.unwrap() as u64);
            if from != to {
                prop_assert_eq!(found.span_max, *spans.iter().max().unwrap());
                prop_assert_eq!(found.n_read, spans.iter().sum::<u64>());
                let part_max = common.windows(2).map(|pair| pair[1] - pair[0]).max();
                prop_assert_eq!(found.part_max, part_max.unwrap());
            }
        }
    }
}
