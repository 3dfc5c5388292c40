//! What is asked of a task all the time, side by side in memory.

use raskt_core::Fit;

/// Where a task is in its life: a number of inputs that are not there yet, or one of the states below.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Phase(u32);

impl Phase {
    /// No input is missing: it is in a ready set, once it has a rank.
    pub const READY: Self = Self(0);
    /// Its value is elsewhere and was asked for.
    pub const AWAITED: Self = Self(u32::MAX - 5);
    /// A job of it was handed out.
    pub const TAKEN: Self = Self(u32::MAX - 4);
    /// It became a graph, whose output will stand in for it; its inputs were given up.
    pub const GROWN: Self = Self(u32::MAX - 3);
    /// A job of it is out, and nobody wants what will come of it.
    pub const ABANDONED: Self = Self(u32::MAX - 2);
    /// It failed, was cancelled, or needs a task of which that is true.
    pub const SKIPPED: Self = Self(u32::MAX - 1);
    /// Its value was there; it is, while somebody uses it.
    pub const DONE: Self = Self(u32::MAX);

    /// The most tasks that a machine may have: numbers of inputs stay below every other state.
    pub const N_MAX: usize = Self::AWAITED.0 as usize;

    /// Inputs, counted as often as they are named, are not there yet.
    pub fn waiting(n: usize) -> Self {
        Self(n.fit::<u32>())
    }

    /// How many inputs are missing, for a task that is ready or waits.
    pub fn n_missing(self) -> Option<u32> {
        (self.0 < Self::AWAITED.0).then_some(self.0)
    }

    /// Whether nothing will become of the task any more, unless its value is lost.
    #[inline]
    pub fn is_settled(self) -> bool {
        self.0 >= Self::ABANDONED.0
    }

    /// One input more is there; whether it was the last.
    #[inline]
    pub fn advance(&mut self) -> bool {
        // A consumer that was skipped stays so.
        let waits = self.0 < Self::AWAITED.0;
        self.0 -= u32::from(waits);
        waits && self.0 == 0
    }

    /// One input fewer is there, for a task that is ready or waits.
    pub fn recede(&mut self) {
        self.0 += u32::from(self.0 < Self::AWAITED.0);
    }
}

/// The rank of a task that has none yet.
pub(super) const UNRANKED: u32 = u32::MAX;

/// What is asked of a task all the time.
#[derive(Clone, Copy)]
pub(super) struct Cell {
    pub phase: Phase,
    /// Uses of the value still to come, and [`Cell::WANTED`].
    pub n_uses: u32,
    /// The rank of a task of an added graph, [`UNRANKED`] until it is known.
    pub rank: u32,
}

impl Cell {
    /// The bit of [`Cell::n_uses`] that says that the value was asked for: it stays until it is released.
    pub const WANTED: u32 = 1 << 31;

    /// A place that no task has.
    pub const VACANT: Self = Self { phase: Phase::SKIPPED, n_uses: 0, rank: UNRANKED };

    /// Whether the value is there.
    #[inline]
    pub fn has_value(self) -> bool {
        self.phase == Phase::DONE && self.n_uses > 0
    }
}
