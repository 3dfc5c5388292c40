//! A value that somebody here wants.

use std::sync::Arc;

use raskt_core::{Key, Name};

use super::core::Shared;
use super::entry::{Entry, State, Watch, Why};

/// A value that somebody here wants. The scheduler keeps it as long as a future of any client is there; a clone is another
/// future.
pub struct Future {
    pub(super) shared: Arc<Shared>,
    pub(super) entry: Arc<Entry>,
}

impl Future {
    pub(super) fn new(shared: &Arc<Shared>, entry: &Arc<Entry>) -> Self {
        entry.progress.lock().n_futures += 1;
        Self { shared: Arc::clone(shared), entry: Arc::clone(entry) }
    }

    /// What the value is called.
    #[must_use]
    pub fn key(&self) -> &Key {
        &self.entry.key
    }

    /// How it is.
    #[must_use]
    pub fn state(&self) -> State {
        self.entry.state()
    }

    /// Whether nothing more is awaited.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.entry.progress.lock().state.is_settled()
    }

    /// What the scheduler is known by whose value it is.
    #[must_use]
    pub fn scheduler(&self) -> &Name {
        &self.shared.scheduler
    }

    /// Has `call` called when the value is settled, on a thread of the client's; at once (on that thread) where it is.
    pub fn when_settled(&self, call: impl FnOnce() + Send + 'static) {
        if let Some(Watch::Call(call)) = self.entry.watch(Watch::Call(Box::new(call))) {
            self.shared.call_later(call);
        }
    }

    /// Whether both stand for the same value of the same client.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.entry, &other.entry)
    }

    /// Says that the value does not come, unless it is settled.
    pub fn fail(&self, error: raskt_core::Error) {
        self.shared.settle(&self.entry, State::Failed(Why::Error(error)));
    }
}

impl Clone for Future {
    fn clone(&self) -> Self {
        Self::new(&self.shared, &self.entry)
    }
}

impl Drop for Future {
    fn drop(&mut self) {
        self.shared.let_go(&self.entry);
    }
}

impl std::fmt::Debug for Future {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Future({}, {:?})", self.entry.key, self.state())
    }
}
