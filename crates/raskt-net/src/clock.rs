//! The clock that daemons tell their machines the time by.

use std::time::Instant;

use raskt_core::Fit;
use raskt_sched::Time;

/// Counts from when it was made.
#[derive(Clone, Copy, Debug)]
pub struct Clock(Instant);

impl Default for Clock {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl Clock {
    /// The time.
    #[must_use]
    pub fn now(&self) -> Time {
        Time(self.0.elapsed().as_nanos().clamped())
    }
}
