//! What the scheduler answers when it is asked, held against what was asked of it.

use std::collections::BTreeSet;

use raskt_core::Key;
use raskt_sched::{Candidates, Explanation, Queue, StateCounts, TaskState, Why, WorkerId};

use crate::world::World;

impl World<'_> {
    /// Asks for a key of the scenario.
    ///
    /// # Panics
    /// Where an answer is not true.
    pub fn check_answers(&mut self) {
        let StateCounts { n_released, n_reserved, n_waiting, n_queued, n_processing, n_in_memory, n_failed } =
            self.scheduler.state_counts();
        let sum = n_released + n_reserved + n_waiting + n_queued + n_processing + n_in_memory + n_failed;
        assert_eq!(sum, self.scheduler.counts().n_tasks, "tasks of all states");
        let at = self.questions.draw();
        if let Some(key) = self.clients.some_key(at) {
            let told = self.scheduler.explain(&key);
            self.check_explanation(&told);
            let words = told.to_string();
            assert!(words.contains(&key.to_string()) && words.ends_with('.'), "{words}");
            self.check_holders(&key);
        }
    }

    fn check_holders(&self, key: &Key) {
        let holders = self.scheduler.who_has(key);
        let is_listed = |worker: &WorkerId| self.scheduler.has_what(*worker).contains(key);
        assert!(holders.iter().all(is_listed), "{key} is not listed at a holder");
        assert_eq!(holders.is_empty(), self.scheduler.state(key) != Some(TaskState::InMemory), "{key}");
    }

    fn inputs_of(&self, key: &Key) -> Option<BTreeSet<Key>> {
        self.clients.inputs_of(key, self.scenario)
    }

    fn check_explanation(&self, told: &Explanation) {
        let key = &told.key;
        let state = self.scheduler.state(key);
        let is_needed_by =
            |consumer: &Key| self.inputs_of(consumer).is_none_or(|inputs| inputs.contains(key));
        assert!(told.consumers.iter().all(is_needed_by), "{key} is not needed by {:?}", told.consumers);
        let at = |worker: &raskt_core::Name| {
            let ids = self.scheduler.workers_named(worker);
            ids.first().and_then(|&id| self.scheduler.worker(id))
        };
        match &told.why {
            Why::Unknown => assert_eq!(state, None),
            Why::Released => assert_eq!(state, Some(TaskState::Released)),
            Why::Reserved => assert_eq!(state, Some(TaskState::Reserved)),
            Why::Failed(_) => assert_eq!(state, Some(TaskState::Failed)),
            Why::Waiting { missing, n_missing, n_inputs, first } => {
                assert_eq!(state, Some(TaskState::Waiting));
                let is_missing = |input: &&Key| self.scheduler.state(input) != Some(TaskState::InMemory);
                if let Some(inputs) = self.inputs_of(key) {
                    let n = (inputs.len(), inputs.iter().filter(is_missing).count());
                    assert_eq!(n, (*n_inputs, *n_missing));
                    assert!(missing.iter().all(|(input, _)| inputs.contains(input)), "{told}");
                }
                for (input, state) in missing {
                    assert!(*state != TaskState::InMemory);
                    assert_eq!(self.scheduler.state(input), Some(*state), "{input}");
                }
                assert!(first.is_some(), "{key} waits for nothing");
                if let Some(first) = first {
                    let is_open = |why: &Why| {
                        !matches!(why, Why::Waiting { .. } | Why::InMemory { .. } | Why::Released)
                    };
                    assert!(is_open(&first.why), "{first}");
                    self.check_explanation(first);
                }
            }
            Why::Queued { queue, n_before, n_queued, candidates, .. } => {
                assert_eq!(state, Some(TaskState::Queued));
                assert!(n_before < n_queued, "{key} is number {n_before} of {n_queued}");
                self.check_candidates(queue, candidates);
            }
            Why::Sent { worker, .. } => {
                assert_eq!(state, Some(TaskState::Processing));
                assert!(at(worker).is_some_and(|at| at.sent.iter().any(|(sent, _)| sent == key)));
            }
            Why::Running { worker, since } => {
                assert_eq!(state, Some(TaskState::Processing));
                let began = at(worker).and_then(|at| at.running.into_iter().find(|(of, _)| of == key));
                assert!(began.is_some_and(|(_, at)| self.now.since(at) >= *since));
            }
            Why::InMemory { workers, .. } => {
                assert_eq!(state, Some(TaskState::InMemory));
                assert_eq!(workers.len(), self.scheduler.who_has(key).len());
            }
        }
    }

    fn check_candidates(&self, queue: &Queue, told: &Candidates) {
        let Candidates { n_retiring, n_paused, n_busy, n_taken, n_spilling, n_free, .. } = told;
        let sum = n_retiring + n_paused + n_busy + n_taken + n_spilling + n_free;
        assert_eq!(sum, told.n_allowed, "{told:?}");
        let has_resource = |id: &WorkerId| {
            let worker = self.scheduler.worker(*id);
            worker.is_some_and(|worker| worker.info.resources.iter().any(|(_, n)| *n > 0))
        };
        let n_workers = self.scheduler.workers().count();
        assert_eq!(told.n_workers, n_workers);
        match queue {
            Queue::Shared => assert_eq!(told.n_allowed, n_workers),
            Queue::Worker(_) => assert_eq!(told.n_allowed, 1),
            Queue::Restricted(_) => {
                let n_allowed = self.scheduler.workers().filter(has_resource).count();
                assert_eq!(told.n_allowed, n_allowed, "workers that have R");
                assert_eq!(told.misfits.is_empty(), n_allowed > 0 || n_workers == 0);
                assert!(told.misfits.iter().all(|misfit| misfit.lacks.len() == 1), "{told:?}");
            }
        }
    }
}
