//! What messages and arenas call things.

use std::fmt;

use raskt_core::typed_id;

typed_id! {
    /// Which task of the scheduler; a number is used again after its task was forgotten.
    pub struct TaskId: "tasks"
}

typed_id! {
    /// Which worker. A number is never used again: a worker that comes back is a new one.
    pub struct WorkerId: "workers"
}

typed_id! {
    /// Which client. A number is never used again.
    pub struct ClientId: "clients"
}

typed_id! {
    /// Which table of tasks.
    pub(crate) struct TableId: "tables of tasks"
}

typed_id! {
    /// Which kind of task, of those that are alike in duration.
    pub(crate) struct FamilyId: "families of tasks"
}

typed_id! {
    /// Which set of conditions on where tasks may run.
    pub(crate) struct RestrictionId: "restrictions"
}

/// A task, and the value that it computes, in messages: late ones cannot mean another task that has got the same number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TaskRef {
    /// The number.
    pub task: TaskId,
    /// How many tasks have had the number before.
    pub generation: u32,
}

impl fmt::Display for TaskRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.task, self.generation)
    }
}

/// One assignment of a task to a worker. What is said of an attempt that is over changes nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Attempt {
    /// The task.
    pub of: TaskRef,
    /// How many attempts at the task there were before.
    pub epoch: u32,
}

impl fmt::Display for Attempt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (attempt {})", self.of, self.epoch)
    }
}
