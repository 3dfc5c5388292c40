//! Tasks that came together: those of the planned graph, or of one expansion.

use std::sync::Arc;

use raskt_core::{Error, ErrorKind, Result};
use raskt_graph::{Adjacency, Body, TaskTable};

use crate::lane::LaneId;

/// The lane of each body of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lanes {
    /// All bodies run in one.
    All(LaneId),
    /// By the body's number.
    Each(Vec<LaneId>),
}

impl Lanes {
    /// The lane of the table's task.
    #[inline]
    fn of(&self, table: &TaskTable, task: u32) -> LaneId {
        match self {
            Self::All(lane) => *lane,
            Self::Each(lanes) => lanes[table.body_index(task) as usize],
        }
    }
}

/// Tasks that came together. Their numbers in the whole graph start at [`Segment::base`].
#[derive(Debug)]
pub struct Segment {
    base: u32,
    table: Arc<TaskTable>,
    /// Who of the same segment needs each task, in its own numbers.
    consumers: Arc<Adjacency>,
    lanes: Lanes,
    growth: Option<Growth>,
}

/// How a segment that came late hangs on the rest.
#[derive(Debug)]
struct Growth {
    /// The task that the segment's output stands in for.
    stands_for: u32,
    /// The rank under which its tasks wait.
    origin: u32,
    /// Where each row of `targets` starts.
    offsets: Vec<u32>,
    /// The inputs of each task as numbers of the whole graph, those of the expanded task included.
    targets: Vec<u32>,
}

impl Segment {
    /// The graph as it was planned.
    pub(crate) fn planned(table: Arc<TaskTable>, consumers: Arc<Adjacency>, lanes: Lanes) -> Self {
        Self { base: 0, table, consumers, lanes, growth: None }
    }

    /// The graph of `table`, whose tasks are numbered from `base`, in the place of the task `stands_for`, which
    /// waited under the rank `origin` and has the inputs `outer`.
    pub(crate) fn grown(
        table: Arc<TaskTable>,
        lanes: Lanes,
        base: u32,
        (stands_for, origin, outer): (u32, u32, &[u32]),
    ) -> Result<Self> {
        let invalid = |what: String| Error::new(ErrorKind::InvalidGraph(what));
        if matches!(table.body(table.outputs()[0]), Body::Input(_)) {
            return Err(invalid("the output of a subgraph must be one of its tasks".into()));
        }
        let mut offsets = Vec::with_capacity(table.n_tasks() + 1);
        offsets.push(0);
        let mut targets = Vec::with_capacity(table.inputs().n_edges());
        for row in table.inputs().rows() {
            for &local in row {
                targets.push(match table.body(local) {
                    Body::Input(i) => *outer.get(*i as usize).ok_or_else(|| {
                        invalid(format!("a subgraph names input {i} of a task with {} inputs", outer.len()))
                    })?,
                    _ => base + local,
                });
            }
            offsets.push(targets.len() as u32);
        }
        let consumers = Arc::new(table.inputs().transpose());
        let growth = Some(Growth { stands_for, origin, offsets, targets });
        Ok(Self { base, table, consumers, lanes, growth })
    }

    /// The number of its first task.
    #[must_use]
    pub fn base(&self) -> u32 {
        self.base
    }

    /// Its tasks.
    #[must_use]
    pub fn table(&self) -> &Arc<TaskTable> {
        &self.table
    }

    /// What the task `local` needs, as numbers of the whole graph.
    #[inline]
    pub(crate) fn inputs(&self, local: u32) -> &[u32] {
        match &self.growth {
            None => self.table.inputs().row(local),
            Some(growth) => {
                let row = |i: u32| growth.offsets[i as usize] as usize;
                &growth.targets[row(local)..row(local + 1)]
            }
        }
    }

    /// Who of this segment needs the task `local`, in its own numbers.
    #[inline]
    pub(crate) fn consumers(&self, local: u32) -> &[u32] {
        self.consumers.row(local)
    }

    /// Who of this segment needs each task, in its own numbers.
    pub(crate) fn shared_consumers(&self) -> Arc<Adjacency> {
        Arc::clone(&self.consumers)
    }

    /// Where the task `local` runs.
    #[inline]
    pub(crate) fn lane(&self, local: u32) -> LaneId {
        self.lanes.of(&self.table, local)
    }

    /// The rank under which tasks that came late wait; none for those that have their own.
    #[inline]
    pub(crate) fn origin(&self) -> Option<u32> {
        self.growth.as_ref().map(|growth| growth.origin)
    }

    /// The task whose value that of the task `local` is too.
    pub(crate) fn stands_for(&self, local: u32) -> Option<u32> {
        let growth = self.growth.as_ref()?;
        (self.table.outputs()[0] == local).then_some(growth.stands_for)
    }

    /// Whether the task `local` stands for an input of the expanded one, whose value its users read themselves.
    pub(crate) fn is_input(&self, local: u32) -> bool {
        self.growth.is_some() && matches!(self.table.body(local), Body::Input(_))
    }
}
