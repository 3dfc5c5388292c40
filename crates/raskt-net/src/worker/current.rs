//! What the calling thread does for a worker, and what its task may ask of that worker.

use std::fmt;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use raskt_core::Key;
use raskt_graph::TaskTable;
use raskt_sched::{Attempt, WorkerId};
use raskt_store::{AtHome, Dealings};

use super::core::Core;
use crate::transport::Address;

/// What a thread does for a worker: it runs a task, or calls a function for a client.
#[derive(Clone)]
pub struct CurrentWork {
    core: Arc<Core>,
    task: Option<CurrentTask>,
    /// The thread does not count among those of the worker.
    has_seceded: bool,
    /// The task is to be tried again.
    is_to_be_tried_again: bool,
}

/// A task that a thread runs.
#[derive(Clone)]
pub(super) struct CurrentTask {
    pub attempt: Attempt,
    pub table: Arc<TaskTable>,
    pub row: u32,
}

/// What a thread does, where other threads can read it.
struct Slot {
    /// The number by which the system knows the thread.
    thread: u64,
    current: Mutex<Option<CurrentWork>>,
}

/// The slots of all threads that ever did something for a worker, and are still there.
static SLOTS: Mutex<Vec<Weak<Slot>>> = Mutex::new(Vec::new());

thread_local! {
    static SLOT: Arc<Slot> = Slot::of_this_thread();
}

impl Slot {
    fn of_this_thread() -> Arc<Self> {
        let slot = Arc::new(Self { thread: thread_number(), current: Mutex::new(None) });
        let mut slots = SLOTS.lock();
        slots.retain(|slot| slot.strong_count() > 0);
        slots.push(Arc::downgrade(&slot));
        slot
    }
}

/// The number of the calling thread: what Python calls its `ident`.
#[cfg(unix)]
fn thread_number() -> u64 {
    // SAFETY: it takes nothing, and cannot fail.
    unsafe { libc::pthread_self() as u64 }
}

/// The number of the calling thread: not known.
#[cfg(not(unix))]
fn thread_number() -> u64 {
    0
}

/// What the calling thread does for a worker of a cluster, if it does.
#[must_use]
pub fn current_work() -> Option<CurrentWork> {
    SLOT.with(|slot| slot.current.lock().clone())
}

/// A task that a thread of this process runs for a worker.
#[derive(Clone, Debug)]
pub struct RunningTask {
    /// The thread: `pthread_self`, 0 where the system has none.
    pub thread: u64,
    /// Where others find the worker.
    pub worker: Address,
    /// The task.
    pub key: Key,
    /// What the task is called together with its like.
    pub label: Arc<str>,
}

/// The tasks that run in this process at this moment, of all its workers. To be called inside of the lanes: it may be the last to
/// let go of a task's functions.
#[must_use]
pub fn running_tasks() -> Vec<RunningTask> {
    let slots: Vec<_> = SLOTS.lock().iter().filter_map(Weak::upgrade).collect();
    let running = |slot: Arc<Slot>| {
        // Nothing is asked of the table under the lock: what a foreign body is called may have to be asked of its runtime, where
        // whoever is inside may wait for the lock.
        let (task, worker) = {
            let current = slot.current.lock();
            let work = current.as_ref()?;
            (work.task.clone()?, work.core.address.clone())
        };
        let (key, label) = (task.table.key(task.row), task.table.label(task.row));
        Some(RunningTask { thread: slot.thread, worker, key, label })
    };
    slots.into_iter().filter_map(running).collect()
}

/// Whether a task runs in this process at this moment.
#[must_use]
pub fn is_running_tasks() -> bool {
    let has_task = |slot: Arc<Slot>| slot.current.lock().as_ref().is_some_and(|work| work.task.is_some());
    SLOTS.lock().iter().filter_map(Weak::upgrade).any(has_task)
}

impl CurrentWork {
    /// The worker.
    #[must_use]
    pub fn worker(&self) -> WorkerId {
        self.core.id
    }

    /// Where others find the worker.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.core.address
    }

    /// The key of the task; none where a client has a function called.
    #[must_use]
    pub fn task(&self) -> Option<Key> {
        self.task.as_ref().map(|task| task.table.key(task.row))
    }
}

impl fmt::Debug for CurrentWork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CurrentWork({:?} at {})", self.task(), self.core.id)
    }
}

/// The core and the attempt of the task that the calling thread runs, if what is said of the thread changes thereby.
fn turn(has_seceded: bool) -> Option<(Arc<Core>, Attempt)> {
    SLOT.with(|slot| {
        let mut current = slot.current.lock();
        let work = current.as_mut().filter(|work| work.has_seceded != has_seceded)?;
        let attempt = work.task.as_ref()?.attempt;
        work.has_seceded = has_seceded;
        Some((Arc::clone(&work.core), attempt))
    })
}

/// The task that the calling thread runs is about to wait, or goes on for long: the worker runs another task meanwhile. Whether
/// there is a task, and it had not seceded before.
pub fn secede() -> bool {
    let found = turn(true);
    found.as_ref().inspect(|(core, attempt)| core.secede(*attempt));
    found.is_some()
}

/// Waits until the worker has a thread for the task of the calling thread, which has [seceded](secede). Whether it had.
pub fn rejoin() -> bool {
    let found = turn(false);
    found.as_ref().inspect(|(core, attempt)| core.rejoin(*attempt));
    found.is_some()
}

/// Once the task that the calling thread runs has ended with an error, it is to be tried again, wherever the scheduler wants.
pub fn try_again() {
    SLOT.with(|slot| {
        if let Some(work) = &mut *slot.current.lock() {
            work.is_to_be_tried_again = true;
        }
    });
}

/// What [`current_work`] says until this is dropped.
pub(super) struct Here {
    at_home: AtHome,
}

impl Here {
    pub fn set(core: &Arc<Core>, task: Option<CurrentTask>) -> Self {
        let at_home = core.home.enter();
        let core = Arc::clone(core);
        let work = CurrentWork { core, task, has_seceded: false, is_to_be_tried_again: false };
        SLOT.with(|slot| *slot.current.lock() = Some(work));
        Self { at_home }
    }

    /// What the thread has sent and received through exchanges.
    pub fn dealings(&self) -> Dealings {
        self.at_home.dealings()
    }

    /// Whether the task has asked to be [tried again](try_again).
    pub fn is_to_be_tried_again(&self) -> bool {
        SLOT.with(|slot| slot.current.lock().as_ref().is_some_and(|work| work.is_to_be_tried_again))
    }
}

impl Drop for Here {
    fn drop(&mut self) {
        let gone = SLOT.with(|slot| slot.current.lock().take());
        drop(gone);
    }
}
