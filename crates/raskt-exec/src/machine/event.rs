//! What a machine is told, and what it says is to be done.

use std::collections::VecDeque;
use std::sync::Arc;

use raskt_core::{Error, Result, Value};
use raskt_store::{SpillJob, SpilledFile};

use super::graph::OwnerId;
use crate::job::{Job, Report, Reported};
use crate::lane::LaneId;
use crate::resolved::Part;

/// What a machine is told. Tasks are named by their numbers in the machine. What comes late, about tasks or owners that
/// are not there any more, changes nothing.
pub enum Event<'a> {
    /// The next ranks of the order of added graphs: tasks without one do not start.
    Ordered(&'a [u32]),
    /// Somebody could run up to `n_max` tasks of `lane`.
    Asked {
        /// The lane.
        lane: LaneId,
        /// The most jobs to hand out; with 0, only memory is looked after.
        n_max: usize,
    },
    /// What came of jobs.
    Reported(&'a mut Vec<Report>),
    /// A job was not begun, and is not going to be.
    Returned(Job),
    /// A value came that was [fetched](Actions::fetches).
    Arrived {
        /// The task that stands for it.
        task: u32,
        /// The value.
        value: Value,
    },
    /// Nobody has a value that was to be [fetched](Actions::fetches).
    Missing {
        /// The task that stands for it.
        task: u32,
    },
    /// A value that was there is gone.
    Lost {
        /// The task that computed it.
        task: u32,
    },
    /// A task is not to be computed, nor what needs it.
    Cancelled {
        /// The task.
        task: u32,
    },
    /// A value that was asked for is not wanted any more.
    Released {
        /// The task.
        task: u32,
    },
    /// Nothing more of an owner's is to start. An error, if there is one, is why; without one it was cancelled.
    Stopped {
        /// The owner.
        owner: OwnerId,
        /// What went wrong.
        error: Option<Error>,
    },
    /// Nothing of an owner's is wanted any more, not even what is finished; its number may be given to another.
    Closed {
        /// The owner.
        owner: OwnerId,
    },
    /// What came of a [`SpillJob`].
    Spilled {
        /// Its slot.
        slot: u32,
        /// The file.
        outcome: Result<SpilledFile>,
    },
    /// So many bytes of values may be in memory from now on.
    Allowed {
        /// The budget.
        bytes: u64,
    },
    /// Somebody could spill a value, if the budget is exceeded.
    MemoryChecked,
}

/// What is to be done, by kind: a batch of a thousand jobs is one row of them.
#[derive(Default)]
pub struct Actions {
    /// To be run, and reported or returned.
    pub jobs: VecDeque<Job>,
    /// To be run, and its outcome told, before more of what was asked for can start.
    pub spill: Option<SpillJob>,
    /// Why fewer jobs were handed out than are ready.
    pub wait: Option<Wait>,
    /// Tasks whose values are elsewhere, to be fetched.
    pub fetches: Vec<u32>,
    /// Owners of which nothing is left to do at the moment.
    pub ended: Vec<Ended>,
    /// To be dropped, outside of every lock.
    pub garbage: Vec<Value>,
    /// Files that nobody needs: as garbage.
    pub files: Vec<SpilledFile>,
    /// What is too late, or is tried again: as garbage. Errors and graphs may hold objects whose end runs any code.
    pub discarded: Vec<Result<Reported>>,
    /// Tables that are forgotten: as garbage.
    pub parts: Vec<Arc<Part>>,
    /// So much was evicted that [`raskt_store::trim_allocator`] is worth its while.
    pub trim: bool,
}

/// Why a source does not start although it is ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// There is no room for its result. Tasks that have inputs are ready: they go first.
    BehindUsers,
    /// There is no room for its result. Only tasks that run can make some.
    BehindRunning,
}

/// An owner of which nothing is left to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    /// The owner.
    pub owner: OwnerId,
    /// Everything was computed, or skipped; otherwise the rest was given up.
    pub is_complete: bool,
}
