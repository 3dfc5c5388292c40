//! Topics: who has subscribed, and what was logged.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use raskt_core::Name;

use crate::ids::ClientId;
use crate::time::Time;

/// When something was logged, and what.
type Entry = (Time, Arc<[u8]>);

/// All topics that have subscribers or a log.
#[derive(Debug, Default)]
pub(crate) struct Topics {
    subscribers: BTreeMap<Name, BTreeSet<ClientId>>,
    logs: BTreeMap<Name, VecDeque<Entry>>,
}

impl Topics {
    pub fn subscribe(&mut self, client: ClientId, topic: Name) {
        self.subscribers.entry(topic).or_default().insert(client);
    }

    pub fn unsubscribe(&mut self, client: ClientId, topic: &Name) {
        if let Some(subscribers) = self.subscribers.get_mut(topic) {
            subscribers.remove(&client);
            if subscribers.is_empty() {
                self.subscribers.remove(topic);
            }
        }
    }

    pub fn lose_client(&mut self, client: ClientId) {
        self.subscribers.retain(|_, subscribers| {
            subscribers.remove(&client);
            !subscribers.is_empty()
        });
    }

    pub fn subscribers(&self, topic: &Name) -> Vec<ClientId> {
        self.subscribers
            .get(topic)
            .map(|subscribers| subscribers.iter().copied().collect())
            .unwrap_or_default()
    }

    /// Keeps bytes in the log of a topic, and no more entries than so many.
    pub fn log(&mut self, topic: Name, now: Time, bytes: Arc<[u8]>, n_max: usize) {
        let log = self.logs.entry(topic).or_default();
        log.push_back((now, bytes));
        while log.len() > n_max {
            log.pop_front();
        }
    }

    pub fn logged(&self, topic: &Name) -> Vec<Entry> {
        self.logs.get(topic).map(|log| log.iter().cloned().collect()).unwrap_or_default()
    }

    pub fn with_logs(&self) -> Vec<Name> {
        self.logs.keys().cloned().collect()
    }

    pub fn all_subscribers(&self) -> impl Iterator<Item = ClientId> + '_ {
        self.subscribers.values().flatten().copied()
    }
}
