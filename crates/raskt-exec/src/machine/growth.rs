//! Tasks that become graphs: of one output, or of as many as others take of them.

use raskt_core::{Error, Fit};
use raskt_graph::{Body, TaskTable};
use rustc_hash::FxHashSet;

use super::cell::{Phase, UNRANKED};
use super::segment::{Berth, Growth, Segment};
use super::tasks::Tasks;
use crate::resolved::ResolvedTable;

/// A task that takes one output of a task which grew, and the row of the graph that is this output.
type Taker = (u32, u32);

impl Tasks {
    /// The task turned out to be a graph. Its tasks run in its place. The values that the task was given and its graph
    /// does not need are released.
    ///
    /// Where the graph's output is a list, who takes one item of it waits for that item only; the list itself is made if
    /// others want it, and items that nobody takes are not computed.
    ///
    /// # Errors
    /// [`raskt_core::ErrorKind::InvalidGraph`] where an input is named that the task does not have, or the output is an
    /// input, or there are too many tasks; and the graph.
    pub fn expanded(
        &mut self,
        task: u32,
        graph: Box<ResolvedTable>,
        released: &mut Vec<u32>,
    ) -> Result<(), (Error, Box<ResolvedTable>)> {
        let n = graph.table().n_tasks();
        let base = match self.free_base(n) {
            Ok(base) => base,
            Err(error) => return Err((error, graph)),
        };
        let takers = self.takers(task, graph.table());
        let outer = self.inputs(task).to_vec();
        let of = self.locate(task).0;
        let berth = Berth { base, queue: of.queue, owner: of.owner };
        let origin = self.rank_of(task);
        let origins = self.origins_of_rows(graph.table(), &takers, origin);
        let growth = Growth { grew_from: task, origin, origins };
        let segment = match Segment::grown(graph, growth, &outer, berth) {
            Ok(segment) => segment,
            Err(error) => {
                self.give_back(base, n.fit::<u32>());
                return Err(error);
            }
        };
        let (tasks, output) = (segment.tasks(), base + segment.table().outputs()[0]);
        self.place_cells(&segment);
        self.insert(segment, released);
        for inner in tasks {
            if self.cells[inner as usize].phase == Phase::READY {
                // The task was running: what it was given is there.
                self.make_ready(inner, self.is_source(inner));
            }
        }
        self.came_back(task);
        self.cells[task as usize].phase = Phase::GROWN;
        self.let_stand_in(output, task);
        self.give_to_takers(task, base, &takers, released);
        self.drop_uses(&outer, released);
        Ok(())
    }

    /// Who takes one output of `task`, which becomes `table`, alone, and which row that is.
    fn takers(&self, task: u32, table: &TaskTable) -> Vec<Taker> {
        let items = match table.outputs() {
            &[output] if matches!(table.body(output), Body::Gather) => table.inputs().row(output),
            _ => return Vec::new(),
        };
        let (segment, local) = self.locate(task);
        let mut taken = FxHashSet::default();
        let taker = |&user: &u32| {
            let Body::Select(at) = segment.table().body(user) else { return None };
            let (user, &row) = (segment.base() + user, items.get(*at as usize)?);
            let waits = self.cells[user as usize].phase == Phase::waiting(1);
            let is_own = !matches!(table.body(row), Body::Input(_));
            (waits && is_own && taken.insert(row)).then_some((user, row))
        };
        segment.consumers(local).iter().filter_map(taker).collect()
    }

    /// The rank of each row of a graph that is needed by tasks of several ranks: that of the first who needs it, or else that of
    /// the task which grew.
    fn origins_of_rows(&self, table: &TaskTable, takers: &[Taker], origin: u32) -> Vec<u32> {
        if takers.is_empty() {
            return Vec::new();
        }
        let rank = |user: u32| match self.rank_of(user) {
            UNRANKED => origin,
            rank => rank,
        };
        let mut by_rank: Vec<Taker> = takers.iter().map(|&(user, row)| (rank(user), row)).collect();
        by_rank.sort_unstable();
        let mut origins = vec![None; table.n_tasks()];
        for (rank, row) in by_rank {
            let mut pending = vec![row];
            while let Some(row) = pending.pop() {
                if origins[row as usize].is_none() {
                    origins[row as usize] = Some(rank);
                    pending.extend(table.inputs().row(row));
                }
            }
        }
        origins.into_iter().map(|rank| rank.unwrap_or(origin)).collect()
    }

    /// The value of `row` will be that of `task`, too.
    fn let_stand_in(&mut self, row: u32, task: u32) {
        self.stands_for.insert(row, task);
        self.stand_ins.insert(task, row);
        self.cells[row as usize].n_uses += 1;
    }

    /// Who waited for what is now the value of another task does not any more: whether it did.
    pub fn end_stand_in(&mut self, task: u32) -> Option<u32> {
        let row = self.stand_ins.remove(&task)?;
        self.stands_for.remove(&row);
        self.cells[row as usize].n_uses -= 1;
        Some(row)
    }

    /// Each of `takers` waits for a row of the graph that begins at `base`, and not for the list of them, which `task` is.
    fn give_to_takers(&mut self, task: u32, base: u32, takers: &[Taker], released: &mut Vec<u32>) {
        for &(user, row) in takers {
            self.cells[user as usize].phase = Phase::GROWN;
            self.let_stand_in(base + row, user);
            self.cells[task as usize].n_uses -= 1;
        }
        if takers.is_empty() || self.cells[task as usize].n_uses > 0 {
            return;
        }
        let n_skipped = self.skipped.len();
        self.settle(task, Phase::DONE);
        if let Some(list) = self.end_stand_in(task) {
            self.abandon(list, released);
        }
        // Nobody has to be told of what nobody wants.
        self.skipped.truncate(n_skipped);
    }
}
