//! What the calling thread does for a worker, and what its task may ask of that worker.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;

use raskt_core::Key;
use raskt_sched::{Attempt, WorkerId};

use super::core::Core;
use crate::transport::Address;

/// What a thread does for a worker: it runs a task, or calls a function for a client.
#[derive(Clone)]
pub struct CurrentWork {
    core: Arc<Core>,
    task: Option<(Attempt, Key)>,
    /// The thread does not count among those of the worker.
    has_seceded: bool,
    /// The task is to be tried again.
    is_to_be_tried_again: bool,
}

thread_local! {
    static CURRENT: RefCell<Option<CurrentWork>> = const { RefCell::new(None) };
}

/// What the calling thread does for a worker of a cluster, if it does.
#[must_use]
pub fn current_work() -> Option<CurrentWork> {
    CURRENT.with(|current| current.borrow().clone())
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
    pub fn task(&self) -> Option<&Key> {
        self.task.as_ref().map(|(_, key)| key)
    }
}

impl fmt::Debug for CurrentWork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CurrentWork({:?} at {})", self.task, self.core.id)
    }
}

/// The core and the attempt of the task that the calling thread runs, if what is said of the thread changes thereby.
fn turn(has_seceded: bool) -> Option<(Arc<Core>, Attempt)> {
    CURRENT.with(|current| {
        let mut current = current.borrow_mut();
        let work = current.as_mut().filter(|work| work.has_seceded != has_seceded)?;
        let (attempt, _) = work.task.as_ref()?;
        work.has_seceded = has_seceded;
        Some((Arc::clone(&work.core), *attempt))
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
    CURRENT.with(|current| {
        if let Some(work) = &mut *current.borrow_mut() {
            work.is_to_be_tried_again = true;
        }
    });
}

/// What [`current_work`] says until this is dropped.
pub(super) struct Here;

impl Here {
    pub fn set(core: &Arc<Core>, task: Option<(Attempt, Key)>) -> Self {
        let core = Arc::clone(core);
        let work = CurrentWork { core, task, has_seceded: false, is_to_be_tried_again: false };
        CURRENT.with(|current| *current.borrow_mut() = Some(work));
        Self
    }

    /// Whether the task has asked to be [tried again](try_again).
    pub fn is_to_be_tried_again(&self) -> bool {
        CURRENT.with(|current| current.borrow().as_ref().is_some_and(|work| work.is_to_be_tried_again))
    }
}

impl Drop for Here {
    fn drop(&mut self) {
        let gone = CURRENT.with(|current| current.borrow_mut().take());
        drop(gone);
    }
}
