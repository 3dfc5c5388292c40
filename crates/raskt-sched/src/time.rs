//! Instants and durations as numbers, since no machine here has a clock.

use std::fmt;
use std::time::Duration;

use raskt_core::Fit;

/// An instant: nanoseconds since whenever the driver began to count. Clocks of two machines are never compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Time(pub u64);

impl Time {
    /// The time that has passed since `earlier`; zero where that is later.
    ///
    /// ```
    /// use raskt_sched::Time;
    /// use std::time::Duration;
    /// assert_eq!(Time(5).since(Time(2)), Duration::from_nanos(3));
    /// assert_eq!(Time(2).since(Time(5)), Duration::ZERO);
    /// ```
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// This instant and `delay` more.
    #[must_use]
    pub fn after(self, delay: Duration) -> Self {
        Self(self.0.saturating_add(delay.as_nanos().clamped()))
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.6} s", Duration::from_nanos(self.0).as_secs_f64())
    }
}
