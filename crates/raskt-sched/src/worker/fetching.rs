//! Inputs from other workers: asked for in batches, from a bounded number of workers, a bounded number of bytes at a time.

use super::machine::{At, Request, Worker, WorkerAction};
use crate::ids::{TaskRef, WorkerId};
use crate::messages::{FromWorker, InputAt};

/// So many values that wait to be fetched are looked at for one batch.
const BATCH_SCAN_MAX: usize = 64;

impl Worker {
    /// Where a value is that is to be fetched.
    pub(super) fn locate(&mut self, input: &InputAt) {
        let Some(value) = self.values.get_mut(&input.value) else { return };
        value.holders = input.holders.clone();
        value.denied.clear();
        value.n_tries = 0;
        if value.holders.is_empty() {
            self.miss(input.value);
        } else {
            self.to_fetch.insert((value.priority, input.value));
        }
    }

    /// The scheduler hears that a value does not come from where it should be.
    pub(super) fn miss(&mut self, of: TaskRef) {
        let Some(value) = self.values.get_mut(&of) else { return };
        let denied = std::mem::take(&mut value.denied).to_vec();
        let unreachable = std::mem::take(&mut value.holders).to_vec();
        // A copy that does not come is not waited for.
        value.is_wanted = false;
        if value.consumers.is_empty() {
            self.values.remove(&of);
        }
        self.tell(FromWorker::Missing { value: of, denied, unreachable });
    }

    /// Asks for what is needed first, as far as bounds allow.
    pub(super) fn fetch(&mut self) {
        if self.to_fetch.is_empty() {
            return;
        }
        let now = self.now;
        self.left_alone.retain(|_, until| *until > now);
        let mut skip = 0;
        while self.requests.len() < self.options.n_peers_max && skip < BATCH_SCAN_MAX {
            let Some(&(_, first)) = self.to_fetch.iter().nth(skip) else { return };
            let n_bytes = self.values.get(&first).map_or(0, |value| value.n_bytes);
            if self.incoming_bytes > 0 && self.incoming_bytes + n_bytes > self.options.incoming_bytes_max {
                return;
            }
            if !self.has_room(n_bytes) {
                return;
            }
            match self.source(first) {
                Some(from) => self.request(from, skip),
                None => skip += 1,
            }
        }
    }

    /// A worker to ask for a value: one that is not asked for others just now, and can be reached.
    fn source(&self, of: TaskRef) -> Option<WorkerId> {
        let is_free = |worker: &WorkerId| {
            !self.left_alone.contains_key(worker)
                && self.requests.values().all(|request| request.from != *worker)
        };
        self.values.get(&of)?.holders.iter().copied().find(is_free)
    }

    /// Asks a worker for the value at a place of the queue, and for others there that it holds.
    fn request(&mut self, from: WorkerId, place: usize) {
        let (mut batch, mut n_bytes) = (Vec::new(), 0);
        let room_bytes = self.part(self.options.spill_percent).saturating_sub(self.committed_bytes());
        for &(priority, of) in self.to_fetch.iter().skip(place).take(BATCH_SCAN_MAX) {
            let Some(value) = self.values.get(&of).filter(|value| value.holders.contains(&from)) else {
                continue;
            };
            let bytes = n_bytes + value.n_bytes;
            let fits = bytes <= self.options.request_bytes_max.min(room_bytes)
                && self.incoming_bytes + bytes <= self.options.incoming_bytes_max;
            if batch.is_empty() || fits {
                n_bytes = bytes;
                batch.push((priority, of));
            }
        }
        let request = self.n_requests;
        self.n_requests += 1;
        for entry in &batch {
            self.to_fetch.remove(entry);
            if let Some(value) = self.values.get_mut(&entry.1) {
                value.at = At::Coming(request);
            }
        }
        let values: Vec<TaskRef> = batch.into_iter().map(|(_, of)| of).collect();
        self.incoming_bytes += n_bytes;
        self.requests.insert(request, Request { from, values: values.clone(), n_bytes, since: self.now });
        self.actions.push(WorkerAction::Fetch { request, from, values });
    }

    pub(super) fn arrived(&mut self, request: u64, values: &[(TaskRef, u64)], denied: &[TaskRef]) {
        let Some(answered) = self.requests.remove(&request) else {
            // It was given up; the values that came are dropped unless they are here by another way.
            let unknown: Vec<TaskRef> =
                values.iter().map(|&(of, _)| of).filter(|of| !self.holds(*of)).collect();
            return self.drop_all(unknown);
        };
        self.incoming_bytes -= answered.n_bytes;
        let is_coming = |worker: &Self, of: &TaskRef| {
            worker.values.get(of).is_some_and(|value| value.at == At::Coming(request))
        };
        let (mut acquired, mut unneeded) = (Vec::new(), Vec::new());
        for &(of, n_bytes) in values {
            if is_coming(self, &of) {
                self.keep(of, n_bytes, None);
                acquired.push((of, n_bytes));
            } else if !self.holds(of) {
                unneeded.push(of);
            }
        }
        if !acquired.is_empty() {
            let duration = Some(self.now.since(answered.since));
            self.tell(FromWorker::Acquired { values: acquired, duration });
        }
        self.drop_all(unneeded);
        for of in denied {
            if is_coming(self, of) {
                self.denied(*of, answered.from);
            }
        }
        // What was neither sent nor denied is asked for again. Whoever sent some sends the others another time.
        let has_sent = !values.is_empty();
        for of in answered.values {
            if is_coming(self, &of) {
                match has_sent {
                    true => self.ask_again(of),
                    false => self.try_again(of),
                }
            }
        }
    }

    fn drop_all(&mut self, values: Vec<TaskRef>) {
        if !values.is_empty() {
            self.actions.push(WorkerAction::Drop(values));
        }
    }

    fn denied(&mut self, of: TaskRef, by: WorkerId) {
        if let Some(value) = self.values.get_mut(&of) {
            value.holders.retain(|holder| *holder != by);
            value.denied.push(by);
            value.at = At::Elsewhere;
            match value.holders.is_empty() {
                true => self.miss(of),
                false => {
                    self.to_fetch.insert((value.priority, of));
                }
            }
        }
    }

    fn ask_again(&mut self, of: TaskRef) {
        if let Some(value) = self.values.get_mut(&of) {
            value.at = At::Elsewhere;
            self.to_fetch.insert((value.priority, of));
        }
    }

    fn try_again(&mut self, of: TaskRef) {
        if let Some(value) = self.values.get_mut(&of) {
            value.at = At::Elsewhere;
            value.n_tries += 1;
            match value.n_tries >= self.options.n_tries_max {
                true => self.miss(of),
                false => {
                    self.to_fetch.insert((value.priority, of));
                }
            }
        }
    }

    pub(super) fn unreachable(&mut self, request: u64) {
        let Some(lost) = self.requests.remove(&request) else { return };
        self.incoming_bytes -= lost.n_bytes;
        self.left_alone.insert(lost.from, self.now.after(self.options.retry_delay));
        for of in lost.values {
            if self.values.get(&of).is_some_and(|value| value.at == At::Coming(request)) {
                // Another holder is asked first.
                if let Some(value) = self.values.get_mut(&of)
                    && let Some(place) = value.holders.iter().position(|holder| *holder == lost.from)
                {
                    value.holders.remove(place);
                    value.holders.push(lost.from);
                }
                self.try_again(of);
            }
        }
    }
}
