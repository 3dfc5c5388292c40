//! What is given to a machine: owners, and graphs of theirs.

use std::sync::Arc;

use raskt_core::ErrorPolicy;
use raskt_graph::Adjacency;
use rustc_hash::FxHashMap;

use crate::resolved::ResolvedTable;

/// Who has a machine compute: one computation of one client. A number is used again after its owner was
/// [closed](super::Event::Closed).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OwnerId(pub u32);

/// How the graphs of one owner are treated.
#[derive(Clone, Debug)]
pub struct OwnerOptions {
    /// What becomes of the rest when a task fails.
    pub errors: ErrorPolicy,
    /// How often a failed task is tried again, unless [`Graph::retries_of`] says otherwise.
    pub retries: u32,
}

/// An input of a graph: what its [`raskt_graph::Body::Input`] tasks stand for, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// A task that the machine has, finished or not.
    Task(u32),
    /// A value that another machine has: it is [fetched](super::Actions::fetches).
    Elsewhere,
}

/// A graph to be computed.
pub struct Graph {
    /// Its tasks, their bodies found.
    pub table: ResolvedTable,
    /// The edges of the table, backwards.
    pub consumers: Arc<Adjacency>,
    /// What its [`raskt_graph::Body::Input`] tasks stand for.
    pub inputs: Vec<Input>,
    /// Tasks of a higher priority go first, whoever owns them.
    pub priority: i32,
    /// Retries of single tasks, by their number in the table.
    pub retries_of: FxHashMap<u32, u32>,
    /// Whoever runs its jobs knows the table: they need not name it. For the one graph of a run.
    pub is_implied: bool,
}

impl Graph {
    /// A graph without inputs, of priority 0.
    #[must_use]
    pub fn new(table: ResolvedTable) -> Self {
        let consumers = Arc::new(table.table().inputs().transpose());
        Self::with_consumers(table, consumers)
    }

    /// As [`Graph::new`], with the edges of the table, backwards.
    #[must_use]
    pub fn with_consumers(table: ResolvedTable, consumers: Arc<Adjacency>) -> Self {
        let retries_of = FxHashMap::default();
        Self { table, consumers, inputs: Vec::new(), priority: 0, retries_of, is_implied: false }
    }
}
