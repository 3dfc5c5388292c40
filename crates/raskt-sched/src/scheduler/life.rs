//! What becomes of a task: needed, ready, in memory, failed, released, forgotten. Every change of a state is here or in
//! `placing`.

use std::sync::Arc;

use smallvec::SmallVec;

use super::machine::Scheduler;
use super::task::{Place, Progress, State};
use crate::failure::{Failure, Reason};
use crate::ids::{Attempt, ClientId, TaskId, WorkerId};
use crate::messages::{ToClient, ToWorker};

impl Scheduler {
    /// A task that is needed and released is computed, with what it needs in turn.
    pub(super) fn activate(&mut self, task: TaskId) {
        let mut to_visit: SmallVec<[TaskId; 8]> = SmallVec::from_elem(task, 1);
        while let Some(task) = to_visit.pop() {
            if self.tasks[task].state != State::Released {
                continue;
            }
            if self.tasks[task].work.is_none() {
                self.fail(task, Reason::DataLost);
                continue;
            }
            let inputs: SmallVec<[TaskId; 8]> = self.tasks.inputs(task).collect();
            let (mut n_missing, mut failed) = (0, None);
            for &input in &inputs {
                self.tasks[input].n_uses += 1;
                match self.tasks[input].state {
                    State::InMemory => {}
                    State::Failed => failed = self.tasks.failures.get(&input).cloned(),
                    State::Released => {
                        n_missing += 1;
                        to_visit.push(input);
                    }
                    State::Vacant
                    | State::Reserved
                    | State::Waiting { .. }
                    | State::Queued(_)
                    | State::Assigned { .. } => n_missing += 1,
                }
            }
            self.tasks.set_state(task, State::Waiting { n_missing });
            match failed {
                Some(failure) => self.fail_with(task, failure),
                None if n_missing == 0 => self.ready.push(task),
                None => {}
            }
        }
    }

    /// A value is there: consumers may run, and clients hear of it.
    pub(super) fn complete(&mut self, task: TaskId, n_bytes: u64) {
        let is_tied = self.tasks.inputs(task).any(|input| self.tasks[input].ties.is_tied());
        self.tasks.set_state(task, State::InMemory);
        self.tasks.last_inputs.remove(&task);
        let completed = &mut self.tasks[task];
        completed.n_bytes = n_bytes;
        completed.ties.needs_inputs = is_tied && !std::mem::take(&mut completed.ties.has_received);
        if !completed.ties.needs_inputs {
            self.drop_uses(task);
        }
        let consumers: SmallVec<[TaskId; 8]> = self.tasks.consumers(task).collect();
        for consumer in consumers {
            if let State::Waiting { n_missing } = &mut self.tasks[consumer].state {
                *n_missing -= 1;
                if *n_missing == 0 {
                    self.tasks.last_inputs.insert(consumer, task);
                    self.ready.push(consumer);
                }
            }
        }
        self.announce(task);
        self.unneeded.push(task);
    }

    /// A task fails for a reason of its own, and so does what needs it.
    pub(super) fn fail(&mut self, task: TaskId, reason: Reason) {
        let key = self.tasks.key(task);
        self.fail_with(task, Arc::new(Failure { key, reason }));
    }

    pub(super) fn fail_with(&mut self, task: TaskId, failure: Arc<Failure>) {
        let mut to_fail: SmallVec<[TaskId; 8]> = SmallVec::from_elem(task, 1);
        while let Some(task) = to_fail.pop() {
            let state = self.tasks[task].state;
            match state {
                State::Waiting { .. } | State::Queued(_) | State::Assigned { .. } => {
                    self.leave_place(task);
                    self.drop_uses(task);
                }
                State::Released | State::Reserved | State::InMemory => {}
                State::Vacant | State::Failed => continue,
            }
            self.tasks.set_state(task, State::Failed);
            self.tasks.failures.insert(task, Arc::clone(&failure));
            to_fail.extend(
                self.tasks.consumers(task).filter(|&consumer| self.tasks[consumer].state.is_active()),
            );
            self.announce(task);
            self.unneeded.push(task);
        }
    }

    /// A task that was active, or whose value needed them, does not need its inputs any more.
    fn drop_uses(&mut self, task: TaskId) {
        let inputs: SmallVec<[TaskId; 8]> = self.tasks.inputs(task).collect();
        for input in inputs {
            // A value that a client scattered is complete without ever having been active, and has no inputs.
            self.tasks[input].n_uses -= 1;
            if self.tasks[input].n_uses == 0 {
                self.unneeded.push(input);
            }
        }
    }

    /// Takes a task out of its queue or away from its worker, which hears of it; it waits afterwards.
    pub(super) fn leave_place(&mut self, task: TaskId) {
        match self.tasks[task].state {
            State::Queued(place) => self.dequeue(task, place),
            State::Assigned { worker, .. } => {
                let attempt = self.attempt(task);
                self.unassign(task);
                self.tell_worker(worker, ToWorker::Withdraw(attempt));
            }
            State::Vacant
            | State::Released
            | State::Reserved
            | State::Waiting { .. }
            | State::InMemory
            | State::Failed => {}
        }
    }

    /// A task that was to run, or ran, somewhere waits again.
    pub(super) fn wait_again(&mut self, task: TaskId) {
        self.leave_place(task);
        let n_missing = self.tasks.n_missing(task);
        self.tasks.set_state(task, State::Waiting { n_missing });
        if n_missing == 0 {
            self.ready.push(task);
        }
    }

    /// No worker holds a value any more, or what it [hangs on](super::task::Ties) is gone: it is computed again, if it is needed.
    /// Tasks that have begun have it, unless it only names what is gone.
    pub(super) fn lose_value(&mut self, task: TaskId) {
        let is_tied = self.tasks[task].ties.is_tied();
        let value = self.tasks.reference(task);
        self.free(task);
        let consumers: SmallVec<[TaskId; 8]> = self.tasks.consumers(task).collect();
        for consumer in consumers {
            let state = self.tasks[consumer].state;
            match state {
                State::Waiting { n_missing } => {
                    self.tasks.set_state(consumer, State::Waiting { n_missing: n_missing + 1 });
                }
                State::Assigned { progress: Progress::Running, .. } if !is_tied => {}
                State::Queued(_) | State::Assigned { .. } => {
                    if let State::Assigned { worker, .. } = state
                        && is_tied
                    {
                        // It may have a copy that has not been heard of: one that names what is gone.
                        self.to_free.push((worker, value));
                    }
                    // Further mentions of the value find it waiting.
                    self.leave_place(consumer);
                    self.tasks.set_state(consumer, State::Waiting { n_missing: 1 });
                }
                State::InMemory if self.tasks[consumer].ties.needs_inputs => self.lose_value(consumer),
                State::InMemory | State::Vacant | State::Released | State::Reserved | State::Failed => {}
            }
        }
        if !self.is_needed(task) {
            self.unneeded.push(task);
            return;
        }
        if self.tasks[task].work.is_some() {
            let clients: Vec<ClientId> = self.wants.of_right(task).map(|(_, client)| client).collect();
            for client in clients {
                self.tell_client(client, ToClient::Lost(self.tasks.key(task)));
            }
        }
        self.activate(task);
    }

    /// A worker does not hold a value any more.
    pub(super) fn drop_holder(&mut self, task: TaskId, worker: WorkerId) {
        let is_root = self.root_of(task) == Some(worker);
        let is_cut = self.holders.cut(task, worker);
        let is_lost = is_cut && (is_root || self.holders.n_of_left(task) == 0);
        if is_lost && self.tasks[task].state == State::InMemory {
            self.lose_value(task);
        }
    }

    /// The worker without which a value that it made is worth nothing.
    pub(super) fn root_of(&self, task: TaskId) -> Option<WorkerId> {
        let made_by = self.holders.of_left(task).next().map(|(_, worker)| worker);
        made_by.filter(|_| self.tasks[task].ties.is_rooted)
    }

    pub(super) fn drop_incoming(&mut self, task: TaskId) {
        while self.incoming.pop_of_left(task).is_some() {}
    }

    /// What is not needed is released, and what nobody could need again is forgotten; of very many tasks some, and the others with
    /// later events, so that who speaks meanwhile is heard.
    pub(super) fn settle(&mut self) {
        for _ in 0..self.options.unneeded_max {
            let Some(task) = self.unneeded.pop() else { return };
            let state = self.tasks[task].state;
            if state == State::Vacant || self.is_needed(task) {
                continue;
            }
            match state {
                // Data could not be computed again for those that know it.
                State::InMemory
                    if self.tasks[task].work.is_none() && self.tasks.edges.n_of_right(task) > 0 => {}
                State::InMemory => self.free(task),
                State::Waiting { .. } | State::Queued(_) | State::Assigned { .. } => {
                    self.leave_place(task);
                    self.drop_uses(task);
                    self.tasks.set_state(task, State::Released);
                }
                State::Vacant | State::Released | State::Reserved | State::Failed => {}
            }
            if self.tasks.edges.n_of_right(task) == 0 && !self.n_named.contains_key(&task) {
                self.forget(task);
            }
        }
    }

    /// Workers need not hold a value any more.
    fn free(&mut self, task: TaskId) {
        let value = self.tasks.reference(task);
        while let Some(worker) = self.holders.pop_of_left(task) {
            self.to_free.push((worker, value));
        }
        self.drop_incoming(task);
        self.tasks.set_state(task, State::Released);
        if std::mem::take(&mut self.tasks[task].ties).needs_inputs {
            self.drop_uses(task);
        }
    }

    fn forget(&mut self, task: TaskId) {
        while let Some(input) = self.tasks.edges.pop_of_left(task) {
            if self.tasks.edges.n_of_right(input) == 0 {
                self.unneeded.push(input);
            }
        }
        if let Some(restriction) = self.tasks[task].restriction
            && let Some(restriction) = self.restrictions.get_mut(restriction)
        {
            restriction.n_tasks -= 1;
        }
        self.tasks.vacate(task);
    }

    /// The attempt under way.
    pub(super) fn attempt(&self, task: TaskId) -> Attempt {
        Attempt { of: self.tasks.reference(task), epoch: self.tasks[task].epoch.wrapping_sub(1) }
    }

    /// Takes a task out of a queue; it waits for nothing afterwards.
    pub(super) fn dequeue(&mut self, task: TaskId, place: Place) {
        let (client, priority, us) = {
            let task = &self.tasks[task];
            (task.client, task.priority, u64::from(task.estimate_us))
        };
        match place {
            Place::Anywhere => {
                self.anywhere.remove(client, priority, task);
            }
            Place::Home(worker) => {
                if let Some(at) = self.workers.get_mut(worker) {
                    at.home.remove(client, priority, task);
                    at.home_us -= us;
                    at.n_home -= 1;
                    self.workers.reindex(worker, &self.options.prefill);
                }
            }
            Place::Restricted(restriction) => {
                if let Some(restriction) = self.restrictions.get_mut(restriction) {
                    restriction.queue.remove(client, priority, task);
                }
            }
        }
        if let Some(Some(client)) = self.clients.get_mut(client) {
            client.n_queued -= 1;
        }
        self.tasks.set_state(task, State::Waiting { n_missing: 0 });
    }
}
