//! What clients share beside tasks: requests go out, each with a number, and are answered when their turn has come.

use std::fmt;
use std::sync::{Arc, Weak};
use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex};
use raskt_core::{Error, Key, Name, Result};
use raskt_sched::CoordinationOptions;
use raskt_sched::coordination::{Answer, GuardRequest, Item, ItemRequest, Refusal, Request};
use rustc_hash::FxHashMap;

use super::core::{Client, Shared};
use super::entry::Callback;
use super::future::Future;
use crate::wire::ClientSays;

/// What came of a request, with futures of all values that it names: they are wanted as long as this is there.
#[derive(Clone, Debug)]
pub struct Answered {
    /// What the scheduler says.
    pub answer: Answer,
    /// The values that items name.
    pub futures: Vec<Future>,
}

/// Who hears what is published under a topic.
type Hearer = Arc<dyn Fn(&Item, &[Future]) + Send + Sync>;

/// What is asked and not answered, and who hears what is published.
#[derive(Default)]
pub(super) struct Coordinating {
    n_asked: u64,
    asked: FxHashMap<u64, Arc<Pending>>,
    hearers: FxHashMap<Name, Vec<(u64, Hearer)>>,
    /// Leases that are held: they end unless the scheduler hears of them.
    leases: Vec<u64>,
    is_refreshing: bool,
    closed: Option<Error>,
}

enum Phase {
    Waiting(Vec<Callback>),
    Over(Result<Answered>),
}

struct Pending {
    is_lease: bool,
    phase: Mutex<Phase>,
    changed: Condvar,
}

impl Pending {
    fn new(is_lease: bool, phase: Phase) -> Arc<Self> {
        Arc::new(Self { is_lease, phase: Mutex::new(phase), changed: Condvar::new() })
    }

    /// There is an answer: who is to be called.
    fn end(&self, outcome: Result<Answered>) -> Vec<Callback> {
        let before = std::mem::replace(&mut *self.phase.lock(), Phase::Over(outcome));
        self.changed.notify_all();
        match before {
            Phase::Waiting(calls) => calls,
            Phase::Over(_) => Vec::new(),
        }
    }
}

/// A request, and what came of it.
pub struct Asked {
    shared: Weak<Shared>,
    number: u64,
    pending: Arc<Pending>,
}

impl Asked {
    /// What the request is known by: who releases what it got names it.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// Waits for the answer, for `timeout` at most; whether it is there.
    #[must_use]
    pub fn wait(&self, timeout: Duration) -> bool {
        let until = Instant::now() + timeout;
        let mut phase = self.pending.phase.lock();
        while matches!(*phase, Phase::Waiting(_)) {
            if self.pending.changed.wait_until(&mut phase, until).timed_out() {
                return matches!(*phase, Phase::Over(_));
            }
        }
        true
    }

    /// The answer, once it is there.
    ///
    /// # Errors
    /// Why there is none: the client is closed, or has lost its connection.
    #[must_use]
    pub fn answer(&self) -> Option<Result<Answered>> {
        match &*self.pending.phase.lock() {
            Phase::Waiting(_) => None,
            Phase::Over(outcome) => Some(outcome.clone()),
        }
    }

    /// Has `call` called when there is an answer, on a thread of the client's; at once where there is one.
    pub fn when_answered(&self, call: impl FnOnce() + Send + 'static) {
        match &mut *self.pending.phase.lock() {
            Phase::Waiting(calls) => return calls.push(Box::new(call)),
            Phase::Over(_) => {}
        }
        call();
    }

    /// Does not want to wait any longer. There is an answer soon: [`Answer::GivenUp`], unless the turn of the request came
    /// before.
    pub fn give_up(&self) {
        if let Some(shared) = self.shared.upgrade() {
            shared.say(&ClientSays::GiveUp(self.number));
        }
    }
}

impl fmt::Debug for Asked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Asked({}, {:?})", self.number, self.answer())
    }
}

impl Client {
    /// Asks for what clients share.
    ///
    /// ```no_run
    /// use raskt_net::client::Client;
    /// use raskt_sched::coordination::{Answer, GuardRequest};
    /// # fn example(client: Client) -> raskt_core::Result<()> {
    /// let asked = client.coordinate(GuardRequest::Acquire { names: vec!["door".into()], n: 1 });
    /// if asked.wait(std::time::Duration::from_secs(1)) {
    ///     client.coordinate(GuardRequest::ReleaseLocks(asked.number()));
    /// } else {
    ///     asked.give_up();
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub fn coordinate(&self, request: impl Into<Request>) -> Asked {
        self.0.coordinate(request.into())
    }

    /// Has `hear` called with what is published under a topic from here on, on the thread that reads the connection: it must
    /// not take long. A number by which it [ends](Self::unsubscribe), and the answer of the scheduler where it had to be asked.
    pub fn subscribe(
        &self,
        topic: &Name,
        hear: impl Fn(&Item, &[Future]) + Send + Sync + 'static,
    ) -> (u64, Option<Asked>) {
        let id = self.0.number();
        // The scheduler hears in this order of who begins and who ends.
        let mut coordinating = self.0.coordinating.lock();
        let hearers = coordinating.hearers.entry(topic.clone()).or_default();
        hearers.push((id, Arc::new(hear)));
        let is_first = hearers.len() == 1;
        let mut ask = || self.0.ask_as(&mut coordinating, ItemRequest::Subscribe(topic.clone()).into());
        (id, is_first.then(&mut ask))
    }

    /// Hears no more of a topic.
    pub fn unsubscribe(&self, topic: &Name, id: u64) {
        let gone = {
            let mut coordinating = self.0.coordinating.lock();
            let Some(hearers) = coordinating.hearers.get_mut(topic) else { return };
            let Some(at) = hearers.iter().position(|(other, _)| *other == id) else { return };
            let gone = hearers.remove(at);
            if hearers.is_empty() {
                coordinating.hearers.remove(topic);
                self.0.ask_as(&mut coordinating, ItemRequest::Unsubscribe(topic.clone()).into());
            }
            gone
        };
        // What hears is of users, and is dropped without a lock.
        drop(gone);
    }
}

impl Shared {
    fn coordinate(self: &Arc<Self>, request: Request) -> Asked {
        self.ask_as(&mut self.coordinating.lock(), request)
    }

    fn ask_as(self: &Arc<Self>, coordinating: &mut Coordinating, request: Request) -> Asked {
        if let Request::Guard(GuardRequest::ReleaseLease(number)) = &request {
            coordinating.leases.retain(|lease| lease != number);
        }
        coordinating.n_asked += 1;
        let number = coordinating.n_asked;
        let is_lease = matches!(request, Request::Guard(GuardRequest::AcquireLease { .. }));
        let pending = match &coordinating.closed {
            Some(error) => Pending::new(is_lease, Phase::Over(Err(error.clone()))),
            None => {
                let pending = Pending::new(is_lease, Phase::Waiting(Vec::new()));
                coordinating.asked.insert(number, Arc::clone(&pending));
                // Numbers arrive in their order.
                self.say(&ClientSays::Coordinate { number, request });
                pending
            }
        };
        Asked { shared: Arc::downgrade(self), number, pending }
    }

    /// Futures of values that were handed over: the scheduler counts each of them as wanted here once more.
    fn handed<'a>(self: &Arc<Self>, keys: impl Iterator<Item = &'a Key>) -> Vec<Future> {
        let client = Client(Arc::clone(self));
        let handed = |key| {
            let future = client.future(key).future;
            future.entry.progress.lock().n_wants += 1;
            future
        };
        keys.map(handed).collect()
    }

    /// The scheduler answers a request.
    pub(super) fn answered(self: &Arc<Self>, number: u64, answer: Answer) {
        let items: &[Item] = if let Answer::Items(items) = &answer { items } else { &[] };
        let futures = self.handed(items.iter().flat_map(|item| &item.keys));
        let pending = {
            let mut coordinating = self.coordinating.lock();
            let pending = coordinating.asked.remove(&number);
            if let Answer::Refused(Refusal::NotHeld(ended)) = &answer {
                coordinating.leases.retain(|lease| lease != ended);
            }
            if answer == Answer::Done && pending.as_ref().is_some_and(|pending| pending.is_lease) {
                coordinating.leases.push(number);
                if !std::mem::replace(&mut coordinating.is_refreshing, true) {
                    self.runtime.spawn(refresh(Arc::downgrade(self)));
                }
            }
            pending
        };
        let calls = pending.map(|pending| pending.end(Ok(Answered { answer, futures })));
        calls.into_iter().flatten().for_each(|call| self.call_later(call));
    }

    /// Something was published under a topic.
    pub(super) fn delivered(self: &Arc<Self>, topic: &Name, item: &Item) {
        let futures = self.handed(item.keys.iter());
        let hearers = self.coordinating.lock().hearers.get(topic).cloned().unwrap_or_default();
        hearers.iter().for_each(|(_, hear)| hear(item, &futures));
    }

    /// Nothing is answered any more.
    pub(super) fn end_coordination(&self, error: &Error) {
        let (asked, hearers) = {
            let mut coordinating = self.coordinating.lock();
            coordinating.closed = Some(error.clone());
            coordinating.leases.clear();
            (std::mem::take(&mut coordinating.asked), std::mem::take(&mut coordinating.hearers))
        };
        drop(hearers);
        let calls = asked.into_values().flat_map(|pending| pending.end(Err(error.clone())));
        calls.for_each(|call| self.call_later(call));
    }

    /// Has leases that are held end later; whether some are.
    fn refresh_leases(self: &Arc<Self>) -> bool {
        let leases = {
            let mut coordinating = self.coordinating.lock();
            coordinating.is_refreshing = !coordinating.leases.is_empty();
            coordinating.leases.clone()
        };
        let is_held = !leases.is_empty();
        if is_held {
            self.coordinate(GuardRequest::RefreshLeases(leases).into());
        }
        is_held
    }
}

/// Refreshes leases as long as some are held.
async fn refresh(shared: Weak<Shared>) {
    // Several refreshes may be late before a lease ends.
    let interval = CoordinationOptions::default().lease_timeout / 6;
    loop {
        tokio::time::sleep(interval).await;
        let Some(shared) = shared.upgrade() else { return };
        if !shared.refresh_leases() {
            return;
        }
    }
}
