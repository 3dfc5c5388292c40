//! Transitions that are rare: values that are lost and computed again, tasks that nobody wants any more, owners that
//! leave.

use raskt_core::Fit;
use std::sync::Arc;

use super::cell::{Cell, Phase};
use super::graph::{Input, OwnerId};
use super::segment::Segment;
use super::tasks::Tasks;
use crate::resolved::Part;

impl Tasks {
    /// One more use of the task. Where its value was released, it is to run again: see [`Tasks::recompute`].
    pub fn use_again(&mut self, task: u32) {
        let cell = &mut self.cells[task as usize];
        let had_uses = cell.n_uses > 0;
        cell.n_uses += 1;
        if cell.phase == Phase::DONE && !had_uses {
            self.revive(task);
        }
    }

    /// The task is to run again, and waits until its inputs have been looked after.
    fn revive(&mut self, task: u32) {
        self.has_losses = true;
        self.cells[task as usize].phase = Phase::waiting(1);
        let owner = self.locate(task).0.owner;
        self.n_left[owner as usize] += 1;
        self.revived.push(task);
    }

    /// The value of the task is gone. It is computed again, and with it whatever it needs of what was released. Whether
    /// it was there.
    pub fn lost(&mut self, task: u32, released: &mut Vec<u32>) -> bool {
        if !self.cells[task as usize].has_value() {
            return false;
        }
        self.revive(task);
        let consumers: Vec<u32> = self.consumers(task).collect();
        for consumer in consumers {
            if self.cells[consumer as usize].phase == Phase::READY {
                self.make_unready(consumer);
            }
            self.cells[consumer as usize].phase.recede();
        }
        self.recompute(released);
        true
    }

    /// Has the tasks that are to run again wait for their inputs, of which those that were released are to run again,
    /// too. A task with an input that was skipped is skipped.
    pub fn recompute(&mut self, released: &mut Vec<u32>) {
        let mut impossible = Vec::new();
        while let Some(task) = self.revived.pop() {
            let (segment, local) = self.locate(task);
            if self.queues[segment.queue as usize].is_stopped {
                // Its inputs are not used again.
                impossible.push(task);
                continue;
            }
            if segment.stand_in(local) == Some(Input::Elsewhere) {
                self.cells[task as usize].phase = Phase::AWAITED;
                self.fetch(task);
                continue;
            }
            let inputs = segment.inputs(local).to_vec();
            let is_gone =
                |&input: &u32| matches!(self.cells[input as usize].phase, Phase::SKIPPED | Phase::ABANDONED);
            if inputs.iter().any(is_gone) {
                impossible.push(task);
                continue;
            }
            inputs.iter().for_each(|&input| self.use_again(input));
            let n_missing = self.n_missing(task);
            self.cells[task as usize].phase = Phase::waiting(n_missing);
            if n_missing == 0 {
                self.make_ready(task, inputs.is_empty());
            }
        }
        // All of them first: none has uses of its inputs to drop when it is met as another's consumer.
        for &task in &impossible {
            self.skipped.push(task);
            self.settle(task, Phase::SKIPPED);
        }
        for task in impossible {
            self.skip_users(task, released);
        }
    }

    /// Skips every task that needs `task`, and those that need them.
    pub fn skip_users(&mut self, task: u32, released: &mut Vec<u32>) {
        let mut pending: Vec<u32> = self.consumers(task).chain(self.origins(task)).collect();
        while let Some(task) = pending.pop() {
            if self.skip(task, released) {
                pending.extend(self.consumers(task));
                pending.extend(self.origins(task));
            }
        }
        while let Some(orphan) = self.orphans.pop() {
            self.abandon(orphan, released);
        }
    }

    /// Skips a task alone; whether it was not settled before. Where a job of it is out, its inputs are used until that
    /// comes back.
    fn skip(&mut self, task: u32, released: &mut Vec<u32>) -> bool {
        let phase = self.cells[task as usize].phase;
        if phase.is_settled() {
            return false;
        }
        if phase == Phase::READY {
            self.make_unready(task);
        }
        self.skipped.push(task);
        if phase == Phase::GROWN
            && let Some(row) = self.end_stand_in(task)
            && self.cells[row as usize].n_uses == 0
        {
            self.orphans.push(row);
        }
        self.settle(task, if phase == Phase::TAKEN { Phase::ABANDONED } else { Phase::SKIPPED });
        if phase.n_missing().is_some() {
            let inputs = self.inputs(task).to_vec();
            self.drop_uses(&inputs, released);
        }
        true
    }

    /// Skips a task that was cancelled, the graph that it grew into, and everything that needs it.
    pub fn cancel(&mut self, task: u32, released: &mut Vec<u32>) {
        if self.cells[task as usize].phase == Phase::GROWN {
            let grown = self.segments.iter().filter(|segment| segment.grew_from() == Some(task));
            let inner: Vec<u32> = grown.flat_map(Segment::tasks).collect();
            inner.into_iter().for_each(|inner| self.cancel(inner, released));
        }
        if self.skip(task, released) {
            self.skip_users(task, released);
        }
    }

    /// A value that was to come from elsewhere does not.
    pub fn missing(&mut self, task: u32, released: &mut Vec<u32>) {
        self.fetching.remove(&task);
        if self.cells[task as usize].phase == Phase::AWAITED {
            self.cancel(task, released);
        }
    }

    /// Nobody asks for the task's value any more. It is released once no task needs it; where it has not been computed,
    /// it is not, nor what only it needs.
    pub fn release(&mut self, task: u32, released: &mut Vec<u32>) {
        let cell = &mut self.cells[task as usize];
        if cell.n_uses & Cell::WANTED == 0 {
            return;
        }
        cell.n_uses &= !Cell::WANTED;
        if cell.n_uses > 0 {
            return;
        }
        match cell.phase {
            Phase::DONE => released.push(task),
            _ => self.abandon(task, released),
        }
    }

    /// Nobody uses the task, which may not be settled.
    pub fn abandon(&mut self, task: u32, released: &mut Vec<u32>) {
        let mut pending = vec![task];
        while let Some(task) = pending.pop() {
            let phase = self.cells[task as usize].phase;
            if self.skip(task, released) && phase.n_missing().is_some() {
                let unused = |&&input: &&u32| self.cells[input as usize].n_uses == 0;
                pending.extend(self.inputs(task).iter().filter(unused));
            }
            pending.append(&mut self.orphans);
        }
    }

    /// Gives up everything of an owner's that is not done, and releases what was asked for.
    pub fn close(&mut self, owner: OwnerId, released: &mut Vec<u32>) {
        let mine = self.segments.iter().filter(|segment| segment.owner == owner.0);
        let tasks: Vec<u32> = mine.flat_map(Segment::tasks).collect();
        for &task in &tasks {
            self.cancel(task, released);
        }
        for task in tasks {
            self.release(task, released);
        }
    }

    /// Forgets the segments of closed owners that nothing hangs on any more; `forgotten` gains their tables.
    pub fn retire(&mut self, is_closed: impl Fn(u32) -> bool, forgotten: &mut Vec<Arc<Part>>) {
        while let Some(at) =
            self.segments.iter().position(|segment| is_closed(segment.owner) && !self.is_in_use(segment))
        {
            let segment = self.segments.remove(at);
            let tasks = segment.tasks();
            for (outer, _) in segment.outer_inputs() {
                if let Some(consumers) = self.outer_consumers.get_mut(&outer) {
                    consumers.retain(|consumer| !tasks.contains(consumer));
                    if consumers.is_empty() {
                        self.outer_consumers.remove(&outer);
                    }
                }
            }
            let cells = &mut self.cells[tasks.start as usize..tasks.end as usize];
            if segment.grew_from().is_none() {
                self.n_unranked -= cells.iter().filter(|cell| cell.rank == super::cell::UNRANKED).count();
            }
            cells.fill(Cell::VACANT);
            if tasks.start == 0 {
                self.n_first = 0;
            }
            self.give_back(tasks.start, tasks.len().fit::<u32>());
            forgotten.push(Arc::clone(segment.part()));
        }
        for queue in &mut self.queues {
            let has_segments = |owner: u32| self.segments.iter().any(|segment| segment.owner == owner);
            if queue.owner.is_some_and(|owner| is_closed(owner) && !has_segments(owner)) {
                *queue = super::queue::Queue::vacant();
            }
        }
    }

    /// Whether something hangs on a segment: a job that is out, a value that is used or on its way, or a segment that
    /// names its tasks and might compute them again.
    fn is_in_use(&self, segment: &Segment) -> bool {
        let is_used = |task: u32| {
            let cell = self.cells[task as usize];
            !cell.phase.is_settled() || cell.has_value() || self.fetching.contains(&task)
        };
        let tasks = segment.tasks();
        segment.n_out > 0
            || tasks.clone().any(|task| is_used(task) || self.outer_consumers.contains_key(&task))
            || self.segments.iter().any(|other| other.grew_from().is_some_and(|task| tasks.contains(&task)))
    }
}
