//! What else clients ask for: that work is cancelled, that all begins anew, that values are copied and moved.

use raskt_core::{ErrorKind, Key};
use raskt_sched::{Event, FromClient};

use crate::scenario::RequestKind;
use crate::world::World;

/// What was cancelled, by whom, and what may be missing since.
#[derive(Debug, Default)]
pub(crate) struct Cancels {
    /// The client that does not want a key any more, or none where nobody is to want it.
    of: Vec<(Option<usize>, Key)>,
    n_restarts: u64,
}

impl World<'_> {
    /// A client asks for something.
    pub fn request(&mut self, number: usize) {
        let spec = &self.scenario.requests[number];
        let client = spec.client;
        if self.clients.is_lost(client) {
            return;
        }
        let choice = self.random.draw();
        let key = self.clients.some_wanted_key(client, choice);
        let keys: Vec<Key> = key.iter().cloned().collect();
        let message = match spec.kind {
            RequestKind::Cancel => {
                self.cancels.of.extend(key.map(|key| (Some(client), key)));
                FromClient::Cancel(keys)
            }
            RequestKind::CancelForAll => {
                self.cancels.of.extend(key.map(|key| (None, key)));
                FromClient::CancelForAll(keys)
            }
            RequestKind::Restart => {
                self.cancels.n_restarts += 1;
                FromClient::Restart
            }
            RequestKind::Replicate(n) => FromClient::Replicate { keys, n },
            RequestKind::Rebalance => FromClient::Rebalance { keys: Vec::new(), workers: Vec::new() },
            RequestKind::Retire(worker) => {
                let there = self.present(worker).and_then(|id| self.scheduler.worker(id));
                FromClient::Retire(there.map(|worker| worker.info.name).into_iter().collect())
            }
        };
        self.say(client, message);
    }

    /// A client hears that it does not get a key.
    pub fn hear_cancelled(&mut self, client: usize, key: &Key) {
        let is_true = self.cancels.n_restarts > 0
            || self.cancels.of.iter().any(|(of, cancelled)| {
                of.is_none_or(|of| of == client) && self.clients.needs(key, cancelled, self.scenario)
            });
        if !is_true {
            return self.violate(format!("{key} is cancelled, and nobody has asked for that"));
        }
        self.report.n_cancelled += 1;
        self.give_up(client, key);
    }

    /// A client hears that a slice of a graph is not computed, which is true if what it needs was forgotten.
    pub fn hear_rejected(&mut self, client: usize, graph: usize, error: &raskt_core::Error) {
        let is_missing = matches!(error.kind(), ErrorKind::MissingKey { .. });
        if !is_missing || self.cancels.n_restarts == 0 {
            return self.violate(format!("graph {graph} is rejected: {error}"));
        }
        self.clients.reject(graph);
        for key in self.clients.outputs_of(graph, self.scenario) {
            self.give_up(client, &key);
        }
    }

    pub fn say(&mut self, client: usize, message: FromClient) {
        let event = Event::Client(raskt_sched::ClientId(client as u32), message);
        self.after(std::time::Duration::from_micros(300), crate::world::Happening::ToScheduler(event, None));
    }
}
