//! What a placement weighs: policies, which `raskt-sim` compares; the figures are in ADR 21.

use std::fmt::Debug;

use crate::ids::WorkerId;

/// A worker that a task could go to, and what that would mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Site {
    /// The worker.
    pub worker: WorkerId,
    /// How long the task would wait for a thread there, as far as is known, in microseconds.
    pub wait_us: u64,
    /// How long its inputs would be on the way, in microseconds.
    pub transfer_us: u64,
    /// How many bytes of inputs are not there.
    pub missing_bytes: u64,
}

/// What a placement weighs. A task goes where the cost is least, and idle workers take tasks that cost less with them.
pub trait Policy: Debug + Send + Sync {
    /// What it costs to run a task at a site: first what counts most, then what decides between equals.
    fn cost(&self, site: &Site) -> (u64, u64);
}

/// Where the task starts first: the wait for a thread and the transfer of inputs count alike.
///
/// ```
/// use raskt_sched::WorkerId;
/// use raskt_sched::scheduler::policy::{EarliestStart, Policy, Site};
/// let busy = Site { worker: WorkerId(0), wait_us: 900, transfer_us: 0, missing_bytes: 0 };
/// let far = Site { worker: WorkerId(1), wait_us: 0, transfer_us: 500, missing_bytes: 50_000 };
/// assert!(EarliestStart.cost(&far) < EarliestStart.cost(&busy));
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct EarliestStart;

impl Policy for EarliestStart {
    fn cost(&self, site: &Site) -> (u64, u64) {
        (site.wait_us.saturating_add(site.transfer_us), site.missing_bytes)
    }
}

/// Where most of the inputs are, however long the task waits there.
///
/// ```
/// use raskt_sched::WorkerId;
/// use raskt_sched::scheduler::policy::{DataFirst, Policy, Site};
/// let busy = Site { worker: WorkerId(0), wait_us: 900, transfer_us: 0, missing_bytes: 0 };
/// let far = Site { worker: WorkerId(1), wait_us: 0, transfer_us: 500, missing_bytes: 50_000 };
/// assert!(DataFirst.cost(&busy) < DataFirst.cost(&far));
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct DataFirst;

impl Policy for DataFirst {
    fn cost(&self, site: &Site) -> (u64, u64) {
        (site.missing_bytes, site.wait_us)
    }
}

/// Where a thread is free first, wherever the inputs are.
///
/// ```
/// use raskt_sched::WorkerId;
/// use raskt_sched::scheduler::policy::{LeastLoaded, Policy, Site};
/// let busy = Site { worker: WorkerId(0), wait_us: 100, transfer_us: 0, missing_bytes: 0 };
/// let far = Site { worker: WorkerId(1), wait_us: 0, transfer_us: 500, missing_bytes: 50_000 };
/// assert!(LeastLoaded.cost(&far) < LeastLoaded.cost(&busy));
/// ```
#[derive(Clone, Copy, Debug, Default)]
pub struct LeastLoaded;

impl Policy for LeastLoaded {
    fn cost(&self, site: &Site) -> (u64, u64) {
        (site.wait_us, 0)
    }
}
