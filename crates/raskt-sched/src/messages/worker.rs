//! Between the scheduler and a worker.

use std::sync::Arc;
use std::time::Duration;

use raskt_core::{Error, Name};
use raskt_graph::TaskTable;
use smallvec::SmallVec;

use crate::ids::{Attempt, TaskRef, WorkerId};
use crate::priority::Priority;

/// What a worker says of itself when it joins.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkerInfo {
    /// Its name; restrictions name it.
    pub name: Name,
    /// The machine that it runs on; restrictions may name that.
    pub host: Name,
    /// How many tasks it runs at a time.
    pub n_threads: u32,
    /// What it has of each resource that tasks may ask for.
    pub resources: Vec<(Name, u64)>,
}

/// How much a worker's memory is in demand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pressure {
    /// There is room.
    #[default]
    Low,
    /// It spills: it gets no task without inputs, which could only take more, unless it has no other.
    High,
    /// It is paused: it gets no task.
    Paused,
}

/// What a task runs: a row of a table. Whoever encodes it sends a table's bodies to a worker once.
#[derive(Clone, Debug)]
pub struct Work {
    /// The table.
    pub table: Arc<TaskTable>,
    /// The row.
    pub row: u32,
}

/// An input of a task, and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputAt {
    /// The value.
    pub value: TaskRef,
    /// Its size.
    pub n_bytes: u64,
    /// Some of the workers that hold it.
    pub holders: SmallVec<[WorkerId; 4]>,
}

/// A task for a worker.
#[derive(Clone, Debug)]
pub struct Compute {
    /// Which attempt at which task.
    pub attempt: Attempt,
    /// What goes first.
    pub priority: Priority,
    /// What to run.
    pub work: Work,
    /// The inputs, in the order of the row's.
    pub inputs: Vec<InputAt>,
    /// What it takes of resources while it runs.
    pub resources: Arc<[(Name, u64)]>,
}

/// What the scheduler tells a worker.
#[derive(Clone, Debug)]
pub enum ToWorker {
    /// Run a task.
    Compute(Box<Compute>),
    /// An attempt is not wanted any more. What comes of it, if it runs, is dropped without a word.
    Withdraw(Attempt),
    /// Give an attempt back that has not begun; the answer is [`FromWorker::Returned`] if so, and none otherwise.
    Return(Attempt),
    /// Values that it need not hold any more.
    Free(Vec<TaskRef>),
    /// Values that it should hold, too.
    Acquire(Vec<InputAt>),
    /// Where a value is that it reported [missing](FromWorker::Missing).
    Located(InputAt),
    /// It is not needed any more, and holds nothing that is: it may end.
    Dismiss,
}

/// What a worker tells the scheduler.
#[derive(Clone, Debug)]
pub enum FromWorker {
    /// A task runs.
    Started(Attempt),
    /// A task is done, and its value is here.
    Finished {
        /// Which attempt.
        attempt: Attempt,
        /// The size of the value.
        n_bytes: u64,
        /// How long it ran.
        duration: Duration,
    },
    /// A task failed.
    Failed {
        /// Which attempt.
        attempt: Attempt,
        /// What it raised.
        error: Error,
    },
    /// An attempt was given back before it began, or it ended with the wish to be tried again.
    Returned(Attempt),
    /// A task that runs takes no thread any more: it waits for others, or goes on for long.
    Seceded(Attempt),
    /// A task that had seceded takes a thread again.
    Rejoined(Attempt),
    /// Values came from other workers or from a client, and are held here, too.
    Acquired {
        /// The values, and the size of each.
        values: Vec<(TaskRef, u64)>,
        /// How long it took from the request; `None` where nobody here asked.
        duration: Option<Duration>,
    },
    /// A value that it needs does not come.
    Missing {
        /// The value.
        value: TaskRef,
        /// Workers that say that they do not hold it.
        denied: Vec<WorkerId>,
        /// Workers that could not be reached, again and again.
        unreachable: Vec<WorkerId>,
    },
    /// A task, whose end is reported next, has dealt with pieces of an exchange.
    Exchanged {
        /// Which attempt.
        attempt: Attempt,
        /// It has sent some: they are here, and its value says so. Copies of that are worth nothing without this worker.
        has_sent: bool,
        /// It has received some: its value needs them no more.
        has_received: bool,
        /// Pieces that came from other workers.
        n_pieces: u32,
        /// Their bytes.
        n_bytes: u64,
        /// How long it waited for these.
        waited: Duration,
    },
    /// How it is; said from time to time, so that silence tells.
    Heartbeat {
        /// Its memory.
        pressure: Pressure,
    },
    /// A task has given a graph in place of a value: the task is what the graph's only output is.
    Expanded {
        /// Which attempt.
        attempt: Attempt,
        /// The graph. Rows whose body is [`raskt_graph::Body::Input`] stand for inputs of the task, by number.
        table: Arc<TaskTable>,
        /// How long the task ran.
        duration: Duration,
    },
}
