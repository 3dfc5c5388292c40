//! Every index recomputed, and compared.

use rustc_hash::{FxHashMap, FxHashSet};

use super::machine::Scheduler;
use super::task::{Place, Progress, State};
use crate::ids::{ClientId, RestrictionId, TaskId, TaskRef, WorkerId};

/// How many tasks say that they are where.
#[derive(Debug, Default)]
struct Places {
    n_queued: usize,
    n_assigned: FxHashMap<WorkerId, usize>,
    n_expected: FxHashMap<WorkerId, usize>,
    n_restricted: FxHashMap<RestrictionId, usize>,
}

impl Scheduler {
    /// Checks that all that is written down twice says the same. For tests: it takes as long as there are tasks and workers.
    ///
    /// # Panics
    /// Where it does not.
    pub fn sanity_check(&self) {
        self.tasks.sanity_check();
        self.workers.sanity_check(&self.options.prefill);
        self.restrictions.sanity_check(&self.workers);
        self.wants.sanity_check();
        self.holders.sanity_check();
        self.incoming.sanity_check();
        assert!(self.ready.is_empty() && self.to_free.is_empty(), "work is left");
        let unneeded: FxHashSet<TaskId> = self.unneeded.iter().copied().collect();
        assert!(self.hungry.is_empty() && self.actions.is_empty(), "work is left");
        for task in self.tasks.ids() {
            self.check_task(task, unneeded.contains(&task));
        }
        self.check_places();
        self.check_links();
        self.check_transfers();
    }

    /// Workers send and receive what tasks that have not begun need.
    fn check_transfers(&self) {
        let mut expected: FxHashMap<WorkerId, (u64, u64)> = FxHashMap::default();
        for (&(value, to), transfer) in &self.transfers {
            assert!(
                transfer.n_uses > 0 && self.workers.get(to).is_some(),
                "{value} comes to {to} for nobody"
            );
            expected.entry(transfer.from).or_default().0 += transfer.n_bytes;
            expected.entry(to).or_default().1 += transfer.n_bytes;
        }
        for id in self.workers.ids() {
            let worker = &self.workers[id];
            let found = (worker.sending_bytes, worker.receiving_bytes);
            assert_eq!(found, expected.get(&id).copied().unwrap_or_default(), "transfers of worker {id}");
        }
    }

    /// A task that `is_open` is still to be looked at: it may be needed by nobody.
    fn check_task(&self, task: TaskId, is_open: bool) {
        let Self { tasks, holders, .. } = self;
        let active = tasks.consumers(task).filter(|&consumer| tasks[consumer].uses_inputs()).count();
        let of_task = |refs: &[TaskRef]| refs.iter().filter(|value| value.task == task).count();
        let held: usize = self.held.values().map(|held| of_task(&held.values)).sum();
        let n_named: usize = self.held.values().map(|held| of_task(&held.lists)).sum();
        assert_eq!(
            self.n_named.get(&task).map_or(0, |&n| n as usize),
            n_named,
            "graphs that name task {task}"
        );
        assert_eq!(tasks[task].n_uses as usize, active + held, "uses of task {task}");
        let (n_holders, is_needed) = (holders.n_of_left(task), self.is_needed(task));
        let key = tasks.key(task);
        match tasks[task].state {
            State::Vacant => unreachable!("vacant tasks are not listed"),
            State::Released => assert!(!is_needed, "{key} is needed, and not computed"),
            State::Reserved | State::Failed => {}
            State::InMemory => {
                assert!(is_open || is_needed || tasks[task].work.is_none(), "{key} is kept for nobody");
                assert!(n_holders > 0, "{key} is in memory nowhere");
                if tasks[task].ties.needs_inputs {
                    assert_eq!(tasks.n_missing(task), 0, "{key} names what is gone");
                }
            }
            State::Waiting { n_missing } => {
                assert!(n_missing > 0, "{key} waits for nothing");
                assert_eq!(n_missing, tasks.n_missing(task), "{key} waits for so many");
            }
            State::Queued(_) => assert_eq!(tasks.n_missing(task), 0, "{key} is queued"),
            State::Assigned { progress, .. } => {
                let is_begun = progress == Progress::Running;
                assert!(is_begun || tasks.n_missing(task) == 0, "{key} was sent without its inputs");
            }
        }
        if tasks[task].state.is_active() {
            assert!(is_open || is_needed, "{key} is computed for nobody");
            let failed = tasks.inputs(task).find(|&input| tasks[input].state == State::Failed);
            assert_eq!(failed, None, "{key} needs what has failed");
        }
        if tasks[task].state != State::InMemory {
            assert_eq!(n_holders, 0, "{key} is held, and not in memory");
            assert_eq!(self.incoming.n_of_left(task), 0, "{key} is to be copied, and not in memory");
        }
        let is_known = is_open || is_needed || n_named > 0 || tasks.edges.n_of_right(task) > 0;
        assert!(is_known, "{key} is kept, and nobody can need it");
    }

    /// Queues, workers and clients list the tasks that say so.
    fn check_places(&self) {
        let mut n_queued: FxHashMap<ClientId, u32> = FxHashMap::default();
        let mut n_listed = 0;
        let mut check = |client: ClientId, task: TaskId, place: Place| {
            assert_eq!(self.tasks[task].state, State::Queued(place), "task {task}");
            *n_queued.entry(client).or_default() += 1;
            n_listed += 1;
        };
        for (client, _, task) in self.anywhere.iter() {
            check(client, task, Place::Anywhere);
        }
        for (id, restriction) in self.restrictions.iter() {
            for (client, _, task) in restriction.queue.iter() {
                check(client, task, Place::Restricted(id));
            }
        }
        for id in self.workers.ids() {
            for (client, _, task) in self.workers[id].home.iter() {
                check(client, task, Place::Home(id));
            }
        }
        let found = self.count_places();
        assert_eq!(found.n_queued, n_listed, "queued tasks");
        for (id, restriction) in self.restrictions.iter() {
            let n_tasks = found.n_restricted.get(&id).copied().unwrap_or(0);
            assert_eq!(n_tasks, restriction.n_tasks, "tasks of condition {id}");
        }
        for id in self.workers.ids() {
            self.check_worker(id, &found);
        }
        for (client, known) in self.clients.iter() {
            if let Some(known) = known {
                assert_eq!(known.n_queued, n_queued.get(&client).copied().unwrap_or(0), "client {client}");
            }
        }
    }

    /// What tasks say of where they are; all are looked at once.
    fn count_places(&self) -> Places {
        let mut found = Places::default();
        for task in self.tasks.ids() {
            let task = &self.tasks[task];
            if let Some(restriction) = task.restriction {
                *found.n_restricted.entry(restriction).or_default() += 1;
            }
            match task.state {
                State::Queued(_) => found.n_queued += 1,
                State::Assigned { worker, progress } => {
                    *found.n_assigned.entry(worker).or_default() += 1;
                    if let Progress::Recalled { thief } = progress {
                        *found.n_expected.entry(thief).or_default() += 1;
                    }
                }
                State::Vacant
                | State::Released
                | State::Reserved
                | State::Waiting { .. }
                | State::InMemory
                | State::Failed => {}
            }
        }
        found
    }

    fn check_worker(&self, id: WorkerId, found: &Places) {
        let worker = &self.workers[id];
        let us = |task: TaskId| u64::from(self.tasks[task].estimate_us);
        assert_eq!(worker.assigned_us, worker.assigned.iter().map(|&task| us(task)).sum::<u64>());
        assert_eq!(worker.home_us, worker.home.iter().map(|(_, _, task)| us(task)).sum::<u64>());
        let at =
            |task: &TaskId| matches!(self.tasks[*task].state, State::Assigned { worker, .. } if worker == id);
        assert!(worker.assigned.iter().all(at), "tasks at worker {id}");
        assert!(worker.seceded.iter().all(|task| worker.assigned.contains(task)), "seceded at worker {id}");
        let n_of = |counts: &FxHashMap<WorkerId, usize>| counts.get(&id).copied().unwrap_or(0);
        assert_eq!(n_of(&found.n_assigned), worker.assigned.len(), "tasks at worker {id}");
        let n_expected = n_of(&found.n_expected);
        assert_eq!(worker.n_expected as usize, n_expected, "tasks that worker {id} waits for");
        let mut free: Vec<u64> = worker.info.resources.iter().map(|&(_, n)| n).collect();
        for &task in &worker.assigned {
            let restriction = self.tasks[task].restriction.and_then(|id| self.restrictions.get(id));
            for (name, n) in restriction.iter().flat_map(|restriction| restriction.resources.iter()) {
                let place = worker.info.resources.iter().position(|(other, _)| other == name);
                assert!(place.is_some(), "worker {id} has no {name}");
                free[place.unwrap_or_default()] -= n;
            }
        }
        assert_eq!(worker.resources_free, free, "resources of worker {id}");
    }

    /// What links name is there.
    fn check_links(&self) {
        for task in self.tasks.ids() {
            for (_, worker) in self.holders.of_left(task).chain(self.incoming.of_left(task)) {
                assert!(
                    self.workers.get(worker).is_some(),
                    "worker {worker}, which is gone, has task {task}"
                );
            }
            for (link, client) in self.wants.of_right(task) {
                assert!(self.has_client(client), "client {client}, which is gone, wants task {task}");
                assert!(self.wants.tag(link) > 0, "client {client} wants task {task} no times");
            }
        }
        let (n_wants, n_holders): (usize, usize) = self.tasks.ids().fold((0, 0), |(wants, holders), task| {
            (wants + self.wants.n_of_right(task), holders + self.holders.n_of_left(task))
        });
        assert_eq!(
            (n_wants, n_holders),
            (self.wants.len(), self.holders.len()),
            "links of tasks that are gone"
        );
    }
}
