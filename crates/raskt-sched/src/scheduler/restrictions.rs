//! Conditions on where tasks run.

use std::sync::Arc;

use raskt_core::{Arena, Name, Result};
use rustc_hash::FxHashMap;

use super::queue::FairQueue;
use super::workers::Workers;
use crate::ids::{RestrictionId, WorkerId};
use crate::messages::{Demand, WorkerInfo};

impl Demand {
    /// Where the names of a worker come among those that are demanded; behind all where they do not.
    pub(crate) fn place_of(&self, info: &WorkerInfo) -> usize {
        let place = self.workers.iter().position(|name| *name == info.name || *name == info.host);
        place.unwrap_or(self.workers.len())
    }
}

/// One condition, the workers that meet it, and tasks under it that could run.
#[derive(Debug)]
pub(crate) struct Restriction {
    pub demand: Demand,
    pub resources: Arc<[(Name, u64)]>,
    /// Workers that meet it, by number.
    pub matches: Vec<WorkerId>,
    pub queue: FairQueue,
    pub n_tasks: usize,
}

impl Restriction {
    fn find_matches(&self, workers: &Workers) -> Vec<WorkerId> {
        let Demand { workers: names, allow_other_workers, .. } = &self.demand;
        let has_resources = |worker: WorkerId| {
            let resources = &workers[worker].info.resources;
            let has = |(name, n): &(Name, u64)| resources.iter().any(|(other, m)| other == name && m >= n);
            self.resources.iter().all(has)
        };
        let capable: Vec<WorkerId> = workers.ids().filter(|&worker| has_resources(worker)).collect();
        let is_named = |worker: &WorkerId| {
            let info = &workers[*worker].info;
            names.is_empty() || names.iter().any(|name| *name == info.name || *name == info.host)
        };
        let named: Vec<WorkerId> = capable.iter().copied().filter(is_named).collect();
        if named.is_empty() && *allow_other_workers { capable } else { named }
    }
}

/// All conditions there are. One without tasks stays until workers change.
#[derive(Debug)]
pub(crate) struct Restrictions {
    restrictions: Arena<RestrictionId, Option<Box<Restriction>>>,
    by_demand: FxHashMap<Demand, RestrictionId>,
}

impl Restrictions {
    pub fn new() -> Self {
        Self { restrictions: Arena::new(), by_demand: FxHashMap::default() }
    }

    /// The condition that a demand is; none for a demand that asks for nothing.
    pub fn intern(&mut self, demand: &Demand, workers: &mut Workers) -> Result<Option<RestrictionId>> {
        if demand.workers.is_empty() && demand.resources.is_empty() {
            return Ok(None);
        }
        if let Some(&known) = self.by_demand.get(demand) {
            return Ok(Some(known));
        }
        let resources = demand.resources.iter().cloned().collect();
        let mut restriction = Restriction {
            demand: demand.clone(),
            resources,
            matches: Vec::new(),
            queue: FairQueue::default(),
            n_tasks: 0,
        };
        restriction.matches = restriction.find_matches(workers);
        let matches = restriction.matches.clone();
        let id = self.restrictions.push(Some(Box::new(restriction)))?;
        self.by_demand.insert(demand.clone(), id);
        for worker in matches {
            workers[worker].restrictions.push(id);
        }
        Ok(Some(id))
    }

    /// Workers came or went: conditions without tasks are forgotten, and the others looked at again.
    pub fn refresh(&mut self, workers: &mut Workers) {
        if self.by_demand.is_empty() {
            // Nor does a worker list any: joining costs the same for any number of workers.
            return;
        }
        workers.clear_restrictions();
        for id in self.restrictions.ids() {
            let Some(restriction) = self.restrictions[id].as_deref_mut() else { continue };
            if restriction.n_tasks == 0 {
                self.by_demand.remove(&restriction.demand);
                self.restrictions[id] = None;
                continue;
            }
            restriction.matches = restriction.find_matches(workers);
            for &worker in &restriction.matches {
                workers[worker].restrictions.push(id);
            }
        }
    }

    pub fn get(&self, id: RestrictionId) -> Option<&Restriction> {
        self.restrictions.get(id).and_then(Option::as_deref)
    }

    pub fn get_mut(&mut self, id: RestrictionId) -> Option<&mut Restriction> {
        self.restrictions.get_mut(id).and_then(Option::as_deref_mut)
    }

    pub fn iter(&self) -> impl Iterator<Item = (RestrictionId, &Restriction)> {
        self.restrictions.iter().filter_map(|(id, restriction)| Some((id, restriction.as_deref()?)))
    }

    pub fn sanity_check(&self, workers: &Workers) {
        for (id, restriction) in self.iter() {
            assert_eq!(restriction.matches, restriction.find_matches(workers), "matches of {id}");
            assert_eq!(self.by_demand.get(&restriction.demand), Some(&id));
            for worker in workers.ids() {
                let is_listed = workers[worker].restrictions.contains(&id);
                assert_eq!(is_listed, restriction.matches.contains(&worker), "{id} at worker {worker}");
            }
        }
        assert_eq!(self.iter().count(), self.by_demand.len(), "conditions by demand");
    }
}
