//! The ready tasks of one owner and priority, and whose turn it is.

use super::ready::Ready;

/// Ready tasks of one owner and one priority.
pub(super) struct Queue {
    /// Whose they are; `None` for a place that may be used again.
    pub owner: Option<u32>,
    /// Queues of a higher one go first.
    pub priority: i32,
    /// Of each lane.
    pub lanes: Vec<Ready>,
    /// The task of each rank that is known.
    pub at_rank: Vec<u32>,
    /// How many ranks there will be.
    pub n_ranks: usize,
    /// How many tasks were taken; a queue that comes late starts where the others are.
    pub n_served: u64,
    /// Its owner is over: nothing is served.
    pub is_stopped: bool,
}

impl Queue {
    pub fn new(owner: u32, priority: i32, n_lanes: usize, n_served: u64) -> Self {
        Self {
            owner: Some(owner),
            priority,
            lanes: (0..n_lanes).map(|_| Ready::new(0)).collect(),
            at_rank: Vec::new(),
            n_ranks: 0,
            n_served,
            is_stopped: false,
        }
    }

    /// A place that may be used again.
    pub fn vacant() -> Self {
        Self { owner: None, ..Self::new(0, 0, 0, 0) }
    }

    /// Makes room for `n` more ranks.
    pub fn grow(&mut self, n: usize) {
        self.n_ranks += n;
        for ready in &mut self.lanes {
            ready.users.grow(self.n_ranks);
            ready.sources.grow(self.n_ranks);
        }
        if self.at_rank.is_empty() {
            self.at_rank = raskt_core::vast_vec(n);
        }
    }

    /// Tasks that have inputs and are ready, in any lane.
    #[inline]
    pub fn n_users(&self) -> usize {
        match self.is_stopped {
            true => 0,
            false => self.lanes.iter().map(|ready| ready.users.len()).sum(),
        }
    }

    /// Tasks that could start in `lane`.
    #[inline]
    pub fn n_ready(&self, lane: usize, has_sources: bool) -> usize {
        let ready = if self.is_stopped { None } else { self.lanes.get(lane) };
        ready.map_or(0, |ready| ready.len(has_sources))
    }

    /// The lane whose first task goes first, and that task's rank.
    pub fn first(&self, has_sources: bool) -> Option<(u32, usize)> {
        if self.is_stopped {
            return None;
        }
        let first = |(lane, ready): (usize, &Ready)| Some((ready.first_rank(has_sources)?, lane));
        self.lanes.iter().enumerate().filter_map(first).min()
    }

    /// What queues are compared by: the higher priority goes first, then whoever was served less.
    #[inline]
    pub fn turn(&self) -> (std::cmp::Reverse<i32>, u64) {
        (std::cmp::Reverse(self.priority), self.n_served)
    }
}
