//! Tasks that came together: those of one graph that was added, or of one expansion.

use std::sync::Arc;

use raskt_core::{Error, ErrorKind, Fit, Result};
use raskt_graph::{Adjacency, Body, TaskTable};

use super::graph::Input;
use crate::lane::LaneId;
use crate::resolved::{Part, ResolvedTable};

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

/// Tasks that came together. Their numbers in the machine start at [`Segment::base`].
pub(super) struct Segment {
    base: u32,
    table: Arc<TaskTable>,
    part: Arc<Part>,
    /// The tasks of the same segment that need each task, in its own numbers.
    consumers: Arc<Adjacency>,
    lanes: Lanes,
    /// `None` where every input is a task of the segment, which begins at 0: rows of the table are used as they are.
    links: Option<Links>,
    /// What its [`Body::Input`] tasks stand for, by number.
    outer: Vec<Input>,
    /// For a graph that a task expanded into.
    growth: Option<Growth>,
    /// The queue in which its tasks wait.
    pub queue: u32,
    /// Whose tasks they are.
    pub owner: u32,
    /// Its jobs do not name its table: whoever runs them knows.
    pub is_implied: bool,
    /// Jobs of the segment that were handed out and have not come back.
    pub n_out: u32,
}

/// The inputs of each task as numbers of the machine.
struct Links {
    /// Where each row of `targets` starts.
    offsets: Vec<u32>,
    targets: Vec<u32>,
}

/// Where a segment came from that a task expanded into.
pub(super) struct Growth {
    /// The task.
    pub grew_from: u32,
    /// The rank under which its tasks wait.
    pub origin: u32,
    /// That of each, where they are needed by tasks of several ranks; else empty.
    pub origins: Vec<u32>,
}

/// Where a segment hangs: its first number, its queue and its owner.
#[derive(Clone, Copy)]
pub(super) struct Berth {
    pub base: u32,
    pub queue: u32,
    pub owner: u32,
}

impl Segment {
    /// The graph `resolved`, whose [`Body::Input`] tasks stand for `inputs`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidGraph`] where an input is named that is not in `inputs`.
    pub fn added(
        resolved: ResolvedTable,
        consumers: Arc<Adjacency>,
        inputs: Vec<Input>,
        at: Berth,
    ) -> Result<Self> {
        let has_inputs = resolved.table().bodies().iter().any(|body| matches!(body, Body::Input(_)));
        let links = match at.base == 0 && !has_inputs {
            true => None,
            false => Some(Links::new(resolved.table(), at.base, &inputs, "a graph")?),
        };
        Ok(Self::new(resolved, consumers, (links, inputs), None, at))
    }

    /// The graph `resolved`, in the place of a task that has the inputs `outer`.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidGraph`] where an input is named that the task does not have, or the output is an input.
    pub fn grown(
        resolved: Box<ResolvedTable>,
        growth: Growth,
        outer: &[u32],
        at: Berth,
    ) -> Result<Self, (Error, Box<ResolvedTable>)> {
        let table = resolved.table();
        if !matches!(table.outputs(), [output] if !matches!(table.body(*output), Body::Input(_))) {
            return Err((invalid("the output of a subgraph must be one of its tasks".into()), resolved));
        }
        let outer: Vec<Input> = outer.iter().copied().map(Input::Task).collect();
        let links = match Links::new(table, at.base, &outer, "a subgraph") {
            Ok(links) => Some(links),
            Err(error) => return Err((error, resolved)),
        };
        let consumers = Arc::new(table.inputs().transpose());
        Ok(Self::new(*resolved, consumers, (links, outer), Some(growth), at))
    }

    fn new(
        resolved: ResolvedTable,
        consumers: Arc<Adjacency>,
        (links, outer): (Option<Links>, Vec<Input>),
        growth: Option<Growth>,
        at: Berth,
    ) -> Self {
        let Berth { base, queue, owner } = at;
        let (table, lanes) = (Arc::clone(resolved.table()), resolved.lanes());
        let part = Arc::new(Part { base, table: resolved });
        Self {
            base,
            table,
            part,
            consumers,
            lanes,
            links,
            outer,
            growth,
            queue,
            owner,
            is_implied: false,
            n_out: 0,
        }
    }

    /// The number of its first task.
    pub fn base(&self) -> u32 {
        self.base
    }

    /// The numbers of its tasks.
    pub fn tasks(&self) -> std::ops::Range<u32> {
        self.base..self.base + self.table.n_tasks().fit::<u32>()
    }

    /// Its tasks.
    #[inline]
    pub fn table(&self) -> &Arc<TaskTable> {
        &self.table
    }

    /// Its tasks with their bodies found.
    #[inline]
    pub fn part(&self) -> &Arc<Part> {
        &self.part
    }

    /// What the task `local` is given, as numbers of the machine: its inputs, but for those that are only kept for the graph
    /// that it becomes.
    #[inline]
    pub fn loaded_inputs(&self, local: u32) -> &[u32] {
        let inputs = self.inputs(local);
        &inputs[..self.part.table.n_loaded(local, inputs.len())]
    }

    /// What the task `local` needs, as numbers of the machine.
    #[inline]
    pub fn inputs(&self, local: u32) -> &[u32] {
        match &self.links {
            None => self.table.inputs().row(local),
            Some(links) => {
                let row = |i: u32| links.offsets[i as usize] as usize;
                &links.targets[row(local)..row(local + 1)]
            }
        }
    }

    /// Whether its inputs are numbers of the machine that differ from those of the table, or may.
    pub fn has_links(&self) -> bool {
        self.links.is_some()
    }

    /// What its tasks need of other segments: the task, and who needs it.
    pub fn outer_inputs(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        let n = if self.links.is_some() { self.table.n_tasks().fit::<u32>() } else { 0 };
        let rows = (0..n).flat_map(|local| self.inputs(local).iter().map(move |&input| (input, local)));
        rows.filter(|(input, _)| !self.tasks().contains(input))
            .map(|(input, local)| (input, self.base + local))
    }

    /// Who of this segment needs the task `local`, in its own numbers; once for each mention.
    #[inline]
    pub fn consumers(&self, local: u32) -> &[u32] {
        self.consumers.row(local)
    }

    /// Who of this segment needs each task, in its own numbers.
    pub fn shared_consumers(&self) -> Arc<Adjacency> {
        Arc::clone(&self.consumers)
    }

    /// Where the task `local` runs.
    #[inline]
    pub fn lane(&self, local: u32) -> LaneId {
        self.lanes.of(&self.table, local)
    }

    /// The rank under which the task `local` of an expansion waits; none for those that have their own.
    #[inline]
    pub fn origin(&self, local: u32) -> Option<u32> {
        let growth = self.growth.as_ref()?;
        Some(growth.origins.get(local as usize).copied().unwrap_or(growth.origin))
    }

    /// The task that expanded into this segment.
    pub fn grew_from(&self) -> Option<u32> {
        self.growth.as_ref().map(|growth| growth.grew_from)
    }

    /// What the task `local` stands for, where it is no task of its own.
    #[inline]
    pub fn stand_in(&self, local: u32) -> Option<Input> {
        self.links.as_ref()?;
        match self.table.body(local) {
            Body::Input(number) => self.outer.get(*number as usize).copied(),
            _ => None,
        }
    }

    /// Whether the task `local` stands for a task of another segment, whose value its users read themselves.
    pub fn is_placeholder(&self, local: u32) -> bool {
        matches!(self.stand_in(local), Some(Input::Task(_)))
    }
}

impl Links {
    fn new(table: &TaskTable, base: u32, inputs: &[Input], what: &str) -> Result<Self> {
        let mut offsets = Vec::with_capacity(table.n_tasks() + 1);
        offsets.push(0);
        let mut targets = Vec::with_capacity(table.inputs().n_edges());
        for row in table.inputs().rows() {
            for &local in row {
                targets.push(match table.body(local) {
                    Body::Input(i) => match inputs.get(*i as usize) {
                        // The users of an input that is a task read that task's value themselves.
                        Some(Input::Task(task)) => *task,
                        Some(Input::Elsewhere) => base + local,
                        None => {
                            let n = inputs.len();
                            return Err(invalid(format!(
                                "{what} names input {i} where there are {n} inputs"
                            )));
                        }
                    },
                    _ => base + local,
                });
            }
            offsets.push(targets.len().fit::<u32>());
        }
        Ok(Self { offsets, targets })
    }
}

pub(super) fn invalid(what: String) -> Error {
    ErrorKind::InvalidGraph(what).into()
}
