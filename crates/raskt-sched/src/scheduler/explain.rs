//! Why a task does not run.

use raskt_core::{Key, Name};
use rustc_hash::FxHashSet;
use smallvec::SmallVec;

use super::explanation::{Candidates, Explanation, Misfit, Queue, Why};
use super::machine::Scheduler;
use super::queue::{FairQueue, Rank};
use super::restrictions::Restriction;
use super::task::{Place, Progress, State};
use crate::ids::{ClientId, TaskId, WorkerId};
use crate::messages::{Demand, Pressure};

/// So many inputs, consumers and workers are named.
const NAMED_MAX: usize = 8;
/// So many tasks are looked at for what has to come first.
const SEARCH_MAX: usize = 4096;

impl Scheduler {
    /// Why the task of a key does not run, or that it does.
    ///
    /// ```
    /// use raskt_core::Key;
    /// use raskt_sched::{Options, Scheduler};
    /// let scheduler = Scheduler::new(Options::default());
    /// assert_eq!(scheduler.explain(&Key::named("x")).to_string(), "Nothing is known of x.");
    /// ```
    #[must_use]
    pub fn explain(&self, key: &Key) -> Explanation {
        match self.tasks.find(key) {
            Some(task) => self.explain_task(task, true),
            None => Explanation {
                key: key.clone(),
                why: Why::Unknown,
                n_retries: 0,
                deaths: Vec::new(),
                clients: Vec::new(),
                consumers: Vec::new(),
                n_consumers: 0,
                is_held: false,
            },
        }
    }

    /// Conditions that no worker meets, how many tasks are under each, and who could take these.
    #[must_use]
    pub fn unmet_demands(&self) -> Vec<(Demand, usize, Candidates)> {
        let unmet = self.restrictions.iter().map(|(_, restriction)| restriction);
        let unmet = unmet.filter(|restriction| restriction.matches.is_empty() && restriction.n_tasks > 0);
        let told = |restriction: &Restriction| {
            (restriction.demand.clone(), restriction.n_tasks, self.candidates(Some(restriction), None, 1))
        };
        unmet.map(told).collect()
    }

    fn explain_task(&self, task: TaskId, with_first: bool) -> Explanation {
        let active = self.tasks.consumers(task).filter(|&consumer| self.tasks[consumer].state.is_active());
        let mut consumers: Vec<TaskId> = active.collect();
        consumers.sort_unstable_by_key(|&consumer| (self.tasks[consumer].priority, consumer));
        consumers.dedup();
        Explanation {
            key: self.tasks.key(task),
            why: self.why(task, with_first),
            n_retries: self.tasks[task].n_retries,
            deaths: self.tasks.deaths.get(&task).cloned().unwrap_or_default(),
            clients: self.wants.of_right(task).map(|(_, client)| client).collect::<Vec<ClientId>>(),
            n_consumers: consumers.len(),
            consumers: consumers
                .into_iter()
                .take(NAMED_MAX)
                .map(|consumer| self.tasks.key(consumer))
                .collect(),
            is_held: self.held.values().flat_map(|held| &held.values).any(|value| value.task == task),
        }
    }

    fn why(&self, task: TaskId, with_first: bool) -> Why {
        let since = self.now.since(self.tasks[task].since);
        match self.tasks[task].state {
            State::Vacant => Why::Unknown,
            State::Released => Why::Released,
            State::Reserved => Why::Reserved,
            State::Waiting { .. } => self.waits(task, with_first),
            State::Queued(place) => self.queues(task, place),
            State::Assigned { worker, progress: Progress::Running } => {
                Why::Running { worker: self.workers[worker].info.name.clone(), since }
            }
            State::Assigned { worker, progress: Progress::Sent | Progress::Recalled { .. } } => {
                let is_there = |input: TaskId| self.holders.of_left(input).any(|(_, at)| at == worker);
                let mut to_fetch: SmallVec<[TaskId; 8]> =
                    self.tasks.loaded_inputs(task).filter(|&input| !is_there(input)).collect();
                to_fetch.sort_unstable();
                to_fetch.dedup();
                let at = &self.workers[worker];
                let is_running = |task: &&TaskId| {
                    matches!(self.tasks[**task].state, State::Assigned { progress: Progress::Running, .. })
                };
                Why::Sent {
                    worker: at.info.name.clone(),
                    since,
                    n_to_fetch: to_fetch.len(),
                    fetch_bytes: to_fetch.iter().map(|&input| self.tasks[input].n_bytes).sum(),
                    n_running: at.assigned.iter().filter(is_running).count(),
                    n_threads: at.info.n_threads,
                }
            }
            State::InMemory => {
                let workers = self.holders.of_left(task);
                let workers = workers.map(|(_, worker)| self.workers[worker].info.name.clone()).collect();
                Why::InMemory { workers, n_bytes: self.tasks[task].n_bytes }
            }
            State::Failed => self.tasks.failures.get(&task).map_or(Why::Released, |f| Why::Failed(f.clone())),
        }
    }

    /// The inputs of a task that are not in memory, each once.
    fn missing(&self, task: TaskId) -> SmallVec<[TaskId; 8]> {
        let is_missing = |input: &TaskId| self.tasks[*input].state != State::InMemory;
        let mut missing: SmallVec<[TaskId; 8]> = self.tasks.inputs(task).filter(is_missing).collect();
        missing.sort_unstable_by_key(|&input| (self.tasks[input].priority, input));
        missing.dedup();
        missing
    }

    fn waits(&self, task: TaskId, with_first: bool) -> Why {
        let missing = self.missing(task);
        let mut inputs: SmallVec<[TaskId; 8]> = self.tasks.inputs(task).collect();
        inputs.sort_unstable();
        inputs.dedup();
        let first = if with_first { self.first_of(task) } else { None };
        let named = missing.iter().take(NAMED_MAX);
        Why::Waiting {
            missing: named
                .filter_map(|&input| Some((self.tasks.key(input), self.state_of(input)?)))
                .collect(),
            n_missing: missing.len(),
            n_inputs: inputs.len(),
            first: first.map(|first| Box::new(self.explain_task(first, false))),
        }
    }

    /// Of what a task waits for, directly or not, and that waits for no input: what is furthest from a value.
    fn first_of(&self, task: TaskId) -> Option<TaskId> {
        let mut seen = FxHashSet::default();
        let mut to_visit: Vec<TaskId> = vec![task];
        let mut best = None;
        while let Some(task) = to_visit.pop() {
            if seen.len() >= SEARCH_MAX {
                break;
            }
            if !seen.insert(task) {
                continue;
            }
            match self.tasks[task].state {
                State::Waiting { .. } => to_visit.extend(self.missing(task)),
                _ => best = best.max(Some((self.distance(task), u32::MAX - task.0))),
            }
        }
        best.map(|(_, from_last)| TaskId(u32::MAX - from_last))
    }

    /// How far a task that waits for no input is from its value.
    fn distance(&self, task: TaskId) -> u8 {
        match self.tasks[task].state {
            State::Queued(Place::Restricted(id)) => {
                let restriction = self.restrictions.get(id);
                if restriction.is_some_and(|restriction| restriction.matches.is_empty()) { 5 } else { 3 }
            }
            State::Reserved => 4,
            State::Queued(_) => 3,
            State::Assigned { progress: Progress::Sent | Progress::Recalled { .. }, .. } => 2,
            State::Assigned { progress: Progress::Running, .. } => 1,
            State::Vacant | State::Released | State::Waiting { .. } | State::InMemory | State::Failed => 0,
        }
    }

    fn queues(&self, task: TaskId, place: Place) -> Why {
        let since = self.now.since(self.tasks[task].since);
        let n_inputs = self.tasks.loaded_inputs(task).count();
        let (queue, n_of_queue, candidates) = match place {
            Place::Anywhere => {
                (Queue::Shared, self.place_in(&self.anywhere, task), self.candidates(None, None, n_inputs))
            }
            Place::Home(worker) => {
                let at = &self.workers[worker];
                let candidates = self.candidates(None, Some(worker), n_inputs);
                (Queue::Worker(at.info.name.clone()), self.place_in(&at.home, task), candidates)
            }
            Place::Restricted(id) => match self.restrictions.get(id) {
                Some(restriction) => (
                    Queue::Restricted(restriction.demand.clone()),
                    self.place_in(&restriction.queue, task),
                    self.candidates(Some(restriction), None, n_inputs),
                ),
                None => return Why::Released,
            },
        };
        let (n_before, n_queued) = n_of_queue;
        Why::Queued { queue, since, n_before, n_queued, candidates }
    }

    /// How many tasks of a queue go before one, and how many there are.
    fn place_in(&self, queue: &FairQueue, task: TaskId) -> (usize, usize) {
        let rank: (Rank, TaskId) = (self.rank(task), task);
        let ranks = queue.iter().map(|(_, _, other)| (self.rank(other), other));
        ranks.fold((0, 0), |(n_before, n), other| (n_before + usize::from(other < rank), n + 1))
    }

    /// Who could take a task of so many inputs, under a condition or from the queue of a worker.
    fn candidates(
        &self,
        restriction: Option<&Restriction>,
        at: Option<WorkerId>,
        n_inputs: usize,
    ) -> Candidates {
        let mut candidates = Candidates { n_workers: self.workers.len(), ..Candidates::default() };
        let workers: Vec<WorkerId> = match (restriction, at) {
            (Some(restriction), _) => restriction.matches.clone(),
            (None, Some(worker)) => vec![worker],
            (None, None) => self.workers.ids().collect(),
        };
        candidates.n_allowed = workers.len();
        for id in workers {
            let worker = &self.workers[id];
            *match worker {
                worker if worker.is_retiring => &mut candidates.n_retiring,
                worker if worker.pressure == Pressure::Paused => &mut candidates.n_paused,
                worker if !worker.has_room(&self.options.prefill) => &mut candidates.n_busy,
                worker if restriction.is_some_and(|of| !worker.has_free(&of.resources)) => {
                    &mut candidates.n_taken
                }
                _ if !self.takes(id, n_inputs) => &mut candidates.n_spilling,
                _ => &mut candidates.n_free,
            } += 1;
        }
        if let Some(restriction) = restriction.filter(|restriction| restriction.matches.is_empty()) {
            candidates.misfits = self.misfits(restriction);
        }
        candidates
    }

    /// What workers lack that do not meet a condition, those that lack least first.
    fn misfits(&self, restriction: &Restriction) -> Vec<Misfit> {
        let Demand { workers: names, allow_other_workers, resources } = &restriction.demand;
        let misfit = |id: WorkerId| {
            let info = &self.workers[id].info;
            let has = |name: &Name| {
                let own = info.resources.iter().filter(|(other, _)| other == name).map(|&(_, n)| n);
                own.max().unwrap_or(0)
            };
            let lacks = resources.iter().map(|(name, n)| (name.clone(), *n, has(name)));
            let is_named = names.is_empty()
                || *allow_other_workers
                || names.iter().any(|name| *name == info.name || *name == info.host);
            Misfit {
                worker: info.name.clone(),
                is_named,
                lacks: lacks.filter(|(_, n, has)| has < n).collect(),
            }
        };
        let mut misfits: Vec<(usize, WorkerId)> = self
            .workers
            .ids()
            .map(|id| {
                let Misfit { is_named, lacks, .. } = misfit(id);
                (lacks.len() + usize::from(!is_named), id)
            })
            .collect();
        misfits.sort_unstable();
        misfits.into_iter().take(NAMED_MAX).map(|(_, id)| misfit(id)).collect()
    }
}
