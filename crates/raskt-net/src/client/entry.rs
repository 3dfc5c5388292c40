//! What is known of a key, and who waits for it.

use std::fmt;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use raskt_core::{Error, Key, Name};
use raskt_sched::{Failure, TaskRef, WorkerId};

/// Why a value does not come.
#[derive(Clone, Debug)]
pub enum Why {
    /// A task failed: its own, or one that it needs.
    Task(Arc<Failure>),
    /// The graph could not be computed at all, or the connection to the scheduler is lost.
    Error(Error),
}

/// How a value is.
#[derive(Clone, Debug)]
pub enum State {
    /// It is computed, or will be.
    Pending,
    /// It is there.
    Ready {
        /// What workers call it.
        value: TaskRef,
        /// Some of the workers that hold it.
        holders: Vec<WorkerId>,
    },
    /// It was there, and is computed again.
    Lost,
    /// It does not come.
    Failed(Why),
    /// Nobody computes it any more.
    Cancelled,
}

impl State {
    /// Whether nothing more is awaited.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        matches!(self, Self::Ready { .. } | Self::Failed(_) | Self::Cancelled)
    }
}

/// What is called when a value is settled, once.
pub(super) type Callback = Box<dyn FnOnce() + Send>;

pub(super) enum Watch {
    /// A thread waits.
    Gate(Weak<GateState>),
    /// To be called on the thread of callbacks.
    Call(Callback),
    /// A task of the network's waits.
    Wake(tokio::sync::oneshot::Sender<()>),
}

/// What is known of a key.
pub(super) struct Entry {
    pub key: Key,
    pub progress: Mutex<Progress>,
}

pub(super) struct Progress {
    pub state: State,
    pub n_futures: usize,
    /// How often the scheduler counts that the client wants it.
    pub n_wants: usize,
    /// How often the scheduler said that it does not know it.
    pub n_asked: u32,
    /// The last graph that computes it.
    pub graph: Option<Name>,
    /// What workers are to call it that get it of this client.
    pub reserved: Option<TaskRef>,
    pub watches: Vec<Watch>,
    pub reservation: Option<tokio::sync::oneshot::Sender<()>>,
}

/// So many watches of threads that have given up are left where they are.
const N_WATCHES_KEPT: usize = 16;

impl Entry {
    pub fn new(key: Key) -> Self {
        let progress = Progress {
            state: State::Pending,
            n_futures: 0,
            n_wants: 0,
            n_asked: 0,
            graph: None,
            reserved: None,
            watches: Vec::new(),
            reservation: None,
        };
        Self { key, progress: Mutex::new(progress) }
    }

    pub fn state(&self) -> State {
        self.progress.lock().state.clone()
    }

    /// Has `watch` told when the value is settled; it comes back where it is so already.
    pub fn watch(&self, watch: Watch) -> Option<Watch> {
        let mut progress = self.progress.lock();
        if progress.state.is_settled() {
            return Some(watch);
        }
        if progress.watches.len() > N_WATCHES_KEPT {
            progress.watches.retain(|watch| match watch {
                Watch::Gate(gate) => gate.strong_count() > 0,
                Watch::Wake(wake) => !wake.is_closed(),
                Watch::Call(_) => true,
            });
        }
        progress.watches.push(watch);
        None
    }

    /// Waits until the value is settled.
    pub async fn settled(&self) {
        let (wake, woken) = tokio::sync::oneshot::channel();
        if self.watch(Watch::Wake(wake)).is_none() {
            // An entry that is gone is awaited by nobody.
            drop(woken.await);
        }
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Entry({})", self.key)
    }
}

/// How many values are to be settled before a thread goes on.
#[derive(Debug)]
pub(super) struct GateState {
    n_left: Mutex<usize>,
    changed: Condvar,
}

impl GateState {
    pub fn pass(&self) {
        let mut n_left = self.n_left.lock();
        *n_left = n_left.saturating_sub(1);
        if *n_left == 0 {
            self.changed.notify_all();
        }
    }
}

/// Where a thread waits until so many of some values are settled.
#[derive(Clone, Debug)]
pub struct Gate(pub(super) Arc<GateState>);

impl Gate {
    pub(super) fn new(n: usize) -> Self {
        Self(Arc::new(GateState { n_left: Mutex::new(n), changed: Condvar::new() }))
    }

    /// Waits for `timeout` at most; whether so many are settled.
    #[must_use]
    pub fn wait(&self, timeout: Duration) -> bool {
        let until = Instant::now() + timeout;
        let mut n_left = self.0.n_left.lock();
        while *n_left > 0 {
            if self.0.changed.wait_until(&mut n_left, until).timed_out() {
                return *n_left == 0;
            }
        }
        true
    }
}
