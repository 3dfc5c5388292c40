//! What each event changes.

use raskt_core::{Error, ErrorKind, ErrorPolicy, Fit, Value};
use raskt_store::Spilled;

use super::cell::Phase;
use super::event::{Actions, Ended, Event};
use super::graph::OwnerId;
use super::state::{Machine, Standing};
use crate::job::{Job, Report, Reported};
use crate::resolved::{Part, ResolvedTable};
use crate::warm::warm;

impl Machine {
    /// Takes in an event; what is to be done for it is added to `out`.
    pub fn handle(&mut self, event: Event<'_>, out: &mut Actions) {
        match event {
            Event::Ordered(tasks) => self.ordered(tasks, out),
            Event::Asked { lane, n_max } => self.asked(lane, n_max, out),
            Event::Reported(reports) => self.reported(reports, out),
            Event::Returned(job) => self.returned(job, out),
            Event::Arrived { task, value } => self.arrived(task, value, out),
            Event::Missing { task } => self.missing(task, out),
            Event::Lost { task } => self.lost(task, out),
            Event::Cancelled { task } => self.cancelled(task, out),
            Event::Released { task } => self.released(task, out),
            Event::Stopped { owner, error } => self.stopped(owner, error, out),
            Event::Closed { owner } => self.closed(owner, out),
            Event::Spilled { slot, outcome } => {
                let spilled = self.store.spilled(slot, outcome);
                out.trim |= self.store.trim_due();
                self.spilled(slot, spilled, out);
            }
            Event::Allowed { bytes } => self.store.set_budget_bytes(bytes),
            Event::MemoryChecked => {
                if self.store.excess_bytes() > 0 {
                    out.spill = self.next_spill();
                }
            }
        }
    }

    fn ordered(&mut self, tasks: &[u32], out: &mut Actions) {
        if let Err(error) = self.tasks.rank(tasks) {
            let segment = tasks.iter().find_map(|&task| self.tasks.segment_at(task));
            let owner = segment.map_or(0, |at| self.tasks.segments[at].owner);
            self.stop(OwnerId(owner), Some(error), out);
            self.settle_accounts(out);
        }
    }

    fn reported(&mut self, reports: &mut Vec<Report>, out: &mut Actions) {
        let cells = &self.tasks.cells;
        warm(reports.iter().map(|Report { task, .. }| {
            let n_uses = cells.get(*task as usize).map_or(0, |cell| cell.n_uses);
            n_uses ^ u32::from(self.store.holds(*task))
        }));
        for Report { task, outcome } in reports.drain(..) {
            self.unreserve(task);
            let Some(at) = self.tasks.segment_at(task) else {
                out.discarded.push(outcome);
                continue;
            };
            let owner = self.tasks.segments[at].owner;
            let is_wanted = self.tasks.cells[task as usize].phase == Phase::TAKEN
                && self.owners[owner as usize].standing == Standing::Open;
            match outcome {
                Ok(Reported::Value(value)) if is_wanted => self.keep(task, value, out),
                Ok(Reported::Graph(grown)) if is_wanted => self.grow(task, grown, out),
                Err(error) if is_wanted => self.failed(task, OwnerId(owner), error, out),
                late => {
                    self.tasks.discard(task, &mut self.released);
                    out.discarded.push(late);
                }
            }
        }
        self.tasks.finish(&mut self.done, &mut self.released);
        self.done.clear();
        self.settle_accounts(out);
    }

    /// The value of a task that is done, once [`super::tasks::Tasks::finish`] is told.
    fn keep(&mut self, task: u32, value: Value, out: &mut Actions) {
        let Self { tasks, store, .. } = self;
        for origin in tasks.origins(task) {
            out.garbage.extend(store.put(origin, value.clone()));
        }
        out.garbage.extend(store.put(task, value));
        self.done.push(task);
        if self.options.memory_limit_bytes.is_some() {
            let bytes = self.store.value_bytes(task);
            let family = self.family_of(task);
            self.forecast.learn(family, bytes);
        }
    }

    fn grow(&mut self, task: u32, graph: Box<ResolvedTable>, out: &mut Actions) {
        match self.tasks.expanded(task, graph, &mut self.released) {
            Ok(()) => self.store.grow(self.tasks.cells.len()),
            Err((error, graph)) => {
                out.discarded.push(Ok(Reported::Graph(graph)));
                let owner = self.tasks.locate(task).0.owner;
                self.failed(task, OwnerId(owner), error, out);
            }
        }
    }

    /// A task failed, of which a job was out: it is tried again, or what needs it is skipped, or its owner is over.
    fn failed(&mut self, task: u32, owner: OwnerId, error: Error, out: &mut Actions) {
        let options = &self.owners[owner.0 as usize].options;
        let allowed = self.retries_of.get(&task).copied().unwrap_or(options.retries);
        let errors = options.errors;
        if allowed > 0 && !matches!(error.kind(), ErrorKind::Cancelled) {
            let attempts = self.attempts.entry(task).or_default();
            if *attempts < allowed {
                *attempts += 1;
                out.discarded.push(Err(error));
                return self.tasks.put_back(task, &mut self.released);
            }
        }
        match errors {
            ErrorPolicy::All => {
                self.owners[owner.0 as usize].errors.push(error.clone());
                self.tasks.failed(task, &mut self.released);
                self.blame(Some(owner), &error, out);
            }
            ErrorPolicy::First => {
                self.tasks.discard(task, &mut self.released);
                self.stop(owner, Some(error), out);
            }
        }
    }

    /// Tells the owners of tasks that were skipped why, but for `cause`, which knows.
    fn blame(&mut self, cause: Option<OwnerId>, error: &Error, out: &mut Actions) {
        if self.owners.len() < 2 && cause.is_some() {
            return self.tasks.skipped.clear();
        }
        let mut blamed: Vec<u32> = cause.iter().map(|owner| owner.0).collect();
        while let Some(task) = self.tasks.skipped.pop() {
            let owner = self.tasks.locate(task).0.owner;
            if blamed.contains(&owner) {
                continue;
            }
            blamed.push(owner);
            let known = &mut self.owners[owner as usize];
            match (known.standing, known.options.errors) {
                (Standing::Open, ErrorPolicy::All) => known.errors.push(error.clone()),
                (Standing::Open, ErrorPolicy::First) => self.stop(OwnerId(owner), Some(error.clone()), out),
                (Standing::Vacant | Standing::Stopped | Standing::Closed, _) => {}
            }
        }
    }

    /// No more tasks of `owner` start. What others wait for is skipped.
    fn stop(&mut self, owner: OwnerId, error: Option<Error>, out: &mut Actions) {
        let open = self.owners.get_mut(owner.0 as usize).filter(|owner| owner.standing == Standing::Open);
        let Some(known) = open else {
            return out.discarded.extend(error.map(Err));
        };
        known.standing = Standing::Stopped;
        let n_left = self.tasks.n_left[owner.0 as usize];
        if n_left > 0 || !known.is_idle {
            let cancelled = || known.errors.is_empty().then(|| ErrorKind::Cancelled.into());
            known.errors.extend(error.or_else(cancelled));
            out.ended.push(Ended { owner, is_complete: false });
        } else {
            out.discarded.extend(error.map(Err));
        }
        known.is_idle = true;
        let why = known.errors.first().cloned().unwrap_or_else(|| ErrorKind::Cancelled.into());
        self.close_queues(owner);
        let tasks = &self.tasks;
        let is_mine = |task: &u32| tasks.locate(*task).0.owner == owner.0;
        let waits = tasks
            .outer_consumers
            .iter()
            .filter(|(task, _)| is_mine(task) && tasks.cells[**task as usize].phase != Phase::DONE);
        let mut others: Vec<u32> = waits.flat_map(|(_, users)| users).copied().collect();
        others.retain(|task| !is_mine(task));
        // The order in which a map is read must not show.
        others.sort_unstable();
        others.into_iter().for_each(|task| self.tasks.cancel(task, &mut self.released));
        self.blame(Some(owner), &why, out);
    }

    fn close_queues(&mut self, owner: OwnerId) {
        let queues = self.tasks.queues.iter_mut();
        queues.filter(|queue| queue.owner == Some(owner.0)).for_each(|queue| queue.is_stopped = true);
    }

    fn returned(&mut self, job: Job, out: &mut Actions) {
        self.unreserve(job.task);
        if self.tasks.segment_at(job.task).is_some() {
            for (&input, value) in self.tasks.inputs(job.task).iter().zip(job.inputs) {
                out.garbage.extend(self.store.take_back(input, value));
            }
            self.tasks.put_back(job.task, &mut self.released);
        }
        self.settle_accounts(out);
    }

    fn arrived(&mut self, task: u32, value: Value, out: &mut Actions) {
        self.tasks.fetching.remove(&task);
        if self.tasks.segment_at(task).is_some() && self.tasks.cells[task as usize].phase == Phase::AWAITED {
            out.garbage.extend(self.store.put(task, value));
            self.done.push(task);
            self.tasks.finish(&mut self.done, &mut self.released);
            self.done.clear();
        } else {
            out.garbage.push(value);
        }
        self.settle_accounts(out);
    }

    fn missing(&mut self, task: u32, out: &mut Actions) {
        if let Some(at) = self.tasks.segment_at(task) {
            let (segment, awaited) = (&self.tasks.segments[at], self.tasks.cells[task as usize].phase);
            // The key of an input is not made by its runtime.
            let key = segment.table().key(task - segment.base()).to_string();
            self.tasks.missing(task, &mut self.released);
            if awaited == Phase::AWAITED {
                self.blame(None, &ErrorKind::MissingKey { key, path: Vec::new() }.into(), out);
            }
        }
        self.settle_accounts(out);
    }

    fn lost(&mut self, task: u32, out: &mut Actions) {
        if self.tasks.segment_at(task).is_some() && self.tasks.lost(task, &mut self.released) {
            out.garbage.extend(self.store.release(task));
            self.blame(None, &ErrorKind::Cancelled.into(), out);
        }
        self.settle_accounts(out);
    }

    fn cancelled(&mut self, task: u32, out: &mut Actions) {
        if let Some(at) = self.tasks.segment_at(task) {
            let owner = OwnerId(self.tasks.segments[at].owner);
            self.tasks.cancel(task, &mut self.released);
            self.blame(Some(owner), &ErrorKind::Cancelled.into(), out);
        }
        self.settle_accounts(out);
    }

    fn released(&mut self, task: u32, out: &mut Actions) {
        if self.tasks.segment_at(task).is_some() {
            self.tasks.release(task, &mut self.released);
            self.tasks.skipped.clear();
        }
        self.settle_accounts(out);
    }

    fn stopped(&mut self, owner: OwnerId, error: Option<Error>, out: &mut Actions) {
        self.stop(owner, error, out);
        self.settle_accounts(out);
    }

    fn closed(&mut self, owner: OwnerId, out: &mut Actions) {
        let standing = self.owners.get(owner.0 as usize).map_or(Standing::Vacant, |owner| owner.standing);
        if matches!(standing, Standing::Open | Standing::Stopped) {
            self.stop(owner, None, out);
            self.tasks.close(owner, &mut self.released);
            self.blame(Some(owner), &ErrorKind::Cancelled.into(), out);
            self.owners[owner.0 as usize].standing = Standing::Closed;
        }
        self.settle_accounts(out);
    }

    fn spilled(&mut self, slot: u32, spilled: Spilled, out: &mut Actions) {
        match spilled {
            Spilled::Freed(value) => out.garbage.push(value),
            Spilled::Failed(error)
                if matches!(error.kind(), ErrorKind::DiskFull { .. } | ErrorKind::Io { .. }) =>
            {
                if let Some(at) = self.tasks.segment_at(slot) {
                    let owner = OwnerId(self.tasks.segments[at].owner);
                    self.stop(owner, Some(error), out);
                    self.settle_accounts(out);
                }
            }
            Spilled::Obsolete(file) => out.files.extend(file),
            Spilled::Kept | Spilled::Failed(_) | Spilled::FailedAgain => {}
        }
    }

    fn unreserve(&mut self, task: u32) {
        if !self.reserved.is_empty()
            && let Some(bytes) = self.reserved.remove(&task)
        {
            self.store.unreserve(bytes);
        }
    }

    /// What follows from what an event changed: values go, owners end, segments are forgotten.
    pub(super) fn settle_accounts(&mut self, out: &mut Actions) {
        let store = &mut self.store;
        out.garbage.extend(self.released.drain(..).filter_map(|task| store.release(task)));
        out.fetches.append(&mut self.tasks.fetches);
        let mut has_closed = false;
        for (at, owner) in self.owners.iter_mut().enumerate() {
            let is_idle = self.tasks.n_left[at] == 0;
            if is_idle && !owner.is_idle && owner.standing == Standing::Open {
                out.ended.push(Ended { owner: OwnerId(at.fit::<u32>()), is_complete: true });
            }
            owner.is_idle = is_idle;
            has_closed |= owner.standing == Standing::Closed;
        }
        if has_closed {
            self.retire(out);
        }
    }

    fn retire(&mut self, out: &mut Actions) {
        let owners = &self.owners;
        let mut forgotten = Vec::new();
        self.tasks.retire(|owner| owners[owner as usize].standing == Standing::Closed, &mut forgotten);
        for part in forgotten {
            let tasks = part.base..part.base + part.table.table().n_tasks().fit::<u32>();
            out.parts.push(part);
            self.retries_of.retain(|task, _| !tasks.contains(task));
            self.attempts.retain(|task, _| !tasks.contains(task));
        }
        for (at, owner) in (0..).zip(&mut self.owners) {
            let is_gone = !self.tasks.segments.iter().any(|segment| segment.owner == at);
            if owner.standing == Standing::Closed && is_gone {
                owner.standing = Standing::Vacant;
                out.discarded.extend(owner.errors.drain(..).map(Err));
            }
        }
    }

    /// Makes jobs of what was taken, with the inputs that are in memory.
    pub(super) fn make_jobs(&mut self, out: &mut Actions) {
        let Self { tasks, store, taken, needs, lasts, ends, owners, .. } = self;
        // All rows first, then all uses, then all values: each pass waits for memory once, not once a task.
        for &task in taken.iter() {
            needs.extend_from_slice(tasks.loaded_inputs(task));
            ends.push(needs.len());
        }
        lasts.extend(needs.iter().map(|&input| tasks.is_only_use(input)));
        warm(needs.iter().map(|&input| u32::from(store.holds(input))));
        warm(taken.iter().map(|&task| {
            let (segment, local) = tasks.locate(task);
            segment.table().body_index(local)
        }));
        let mut start = 0;
        for (task, end) in taken.drain(..).zip(ends.drain(..)) {
            let mut job = Job { task, inputs: Default::default(), exclusive: 0, rest: None };
            let lasts = &lasts[start..end];
            let first = lasts.iter().take(64).enumerate();
            job.exclusive = first.fold(0, |mask, (place, &last)| mask | u64::from(last) << place);
            let (segment, local) = tasks.locate(task);
            let part: &Part = segment.part();
            // A task that may be tried again must find its inputs as they were.
            let hands_over = lasts.contains(&true) && !owners[segment.owner as usize].has_retries;
            let is_owner = hands_over && part.table.owns_inputs(local);
            for (place, (&input, &last)) in needs[start..end].iter().zip(lasts).enumerate() {
                let taken = if is_owner && last { store.hand_over(input) } else { None };
                job.inputs.push(taken.or_else(|| store.peek(input)).unwrap_or_else(|| {
                    job.rest.get_or_insert_default().missing.push((place.fit::<u32>(), input));
                    Value::Unit
                }));
            }
            if !segment.is_implied {
                job.rest.get_or_insert_default().part = Some(std::sync::Arc::clone(segment.part()));
            }
            start = end;
            out.jobs.push_back(job);
        }
        needs.clear();
        lasts.clear();
    }
}
