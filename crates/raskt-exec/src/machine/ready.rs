//! The ready set: tasks that could start, first in the global order first.

use raskt_core::Fit;
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// A set of ranks that finds its minimum fast: a bitmap and, above it, bitmaps of which words are not empty.
///
/// A million ranks take 128 KiB, and insertion and removal of the minimum touch one word a level. Tasks that
/// came into being while the graph ran have no rank of their own: they wait in a heap, under the rank of
/// the task they grew from, and go before it.
#[derive(Debug, Default)]
pub struct ReadySet {
    /// `levels[0]` has a bit a rank; `levels[k + 1]` a bit a word of `levels[k]`.
    levels: Vec<Vec<u64>>,
    /// Late tasks: (rank of their origin, number).
    late: BinaryHeap<Reverse<(u32, u32)>>,
    n_ranked: usize,
}

/// What [`ReadySet::pop`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// A task of the graph as it was planned, by its rank.
    Ranked(u32),
    /// A task that came later, by its number.
    Late(u32),
}

impl ReadySet {
    /// An empty set of ranks below `n_ranks`.
    #[must_use]
    pub fn new(n_ranks: usize) -> Self {
        let mut levels = Vec::new();
        let mut n_words = n_ranks.div_ceil(64).max(1);
        loop {
            levels.push(vec![0; n_words]);
            if n_words == 1 {
                return Self { levels, late: BinaryHeap::new(), n_ranked: 0 };
            }
            n_words = n_words.div_ceil(64);
        }
    }

    /// How many tasks are ready.
    #[must_use]
    pub fn len(&self) -> usize {
        self.n_ranked + self.late.len()
    }

    /// Whether no task is ready.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds the task with `rank`, which is not there.
    pub fn insert(&mut self, rank: u32) {
        let mut index = rank as usize;
        for level in &mut self.levels {
            let word = &mut level[index / 64];
            let was_empty = *word == 0;
            *word |= 1 << (index % 64);
            if !was_empty {
                break;
            }
            index /= 64;
        }
        self.n_ranked += 1;
    }

    /// Makes room for ranks below `n_ranks`; never shrinks.
    pub fn grow(&mut self, n_ranks: usize) {
        if n_ranks <= self.levels[0].len() * 64 {
            return;
        }
        let grown = Self::new(n_ranks);
        let old = std::mem::replace(&mut self.levels, grown.levels);
        self.levels[0][..old[0].len()].copy_from_slice(&old[0]);
        for at in 1..self.levels.len() {
            let (below, above) = self.levels.split_at_mut(at);
            for (index, _) in below[at - 1].iter().enumerate().filter(|(_, word)| **word != 0) {
                above[0][index / 64] |= 1 << (index % 64);
            }
        }
    }

    /// Whether the task with `rank` is there.
    #[must_use]
    pub fn contains(&self, rank: u32) -> bool {
        self.levels[0].get(rank as usize / 64).is_some_and(|word| word >> (rank % 64) & 1 == 1)
    }

    /// The late tasks, in no order.
    pub fn late(&self) -> impl Iterator<Item = u32> + '_ {
        self.late.iter().map(|Reverse((_, task))| *task)
    }

    /// Removes a late task, wherever it stands.
    pub fn remove_late(&mut self, task: u32) {
        self.late.retain(|Reverse((_, late))| *late != task);
    }

    /// Adds a task that came into being under a task of rank `origin`.
    pub fn insert_late(&mut self, origin: u32, task: u32) {
        self.late.push(Reverse((origin, task)));
    }

    /// The rank that [`ReadySet::pop`] would serve.
    #[must_use]
    pub fn first_rank(&self) -> Option<u32> {
        let late = self.late.peek().map(|Reverse((origin, _))| *origin);
        match (self.first_ranked(), late) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }

    /// Removes the first task.
    pub fn pop(&mut self) -> Option<Next> {
        let ranked = self.first_ranked();
        if let Some(Reverse((origin, task))) = self.late.peek().copied()
            && ranked.is_none_or(|rank| origin <= rank)
        {
            self.late.pop();
            return Some(Next::Late(task));
        }
        let rank = ranked?;
        self.remove(rank);
        Some(Next::Ranked(rank))
    }

    fn first_ranked(&self) -> Option<u32> {
        if self.n_ranked == 0 {
            return None;
        }
        let top = self.levels.last()?;
        let mut index = 0;
        debug_assert!(top.len() == 1);
        for level in self.levels.iter().rev() {
            index = index * 64 + level[index].trailing_zeros() as usize;
        }
        Some(index.fit::<u32>())
    }

    /// Removes the task with `rank`, which is there.
    pub fn remove(&mut self, rank: u32) {
        let mut index = rank as usize;
        for level in &mut self.levels {
            let word = &mut level[index / 64];
            *word &= !(1 << (index % 64));
            if *word != 0 {
                break;
            }
            index /= 64;
        }
        self.n_ranked -= 1;
    }
}

/// The ready tasks of one lane: those that need nothing, and those that were woken by what they need.
#[derive(Debug)]
pub(crate) struct Ready {
    /// Tasks with inputs. Running one gives back memory, or at least lets others do so.
    pub users: ReadySet,
    /// Tasks without inputs. Running one only takes memory.
    pub sources: ReadySet,
}

impl Ready {
    /// No task, of ranks below `n_ranks`.
    pub fn new(n_ranks: usize) -> Self {
        Self { users: ReadySet::new(n_ranks), sources: ReadySet::new(n_ranks) }
    }

    /// How many tasks wait in the open part.
    #[inline]
    pub fn len(&self, has_sources: bool) -> usize {
        self.users.len() + if has_sources { self.sources.len() } else { 0 }
    }

    /// The first rank in the open part.
    pub fn first_rank(&self, has_sources: bool) -> Option<u32> {
        let source = if has_sources { self.sources.first_rank() } else { None };
        self.users.first_rank().into_iter().chain(source).min()
    }

    /// Removes the first task of the open part.
    #[inline]
    pub fn pop(&mut self, has_sources: bool) -> Option<Next> {
        if !has_sources || self.sources.is_empty() {
            return self.users.pop();
        }
        if self.users.is_empty() {
            return self.sources.pop();
        }
        if self.users.first_rank() < self.sources.first_rank() {
            self.users.pop()
        } else {
            self.sources.pop()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[test]
    fn late_tasks_go_before_the_rank_they_grew_from() {
        let mut ready = ReadySet::new(10);
        ready.insert(4);
        ready.insert(6);
        ready.insert_late(5, 100);
        ready.insert_late(6, 101);
        let popped: Vec<_> = std::iter::from_fn(|| ready.pop()).collect();
        assert_eq!(popped, [Next::Ranked(4), Next::Late(100), Next::Late(101), Next::Ranked(6)]);
    }

    proptest! {
        #[test]
        fn a_set_that_grew_and_lost_members_serves_the_rest(
            ranks in prop::collection::btree_set(0u32..5000, 0..80),
            more in prop::collection::btree_set(5000u32..300_000, 0..20),
            gone in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
        ) {
            let mut ready = ReadySet::new(5000);
            ranks.iter().for_each(|&rank| ready.insert(rank));
            ready.grow(300_000);
            more.iter().for_each(|&rank| ready.insert(rank));
            let mut model: BTreeSet<u32> = ranks.union(&more).copied().collect();
            for index in gone {
                if model.is_empty() {
                    break;
                }
                let rank = *index.get(&model.iter().copied().collect::<Vec<_>>());
                model.remove(&rank);
                ready.remove(rank);
                prop_assert!(!ready.contains(rank));
            }
            prop_assert!(model.iter().all(|&rank| ready.contains(rank)));
            let popped: Vec<_> = std::iter::from_fn(|| ready.pop()).collect();
            prop_assert_eq!(popped, model.into_iter().map(Next::Ranked).collect::<Vec<_>>());
        }

        #[test]
        fn it_serves_the_minimum_as_a_btree_does(n in 1usize..9000, steps in prop::collection::vec((any::<bool>(), any::<u32>()), 0..300)) {
            let (mut ready, mut model) = (ReadySet::new(n), BTreeSet::new());
            for (insert, rank) in steps {
                let rank = rank % n as u32;
                if insert {
                    if model.insert(rank) {
                        ready.insert(rank);
                    }
                } else {
                    prop_assert_eq!(ready.pop(), model.pop_first().map(Next::Ranked));
                }
                prop_assert_eq!(ready.len(), model.len());
                prop_assert_eq!(ready.first_rank(), model.first().copied());
            }
        }
    }
}
