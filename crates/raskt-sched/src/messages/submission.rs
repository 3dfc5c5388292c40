//! A graph that a client asks for.

use std::sync::Arc;

use raskt_core::{Key, Name};
use raskt_graph::TaskTable;

/// Amounts of resources are counted in millionths, so that their sums are exact.
pub const RESOURCE_UNIT: u64 = 1_000_000;

/// A slice of a graph to be computed: every task is spelt out, and rows are in the order in which they should run. Rows whose
/// body is [`raskt_graph::Body::Input`] stand for tasks that the scheduler has. The client wants each output of the table once
/// more.
///
/// Slices of one graph have one name and come one after another. What a later slice needs of an earlier one is
/// [`held`](Self::held) until the last one is there, so that handling one slice takes as long as the slice is, not as long as
/// the graph.
#[derive(Clone, Debug)]
pub struct Submission {
    /// What messages about the graph call it.
    pub name: Name,
    /// The tasks.
    pub table: Arc<TaskTable>,
    /// What [`raskt_graph::Body::Input`] rows stand for, by number.
    pub inputs: Vec<Key>,
    /// Rows that later slices need.
    pub held: Vec<u32>,
    /// Whether no other slice of the graph follows.
    pub is_last: bool,
    /// Tasks of a higher priority go first; among equals, those of the graph that came first.
    pub priority: i32,
    /// How often a task that raised is tried again.
    pub retries: u16,
    /// Of which rows something else is said than that, by row.
    pub particulars: Vec<(u32, Particular)>,
    /// Conditions on where tasks run.
    pub demands: Vec<Demand>,
    /// Which tasks are under which condition: (row, number of the condition), by row. Others run anywhere.
    pub demand_of: Vec<(u32, u32)>,
}

impl Submission {
    /// A graph in one slice, of priority 0, without inputs, retries and conditions.
    #[must_use]
    pub fn new(name: impl Into<Name>, table: Arc<TaskTable>) -> Self {
        Self {
            name: name.into(),
            table,
            inputs: Vec::new(),
            held: Vec::new(),
            is_last: true,
            priority: 0,
            retries: 0,
            particulars: Vec::new(),
            demands: Vec::new(),
            demand_of: Vec::new(),
        }
    }
}

/// A condition on where a task runs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Demand {
    /// Names of workers or of their hosts; empty for any. Of two where the task is as well off, it goes to the one that is named
    /// first.
    pub workers: Vec<Name>,
    /// Whether other workers will do where none of those is there.
    pub allow_other_workers: bool,
    /// What the task takes of resources while it runs.
    pub resources: Vec<(Name, u64)>,
}

/// What goes first, and how often what raised is tried again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Particular {
    /// As [`Submission::priority`].
    pub priority: i32,
    /// As [`Submission::retries`].
    pub retries: u16,
}
