//! Workers join, are lost, retire.

use std::sync::Arc;

use raskt_core::Result;

use super::event::Action;
use super::machine::Scheduler;
use super::task::{Progress, State};
use crate::failure::{Death, Reason};
use crate::ids::{Attempt, TaskId, WorkerId};
use crate::messages::{ToWorker, WorkerInfo};

impl Scheduler {
    pub(super) fn join(&mut self, info: WorkerInfo) -> Result<WorkerId> {
        let worker = self.workers.add(info, self.now)?;
        self.workers.reindex(worker, &self.options.prefill);
        self.workers_changed();
        self.hungry.push(worker);
        Ok(worker)
    }

    /// Conditions are met by other workers than before.
    fn workers_changed(&mut self) {
        self.restrictions.refresh(&mut self.workers);
        let with_queues = self.restrictions.iter().filter(|(_, restriction)| !restriction.queue.is_empty());
        self.hungry.extend(with_queues.flat_map(|(_, restriction)| &restriction.matches));
    }

    /// What the worker held is lost, and what it was to do is done by others. Only tasks that it ran are blamed.
    pub(super) fn lose_worker(&mut self, worker: WorkerId, how: &Arc<str>, running: &[Attempt]) {
        let Some(lost) = self.workers.remove(worker) else { return };
        self.workers_changed();
        let mut blamed = Vec::new();
        for &task in &lost.assigned {
            let is_running =
                matches!(self.tasks[task].state, State::Assigned { progress: Progress::Running, .. });
            if is_running || running.contains(&self.attempt(task)) {
                blamed.push(task);
            }
            self.wait_again(task);
        }
        for (_, _, task) in lost.home.iter() {
            self.wait_again(task);
        }
        let held: Vec<TaskId> = self.holders.of_right(worker).map(|(_, task)| task).collect();
        for task in held {
            self.drop_holder(task, worker);
        }
        while self.incoming.pop_of_right(worker).is_some() {}
        for task in blamed {
            self.blame(task, Death { worker: lost.info.name.clone(), how: Arc::clone(how) });
        }
    }

    fn blame(&mut self, task: TaskId, death: Death) {
        let deaths = self.tasks.deaths.entry(task).or_default();
        deaths.push(death);
        if deaths.len() > self.options.allowed_failures as usize {
            let deaths = Arc::from(deaths.as_slice());
            self.fail(task, Reason::KilledWorkers { deaths });
        }
    }

    /// The worker gets no more tasks: those that have not begun go elsewhere.
    pub(super) fn clear_out(&mut self, worker: WorkerId) {
        let home: Vec<TaskId> = self.workers[worker].home.iter().map(|(_, _, task)| task).collect();
        for task in home {
            self.wait_again(task);
        }
        let sent: Vec<TaskId> = self.workers[worker].assigned.clone();
        for task in sent {
            if matches!(self.tasks[task].state, State::Assigned { progress: Progress::Sent, .. }) {
                self.recall(task, worker, worker);
            }
        }
    }

    pub(super) fn retire(&mut self, worker: WorkerId) {
        match self.workers.get_mut(worker) {
            Some(worker) if !worker.is_retiring => worker.is_retiring = true,
            _ => return,
        }
        self.workers.reindex(worker, &self.options.prefill);
        self.leave_to_others(worker);
    }

    /// A retiring worker gives its tasks back, and what it holds to others.
    pub(super) fn leave_to_others(&mut self, worker: WorkerId) {
        self.clear_out(worker);
        self.drain(worker);
    }

    /// Gives what only a retiring worker holds to others; lets it go once it has nothing that is needed.
    fn drain(&mut self, worker: WorkerId) {
        self.settle();
        let held: Vec<TaskId> = self.holders.of_right(worker).map(|(_, task)| task).collect();
        let mut is_empty = self.workers[worker].assigned.is_empty();
        for task in held {
            if self.tasks[task].ties.is_rooted {
                // Only here it is worth something, and it is needed for as long as an exchange takes.
                is_empty &= self.root_of(task) != Some(worker);
                continue;
            }
            let stays = |at: WorkerId| self.workers.get(at).is_some_and(|worker| !worker.is_retiring);
            if self.holders.of_left(task).any(|(_, holder)| stays(holder)) {
                continue;
            }
            is_empty = false;
            if !self.incoming.of_left(task).any(|(_, at)| stays(at)) {
                let n = self.holders.n_of_left(task) + self.incoming.n_of_left(task);
                self.replicate(task, n + 1);
            }
        }
        if is_empty {
            self.tell_worker(worker, ToWorker::Dismiss);
            self.lose_worker(worker, &Arc::from("retired"), &[]);
        }
    }

    pub(super) fn tick(&mut self) {
        let (timeout, now) = (self.options.worker_timeout, self.now);
        let is_silent = |worker: &WorkerId| now.since(self.workers[*worker].heard) >= timeout;
        let silent: Vec<WorkerId> = self.workers.ids().filter(is_silent).collect();
        for worker in silent {
            self.actions.push(Action::Close(worker));
            let how = format!("silent for {} s", now.since(self.workers[worker].heard).as_secs());
            self.lose_worker(worker, &how.into(), &[]);
        }
        let retiring: Vec<WorkerId> = self.workers.ids().filter(|&id| self.workers[id].is_retiring).collect();
        for worker in retiring {
            self.drain(worker);
        }
        self.learn_from_running();
        if self.workers.backlog.descending().next().is_some() {
            let idle =
                self.workers.ids().filter(|&id| self.workers[id].is_open() && self.workers[id].n_idle() > 0);
            self.hungry.extend(idle);
        }
    }

    /// Tasks of a kind of which none has finished take as long as one runs already, at least.
    fn learn_from_running(&mut self) {
        let assigned = self.workers.ids().flat_map(|id| self.workers[id].assigned.iter().copied());
        let is_running = |task: &TaskId| {
            matches!(self.tasks[*task].state, State::Assigned { progress: Progress::Running, .. })
        };
        let running: Vec<TaskId> = assigned.filter(is_running).collect();
        for task in running {
            let (family, since) = (self.tasks[task].family, self.tasks[task].since);
            if self.families.outlast(family, self.now.since(since)) {
                self.estimate_again(family);
            }
        }
    }
}
