//! Transfers that are under way, as far as the scheduler knows: who sends and who receives how much, for tasks that were sent and
//! have not begun.

use smallvec::SmallVec;

use super::machine::Scheduler;
use super::task::State;
use crate::ids::{FamilyId, TaskId, WorkerId};
use crate::messages::InputAt;

/// A value that is on its way to a worker.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Transfer {
    pub from: WorkerId,
    pub n_bytes: u64,
    /// Mentions by tasks that were sent and have not begun.
    pub n_uses: u32,
}

impl Scheduler {
    /// A task is sent to a worker, which gets these inputs from the first of the holders of each.
    pub(super) fn begin_transfers(&mut self, to: WorkerId, inputs: &[InputAt]) {
        for input in inputs {
            let Some(&from) = input.holders.first().filter(|&&from| from != to) else { continue };
            let n_bytes = input.n_bytes;
            let fresh = Transfer { from, n_bytes, n_uses: 0 };
            let transfer = self.transfers.entry((input.value.task, to)).or_insert(fresh);
            transfer.n_uses += 1;
            if transfer.n_uses == 1 {
                self.workers[to].receiving_bytes += n_bytes;
                if let Some(from) = self.workers.get_mut(from) {
                    from.sending_bytes += n_bytes;
                }
            }
        }
    }

    /// A task has begun at a worker, or is not there any more: what comes for it alone does not any more.
    pub(super) fn end_transfers(&mut self, task: TaskId, to: WorkerId) {
        if self.transfers.is_empty() {
            return;
        }
        let inputs: SmallVec<[TaskId; 8]> = self.tasks.loaded_inputs(task).collect();
        for input in inputs {
            if let Some(transfer) = self.transfers.get_mut(&(input, to)) {
                transfer.n_uses -= 1;
                if transfer.n_uses == 0 {
                    self.end_transfer(input, to);
                }
            }
        }
    }

    /// A value has arrived at a worker, or does not come.
    pub(super) fn end_transfer(&mut self, value: TaskId, to: WorkerId) {
        let Some(Transfer { from, n_bytes, .. }) = self.transfers.remove(&(value, to)) else { return };
        if let Some(to) = self.workers.get_mut(to) {
            to.receiving_bytes -= n_bytes;
        }
        if let Some(from) = self.workers.get_mut(from) {
            from.sending_bytes -= n_bytes;
        }
    }

    /// More is known of a family than when its tasks were counted: that was a guess.
    pub(super) fn estimate_again(&mut self, family: FamilyId) {
        let estimate_us = self.families.estimate_us(family);
        let workers: Vec<WorkerId> = self.workers.ids().collect();
        for id in workers {
            let worker = &mut self.workers[id];
            if worker.assigned.is_empty() && worker.n_home == 0 {
                continue;
            }
            let waiting: Vec<TaskId> = worker.home.iter().map(|(_, _, task)| task).collect();
            let mut changed = false;
            for task in waiting.into_iter().chain(worker.assigned.iter().copied()) {
                let of = &mut self.tasks[task];
                if of.family != family {
                    continue;
                }
                let sum = match of.state {
                    State::Assigned { .. } => &mut worker.assigned_us,
                    _ => &mut worker.home_us,
                };
                *sum = *sum + u64::from(estimate_us) - u64::from(of.estimate_us);
                of.estimate_us = estimate_us;
                changed = true;
            }
            if changed {
                self.workers.reindex(id, &self.options.prefill);
            }
        }
    }
}
