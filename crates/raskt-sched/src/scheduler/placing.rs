//! Where a task goes, what a worker gets that has room, and what idle workers take from busy ones.

use std::sync::Arc;

use raskt_core::{Fit, Name};
use smallvec::SmallVec;

use super::machine::Scheduler;
use super::policy::Site;
use super::queue::Rank;
use super::task::{Place, Progress, State};
use crate::ids::{ClientId, RestrictionId, TaskId, WorkerId};
use crate::messages::{Compute, InputAt, Pressure, ToWorker, Work};

/// So many inputs of a task are looked at, and so many holders of each: enough to find most of the bytes.
const INPUTS_MAX: usize = 64;
pub(super) const HOLDERS_MAX: usize = 8;
/// So many workers with most of the inputs are considered.
const LOCAL_MAX: usize = 8;
/// So many workers that meet a condition are considered.
const MATCHES_MAX: usize = 64;
/// From so many of the busiest workers an idle one tries to take a task.
const VICTIMS_MAX: usize = 4;

/// Where the inputs of a task are.
#[derive(Debug, Default)]
struct Locality {
    n_inputs: usize,
    n_bytes: u64,
    /// How much is to be sent before by those that would send inputs: of each the one that sends least, the most of these.
    before_bytes: u64,
    /// The inputs, and the size of each.
    inputs: SmallVec<[(TaskId, u64); 8]>,
    /// Workers, and the bytes that they hold.
    at: SmallVec<[(WorkerId, u64); 16]>,
}

impl Locality {
    fn bytes_at(&self, worker: WorkerId) -> u64 {
        self.at.iter().find(|(at, _)| *at == worker).map_or(0, |&(_, n_bytes)| n_bytes)
    }
}

impl Scheduler {
    /// Places the tasks whose inputs are there, those that go first before others.
    pub(super) fn place_ready(&mut self) {
        let mut ready = std::mem::take(&mut self.ready);
        ready.sort_unstable_by_key(|&task| (self.tasks[task].priority, task));
        for task in ready.drain(..) {
            if self.tasks[task].state == (State::Waiting { n_missing: 0 }) {
                self.place(task);
            }
        }
        self.ready = ready;
    }

    fn locality(&self, task: TaskId) -> Locality {
        let mut locality = Locality::default();
        for input in self.tasks.loaded_inputs(task).take(INPUTS_MAX) {
            let n_bytes = self.tasks[input].n_bytes;
            locality.n_inputs += 1;
            locality.n_bytes += n_bytes;
            locality.inputs.push((input, n_bytes));
            let mut before_bytes = u64::MAX;
            for (_, holder) in self.holders.of_left(input).take(HOLDERS_MAX) {
                let sending_bytes = self.workers.get(holder).map_or(0, |holder| holder.sending_bytes);
                before_bytes = before_bytes.min(sending_bytes);
                match locality.at.iter_mut().find(|(at, _)| *at == holder) {
                    Some((_, bytes)) => *bytes += n_bytes,
                    None => locality.at.push((holder, n_bytes)),
                }
            }
            if before_bytes < u64::MAX {
                locality.before_bytes = locality.before_bytes.max(before_bytes);
            }
        }
        if locality.at.len() > LOCAL_MAX {
            locality.at.sort_unstable_by_key(|&(worker, n_bytes)| (u64::MAX - n_bytes, worker));
            locality.at.truncate(LOCAL_MAX);
        }
        locality
    }

    fn site(&self, worker: WorkerId, locality: &Locality) -> Site {
        let absent_bytes = locality.n_bytes.saturating_sub(locality.bytes_at(worker));
        let coming_bytes = if absent_bytes == 0 { 0 } else { self.coming_bytes(worker, locality) };
        let missing_bytes = absent_bytes.saturating_sub(coming_bytes);
        let receiving_bytes = self.workers[worker].receiving_bytes;
        let bytes = match missing_bytes {
            0 => receiving_bytes.min(coming_bytes),
            bytes => bytes + receiving_bytes.max(locality.before_bytes),
        };
        let transfer_us = match absent_bytes {
            0 => 0,
            _ => {
                let latency_us = self.options.latency.as_micros().clamped::<u64>();
                (bytes as f64 * 1e6 / self.bandwidth).clamped::<u64>().saturating_add(latency_us)
            }
        };
        Site { worker, wait_us: self.workers[worker].wait_us(), transfer_us, missing_bytes }
    }

    /// How much of the inputs is on its way to a worker already.
    fn coming_bytes(&self, worker: WorkerId, locality: &Locality) -> u64 {
        if self.workers[worker].receiving_bytes == 0 {
            return 0;
        }
        let is_coming = |(input, _): &&(TaskId, u64)| self.transfers.contains_key(&(*input, worker));
        locality.inputs.iter().filter(is_coming).map(|&(_, n_bytes)| n_bytes).sum()
    }

    /// The best of some workers; between equals, one that a condition names before others.
    fn best(
        &self,
        candidates: &[WorkerId],
        locality: &Locality,
        restriction: Option<RestrictionId>,
    ) -> Option<WorkerId> {
        let restriction = restriction.and_then(|id| self.restrictions.get(id));
        let cost = |worker: &WorkerId| {
            let at = &self.workers[*worker];
            let load = at.n_counted() * 16 / at.n_threads();
            let place = restriction.map_or(0, |restriction| restriction.demand.place_of(&at.info));
            (self.policy.cost(&self.site(*worker, locality)), place, load, *worker)
        };
        match candidates {
            [only] => Some(*only),
            candidates => candidates.iter().copied().min_by_key(cost),
        }
    }

    fn place(&mut self, task: TaskId) {
        let locality = self.locality(task);
        if let Some(restriction) = self.tasks[task].restriction {
            return match self.best(&self.fit_matches(restriction, &locality), &locality, Some(restriction)) {
                Some(worker) if !self.is_outranked(task, worker) => self.assign(task, worker),
                found => {
                    self.enqueue(task, Place::Restricted(restriction));
                    self.hungry.extend(found);
                }
            };
        }
        let local = locality.at.iter().map(|&(worker, _)| worker);
        let is_open = |worker: &WorkerId| self.workers.get(*worker).is_some_and(|worker| worker.is_open());
        let mut candidates: SmallVec<[WorkerId; LOCAL_MAX]> = local.filter(is_open).collect();
        candidates.extend(self.workers.room.lowest().filter(|&worker| self.takes(worker, locality.n_inputs)));
        let Some(worker) = self.best(&candidates, &locality, None) else {
            return self.enqueue(task, Place::Anywhere);
        };
        let has_room = self.workers[worker].has_room(&self.options.prefill);
        if has_room && !self.is_outranked(task, worker) {
            return self.assign(task, worker);
        }
        let is_home = locality.bytes_at(worker) > 0;
        self.enqueue(task, if is_home { Place::Home(worker) } else { Place::Anywhere });
        if has_room {
            self.hungry.push(worker);
        }
    }

    /// Whether a worker should get a task of so many inputs: one whose memory is full gets those that may free some.
    pub(super) fn takes(&self, worker: WorkerId, n_inputs: usize) -> bool {
        let worker = &self.workers[worker];
        n_inputs > 0 || worker.pressure == Pressure::Low || worker.assigned.is_empty()
    }

    /// Workers that meet a condition and have room, those with inputs and some others.
    fn fit_matches(&self, restriction: RestrictionId, locality: &Locality) -> SmallVec<[WorkerId; 16]> {
        let Some(restriction) = self.restrictions.get(restriction) else { return SmallVec::new() };
        let matches = &restriction.matches;
        let is_fit = |worker: &WorkerId| {
            let at = &self.workers[*worker];
            at.has_room(&self.options.prefill)
                && at.has_free(&restriction.resources)
                && self.takes(*worker, locality.n_inputs)
        };
        let local = locality.at.iter().map(|&(worker, _)| worker);
        let local = local.filter(|worker| matches.binary_search(worker).is_ok());
        let begin = restriction.queue.is_empty().then_some(matches.len()).filter(|&n| n > MATCHES_MAX);
        let begin = begin.map_or(0, |n| self.tasks.len() % n);
        let others = matches.iter().copied().cycle().skip(begin).take(matches.len().min(MATCHES_MAX));
        local.chain(others).filter(is_fit).collect()
    }

    pub(super) fn served(&self, client: ClientId) -> u64 {
        self.clients.get(client).and_then(Option::as_ref).map_or(0, |client| client.served_us)
    }

    pub(super) fn rank(&self, task: TaskId) -> Rank {
        let task = &self.tasks[task];
        (task.priority.user, self.served(task.client), task.priority)
    }

    /// Whether something that waits should go to the worker before the task.
    fn is_outranked(&self, task: TaskId, worker: WorkerId) -> bool {
        let served = |client| self.served(client);
        let waiting = [self.anywhere.first(served), self.workers[worker].home.first(served)];
        waiting.into_iter().flatten().any(|(rank, _)| rank < self.rank(task))
    }

    fn enqueue(&mut self, task: TaskId, place: Place) {
        let family = self.tasks[task].family;
        self.tasks[task].estimate_us = self.families.estimate_us(family);
        self.tasks.set_state(task, State::Queued(place));
        self.tasks[task].since = self.now;
        let (client, priority) = (self.tasks[task].client, self.tasks[task].priority);
        if let Some(Some(client)) = self.clients.get_mut(client) {
            if client.n_queued == 0 {
                client.served_us = client.served_us.max(self.served_us);
            }
            client.n_queued += 1;
        }
        match place {
            Place::Anywhere => self.anywhere.insert(client, priority, task),
            Place::Home(worker) => {
                let us = u64::from(self.tasks[task].estimate_us);
                let home = &mut self.workers[worker];
                home.home.insert(client, priority, task);
                home.home_us += us;
                home.n_home += 1;
                self.workers.reindex(worker, &self.options.prefill);
            }
            Place::Restricted(restriction) => {
                if let Some(restriction) = self.restrictions.get_mut(restriction) {
                    restriction.queue.insert(client, priority, task);
                }
            }
        }
    }

    fn resources(&self, task: TaskId) -> Arc<[(Name, u64)]> {
        let restriction = self.tasks[task].restriction.and_then(|id| self.restrictions.get(id));
        Arc::clone(restriction.map_or(&self.no_resources, |restriction| &restriction.resources))
    }

    /// Sends a task, whose inputs are in memory, to a worker.
    fn assign(&mut self, task: TaskId, worker: WorkerId) {
        let Some((table, row)) = self.tasks.work(task) else { return };
        let work = Work { table: Arc::clone(table), row };
        let family = self.tasks[task].family;
        let estimate_us = self.families.estimate_us(family);
        let client = {
            let task = &mut self.tasks[task];
            task.estimate_us = estimate_us;
            task.epoch = task.epoch.wrapping_add(1);
            task.since = self.now;
            task.client
        };
        self.tasks.set_state(task, State::Assigned { worker, progress: Progress::Sent });
        if let Some(Some(client)) = self.clients.get_mut(client) {
            self.served_us = self.served_us.max(client.served_us);
            client.served_us += u64::from(estimate_us);
        }
        let resources = self.resources(task);
        let at = &mut self.workers[worker];
        at.assigned.push(task);
        at.assigned_us += u64::from(estimate_us);
        at.change_free(&resources, |free, n| free.saturating_sub(n));
        self.workers.reindex(worker, &self.options.prefill);
        let inputs: Vec<InputAt> =
            self.tasks.loaded_inputs(task).map(|input| self.located(input, Some(worker))).collect();
        self.begin_transfers(worker, &inputs);
        let (attempt, priority) = (self.attempt(task), self.tasks[task].priority);
        let compute = Compute { attempt, priority, work, inputs, resources };
        self.tell_worker(worker, ToWorker::Compute(Box::new(compute)));
    }

    /// A task is not at its worker any more; it waits for nothing afterwards.
    pub(super) fn unassign(&mut self, task: TaskId) {
        let State::Assigned { worker, .. } = self.tasks[task].state else { return };
        self.forget_recall(task);
        if self.tasks[task].state != (State::Assigned { worker, progress: Progress::Running }) {
            self.end_transfers(task, worker);
        }
        let resources = self.resources(task);
        let us = u64::from(self.tasks[task].estimate_us);
        if let Some(at) = self.workers.get_mut(worker) {
            if let Some(place) = at.assigned.iter().position(|&other| other == task) {
                at.assigned.swap_remove(place);
            }
            at.seceded.retain(|&other| other != task);
            at.assigned_us -= us;
            at.change_free(&resources, |free, n| free.saturating_add(n));
            self.workers.reindex(worker, &self.options.prefill);
            self.hungry.push(worker);
        }
        self.tasks.set_state(task, State::Waiting { n_missing: 0 });
    }

    /// Asks a worker to give a task back that it has not begun, for one that has nothing to do.
    pub(super) fn recall(&mut self, task: TaskId, worker: WorkerId, thief: WorkerId) {
        self.tasks.set_state(task, State::Assigned { worker, progress: Progress::Recalled { thief } });
        self.workers[thief].n_expected += 1;
        let attempt = self.attempt(task);
        self.tell_worker(worker, ToWorker::Return(attempt));
    }

    /// Nobody waits for a task to be given back any more.
    pub(super) fn forget_recall(&mut self, task: TaskId) {
        if let State::Assigned { worker, progress: Progress::Recalled { thief } } = self.tasks[task].state {
            if let Some(thief) = self.workers.get_mut(thief) {
                thief.n_expected -= 1;
            }
            self.hungry.push(thief);
            self.tasks.set_state(task, State::Assigned { worker, progress: Progress::Sent });
        }
    }

    /// Gives tasks to workers that may have room.
    pub(super) fn feed_hungry(&mut self) {
        let mut hungry = std::mem::take(&mut self.hungry);
        hungry.sort_unstable();
        hungry.dedup();
        for worker in hungry.drain(..) {
            self.feed(worker);
        }
        // What was fed had no task taken away, so that nobody has become hungry.
        self.hungry.clear();
        std::mem::swap(&mut self.hungry, &mut hungry);
    }

    fn feed(&mut self, worker: WorkerId) {
        loop {
            let Some(at) = self.workers.get(worker) else { return };
            if !at.has_room(&self.options.prefill) {
                return;
            }
            let Some((task, place)) = self.pick(worker) else { break };
            self.dequeue(task, place);
            self.assign(task, worker);
        }
        for _ in 0..self.workers[worker].n_idle() {
            if !self.steal(worker) {
                return;
            }
        }
    }

    /// What should go to a worker next, of all that waits.
    fn pick(&self, worker: WorkerId) -> Option<(TaskId, Place)> {
        let at = &self.workers[worker];
        let served = |client| self.served(client);
        let mut best: Option<(Rank, TaskId, Place)> = None;
        let mut offer = |head: Option<(Rank, TaskId)>, place: Place| {
            if let Some((rank, task)) = head
                && best.is_none_or(|(other, ..)| rank < other)
            {
                best = Some((rank, task, place));
            }
        };
        offer(at.home.first(served), Place::Home(worker));
        if self.takes(worker, 0) {
            offer(self.anywhere.first(served), Place::Anywhere);
        }
        for &id in &at.restrictions {
            if let Some(restriction) = self.restrictions.get(id)
                && at.has_free(&restriction.resources)
            {
                offer(restriction.queue.first(served), Place::Restricted(id));
            }
        }
        best.map(|(_, task, place)| (task, place))
    }

    /// Takes a task for an idle worker from one of the busiest: one that waits here for it, or else one that waits there.
    fn steal(&mut self, thief: WorkerId) -> bool {
        let victims: SmallVec<[WorkerId; VICTIMS_MAX]> =
            self.workers.backlog.descending().take(VICTIMS_MAX).filter(|&victim| victim != thief).collect();
        for victim in victims {
            if let Some(task) = self.workers[victim].home.last()
                && self.gains(task, victim, thief)
            {
                self.dequeue(task, Place::Home(victim));
                self.assign(task, thief);
                return true;
            }
            let sent =
                self.workers[victim].assigned.iter().copied().filter(|&task| self.may_move(task, thief));
            if let Some(task) = sent.max_by_key(|&task| (self.tasks[task].priority, task))
                && self.gains(task, victim, thief)
            {
                self.recall(task, victim, thief);
                return true;
            }
        }
        false
    }

    /// Whether a task has not begun as far as is known, and may run at the worker.
    fn may_move(&self, task: TaskId, to: WorkerId) -> bool {
        let is_sent = matches!(self.tasks[task].state, State::Assigned { progress: Progress::Sent, .. });
        let restriction = self.tasks[task].restriction.and_then(|id| self.restrictions.get(id));
        let meets = restriction.is_none_or(|restriction| {
            restriction.matches.binary_search(&to).is_ok()
                && self.workers[to].has_free(&restriction.resources)
        });
        is_sent && meets
    }

    /// Whether a task is better off with the thief, by more than it takes to ask.
    fn gains(&self, task: TaskId, victim: WorkerId, thief: WorkerId) -> bool {
        let locality = self.locality(task);
        let mut moved = self.site(thief, &locality);
        moved.wait_us += 2 * self.options.latency.as_micros().clamped::<u64>();
        let stays = Site { wait_us: self.workers[victim].backlog_us(), ..self.site(victim, &locality) };
        self.takes(thief, locality.n_inputs) && self.policy.cost(&moved) < self.policy.cost(&stays)
    }
}
