//! Workers by level, of which the lowest and the highest are found without a search.

use raskt_core::{DenseId, Fit};

use crate::ids::WorkerId;

const N_LEVELS: usize = 64;

/// Workers, each at one of 64 levels or at none. A change and a look at either end cost the same for any number of workers.
#[derive(Debug)]
pub(crate) struct Levels {
    /// The level of each worker, and its place there.
    places: Vec<Option<(u8, u32)>>,
    levels: Vec<Vec<WorkerId>>,
    /// Bit `i` is set where level `i` has workers.
    occupied: u64,
}

impl Levels {
    pub fn new() -> Self {
        Self { places: Vec::new(), levels: vec![Vec::new(); N_LEVELS], occupied: 0 }
    }

    /// Puts a worker at a level, the highest for any beyond, or at none.
    pub fn set(&mut self, worker: WorkerId, level: Option<usize>) {
        let level = level.map(|level| level.min(N_LEVELS - 1).fit::<u8>());
        if self.places.len() <= worker.index() {
            self.places.resize(worker.index() + 1, None);
        }
        let old = self.places[worker.index()];
        if old.map(|(level, _)| level) == level {
            return;
        }
        if let Some((level, place)) = old {
            let workers = &mut self.levels[level as usize];
            workers.swap_remove(place as usize);
            match workers.get(place as usize) {
                Some(&moved) => self.places[moved.index()] = Some((level, place)),
                None if workers.is_empty() => self.occupied &= !(1 << level),
                None => {}
            }
        }
        self.places[worker.index()] = level.map(|level| {
            let workers = &mut self.levels[level as usize];
            workers.push(worker);
            self.occupied |= 1 << level;
            (level, (workers.len() - 1).fit())
        });
    }

    pub fn get(&self, worker: WorkerId) -> Option<usize> {
        let place = self.places.get(worker.index()).copied().flatten();
        place.map(|(level, _)| level as usize)
    }

    /// A worker of the lowest level.
    pub fn lowest(&self) -> Option<WorkerId> {
        let level = self.occupied.trailing_zeros() as usize;
        self.levels.get(level)?.last().copied()
    }

    /// Workers from the highest level down.
    pub fn descending(&self) -> impl Iterator<Item = WorkerId> + '_ {
        let n_levels = N_LEVELS - self.occupied.leading_zeros() as usize;
        self.levels[..n_levels].iter().rev().flatten().copied()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn ends_are_those_of_the_levels_that_were_set(
            steps in prop::collection::vec((0..6u32, prop::option::of(0..70usize)), 0..60)
        ) {
            let mut levels = Levels::new();
            let mut expected = [None; 6];
            for (worker, level) in steps {
                levels.set(WorkerId(worker), level);
                expected[worker as usize] = level.map(|level| level.min(63));
                for at in 0..6 {
                    prop_assert_eq!(levels.get(WorkerId(at)), expected[at as usize]);
                }
                let present = expected.iter().flatten();
                let of = |end: Option<WorkerId>| end.and_then(|worker| levels.get(worker));
                prop_assert_eq!(of(levels.lowest()), present.clone().min().copied());
                prop_assert_eq!(of(levels.descending().next()), present.max().copied());
            }
        }
    }
}
