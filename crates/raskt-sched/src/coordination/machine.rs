//! The machine itself: clients, requests, and who waits for what.

use std::collections::BTreeMap;
use std::time::Duration;

use raskt_core::{Key, Name};
use smallvec::SmallVec;

use super::flags::Flags;
use super::locks::Locks;
use super::metadata::Metadata;
use super::queues::{Moved, Queues};
use super::request::{Answer, GuardRequest, Item, ItemRequest, RecordRequest, Refusal, Request};
use super::semaphores::Semaphores;
use super::topics::Topics;
use super::variables::Variables;
use crate::ids::ClientId;
use crate::time::Time;

/// A request: whose, and the number that the client gave it.
pub(crate) type Ticket = (ClientId, u64);

/// What a [`Coordination`] decides by.
#[derive(Clone, Debug)]
pub struct CoordinationOptions {
    /// A lease of a semaphore that is not refreshed ends after so long.
    pub lease_timeout: Duration,
    /// The log of a topic keeps so many entries, the newest.
    pub n_logged_max: usize,
}

impl Default for CoordinationOptions {
    fn default() -> Self {
        Self { lease_timeout: Duration::from_secs(30), n_logged_max: 100_000 }
    }
}

/// What happens to a [`Coordination`].
#[derive(Clone, Debug)]
pub enum CoordinationEvent {
    /// A client has connected.
    ClientJoined(ClientId),
    /// A client asks, with a number that is higher than those of its requests before.
    Request(ClientId, u64, Request),
    /// A client does not want to wait any longer for the answer to its request of this number. It is answered
    /// [`Answer::GivenUp`], unless its turn has come before.
    GiveUp(ClientId, u64),
    /// A client's connection ended: what it held is released.
    ClientLost(ClientId),
    /// Time has passed. Said about once a second: leases end.
    Tick,
}

/// What a [`Coordination`] wants done, in this order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CoordinationAction {
    /// Answer a client's request of this number.
    Answer(ClientId, u64, Answer),
    /// Give a client an item that was published under a topic.
    Deliver(ClientId, Name, Item),
    /// A client wants a key once more, that it was handed: see [`crate::FromClient::Want`].
    Want(ClientId, Key),
    /// A key is wanted once more on behalf of this machine: as by a client of its own.
    Hold(Key),
    /// A key is wanted once less on behalf of this machine.
    Release(Key),
}

/// What a request waits for.
#[derive(Clone, Debug)]
pub(super) enum Awaited {
    Locks,
    Lease,
    Flag(Name),
    Queue(Name),
    Variable(Name),
}

/// What clients share beside tasks: a state machine.
///
/// ```
/// use raskt_sched::coordination::{Answer, Coordination, CoordinationAction, CoordinationEvent, GuardRequest};
/// use raskt_sched::{ClientId, Time};
/// let (mut shared, mut actions) = (Coordination::default(), Vec::new());
/// let (ann, ben) = (ClientId(0), ClientId(1));
/// let lock = || GuardRequest::Acquire { names: vec!["door".into()], n: 1 }.into();
/// for event in [
///     CoordinationEvent::ClientJoined(ann),
///     CoordinationEvent::ClientJoined(ben),
///     CoordinationEvent::Request(ann, 0, lock()),
///     CoordinationEvent::Request(ben, 0, lock()),
/// ] {
///     shared.handle(event, Time(0), &mut actions);
/// }
/// assert_eq!(actions, [CoordinationAction::Answer(ann, 0, Answer::Done)]);
/// shared.handle(CoordinationEvent::ClientLost(ann), Time(1), &mut actions);
/// assert_eq!(actions[1..], [CoordinationAction::Answer(ben, 0, Answer::Done)]);
/// ```
#[derive(Debug, Default)]
pub struct Coordination {
    pub(super) options: CoordinationOptions,
    pub(super) now: Time,
    /// Clients, and how many numbers for requests each has used.
    pub(super) clients: BTreeMap<ClientId, u64>,
    pub(super) waiting: BTreeMap<Ticket, Awaited>,
    pub(super) locks: Locks,
    pub(super) semaphores: Semaphores,
    pub(super) flags: Flags,
    pub(super) queues: Queues,
    pub(super) variables: Variables,
    pub(super) topics: Topics,
    pub(super) datasets: BTreeMap<Name, Item>,
    pub(super) metadata: Metadata,
    pub(super) actions: Vec<CoordinationAction>,
}

impl Coordination {
    /// A machine that holds nothing.
    #[must_use]
    pub fn new(options: CoordinationOptions) -> Self {
        Self { options, ..Self::default() }
    }

    /// Handles an event; what is to be done is appended to `actions`, in order. Requests of clients that are not there change
    /// nothing, and neither do those that come twice.
    pub fn handle(&mut self, event: CoordinationEvent, now: Time, actions: &mut Vec<CoordinationAction>) {
        self.now = now;
        match event {
            CoordinationEvent::ClientJoined(client) => {
                self.clients.entry(client).or_insert(0);
            }
            CoordinationEvent::Request(client, number, request) => {
                if let Some(next) = self.clients.get_mut(&client).filter(|next| **next <= number) {
                    *next = number + 1;
                    self.ask((client, number), request);
                }
            }
            CoordinationEvent::GiveUp(client, number) => self.give_up((client, number)),
            CoordinationEvent::ClientLost(client) => self.lose_client(client),
            CoordinationEvent::Tick => {
                let (mut granted, ends) = (Vec::new(), self.lease_end());
                self.semaphores.expire(now, ends, &mut granted);
                self.grant(granted);
            }
        }
        actions.append(&mut self.actions);
    }

    fn lease_end(&self) -> Time {
        self.now.after(self.options.lease_timeout)
    }

    fn answer(&mut self, (client, number): Ticket, answer: Answer) {
        // One that is gone may have put something into a queue where another one has just made room.
        if self.clients.contains_key(&client) {
            self.actions.push(CoordinationAction::Answer(client, number, answer));
        }
    }

    fn refuse(&mut self, ticket: Ticket, refusal: Refusal) {
        self.answer(ticket, Answer::Refused(refusal));
    }

    /// Requests whose turn has come.
    fn grant(&mut self, tickets: Vec<Ticket>) {
        for ticket in tickets {
            self.waiting.remove(&ticket);
            self.answer(ticket, Answer::Done);
        }
    }

    /// An item is kept here from now on.
    fn hold(&mut self, item: &Item) {
        self.actions.extend(item.keys.iter().cloned().map(CoordinationAction::Hold));
    }

    /// An item is not kept here any more.
    fn release(&mut self, item: Item) {
        self.actions.extend(item.keys.into_iter().map(CoordinationAction::Release));
    }

    /// A client gets an item.
    fn hand_over(&mut self, client: ClientId, item: &Item) {
        self.actions.extend(item.keys.iter().map(|key| CoordinationAction::Want(client, key.clone())));
    }

    fn ask(&mut self, ticket: Ticket, request: Request) {
        match request {
            Request::Guard(request) => self.ask_for_guards(ticket, request),
            Request::Item(request) => self.ask_for_items(ticket, request),
            Request::Record(request) => self.ask_for_records(ticket, request),
        }
    }

    fn ask_for_guards(&mut self, ticket: Ticket, request: GuardRequest) {
        match request {
            GuardRequest::Acquire { names, n } => self.acquire(ticket, names, n),
            GuardRequest::ReleaseLocks(number) => self.release_locks(ticket, number),
            GuardRequest::IsLocked(name) => self.answer(ticket, Answer::Flag(self.locks.is_locked(&name))),
            GuardRequest::AcquireLease { name, n_max } => self.acquire_lease(ticket, name, n_max),
            GuardRequest::RefreshLeases(numbers) => self.refresh_leases(ticket, &numbers),
            GuardRequest::ReleaseLease(number) => self.release_lease(ticket, number),
            GuardRequest::CountLeases(name) => {
                self.answer(ticket, Answer::Number(self.semaphores.n_leases(&name)));
            }
            GuardRequest::CloseSemaphore(name) => {
                for waiting in self.semaphores.close(&name) {
                    self.waiting.remove(&waiting);
                    self.refuse(waiting, Refusal::Closed(name.clone()));
                }
                self.answer(ticket, Answer::Done);
            }
            GuardRequest::Set(name) => {
                let go_on = self.flags.set(name);
                self.grant(go_on);
                self.answer(ticket, Answer::Done);
            }
            GuardRequest::Clear(name) => {
                self.flags.clear(&name);
                self.answer(ticket, Answer::Done);
            }
            GuardRequest::IsSet(name) => self.answer(ticket, Answer::Flag(self.flags.is_set(&name))),
            GuardRequest::AwaitSet(name) => match self.flags.wait(name.clone(), ticket) {
                true => self.answer(ticket, Answer::Done),
                false => {
                    self.waiting.insert(ticket, Awaited::Flag(name));
                }
            },
        }
    }

    fn ask_for_items(&mut self, ticket: Ticket, request: ItemRequest) {
        let client = ticket.0;
        match request {
            ItemRequest::OpenQueue { name, n_max } => {
                self.queues.open(client, name, n_max);
                self.answer(ticket, Answer::Done);
            }
            ItemRequest::CloseQueue(name) => {
                let remains = self.queues.close(client, &name);
                for waiting in remains.waiting {
                    self.waiting.remove(&waiting);
                    self.refuse(waiting, Refusal::Closed(name.clone()));
                }
                for item in remains.items {
                    self.release(item);
                }
                self.answer(ticket, Answer::Done);
            }
            ItemRequest::Put(name, item) => {
                self.hold(&item);
                let mut moved = Moved::default();
                self.waiting.insert(ticket, Awaited::Queue(name.clone()));
                self.queues.put(ticket, name, item, &mut moved);
                self.move_items(moved);
            }
            ItemRequest::Get { name, n_min, n_max } => {
                let mut moved = Moved::default();
                match self.queues.get(ticket, name.clone(), (n_min, n_max), &mut moved) {
                    Ok(()) => {
                        self.waiting.insert(ticket, Awaited::Queue(name));
                        self.move_items(moved);
                    }
                    Err(n_max) => self.refuse(ticket, Refusal::TooMany { n: n_min, n_max }),
                }
            }
            ItemRequest::CountItems(name) => self.answer(ticket, Answer::Number(self.queues.n_items(&name))),
            ItemRequest::SetVariable(name, item) => self.set_variable(ticket, name, item),
            ItemRequest::GetVariable(name) => match self.variables.get(name.clone(), ticket) {
                Some(item) => self.give(ticket, item),
                None => {
                    self.waiting.insert(ticket, Awaited::Variable(name));
                }
            },
            ItemRequest::DeleteVariable(name) => {
                if let Some(item) = self.variables.delete(&name) {
                    self.release(item);
                }
                self.answer(ticket, Answer::Done);
            }
            ItemRequest::Subscribe(topic) => {
                self.topics.subscribe(client, topic);
                self.answer(ticket, Answer::Done);
            }
            ItemRequest::Unsubscribe(topic) => {
                self.topics.unsubscribe(client, &topic);
                self.answer(ticket, Answer::Done);
            }
            ItemRequest::Publish(topic, item) => {
                let n = self.deliver(&topic, &item);
                self.answer(ticket, Answer::Number(n));
            }
        }
    }

    fn ask_for_records(&mut self, ticket: Ticket, request: RecordRequest) {
        match request {
            RecordRequest::Log(topic, bytes) => {
                self.topics.log(topic.clone(), self.now, bytes.clone(), self.options.n_logged_max);
                self.deliver(&topic, &Item { bytes, keys: Vec::new() });
            }
            RecordRequest::GetLog(topic) => {
                return self.answer(ticket, Answer::Log(self.topics.logged(&topic)));
            }
            RecordRequest::ListLogs => return self.answer(ticket, Answer::Names(self.topics.with_logs())),
            RecordRequest::PublishDataset { name, item, replaces } => {
                if !replaces && self.datasets.contains_key(&name) {
                    return self.refuse(ticket, Refusal::Exists(name));
                }
                self.hold(&item);
                if let Some(old) = self.datasets.insert(name, item) {
                    self.release(old);
                }
            }
            RecordRequest::UnpublishDataset(name) => match self.datasets.remove(&name) {
                Some(old) => self.release(old),
                None => return self.refuse(ticket, Refusal::Missing(name)),
            },
            RecordRequest::GetDataset(name) => match self.datasets.get(&name).cloned() {
                Some(item) => return self.give(ticket, item),
                None => return self.refuse(ticket, Refusal::Missing(name)),
            },
            RecordRequest::ListDatasets => {
                return self.answer(ticket, Answer::Names(self.datasets.keys().cloned().collect()));
            }
            RecordRequest::SetMetadata(path, bytes) => {
                if let Err(above) = self.metadata.set(path, bytes) {
                    return self.refuse(ticket, Refusal::NotAPlace(above));
                }
            }
            RecordRequest::GetMetadata(path) => {
                return self.answer(ticket, Answer::Metadata(self.metadata.get(&path)));
            }
        }
        self.answer(ticket, Answer::Done);
    }

    fn acquire(&mut self, ticket: Ticket, names: Vec<Name>, n: usize) {
        let mut names: SmallVec<[Name; 1]> = names.into_iter().collect();
        names.sort_unstable();
        names.dedup();
        if n > names.len() {
            return self.refuse(ticket, Refusal::TooMany { n, n_max: names.len() });
        }
        let mut granted = Vec::new();
        self.waiting.insert(ticket, Awaited::Locks);
        self.locks.acquire(ticket, names, n, &mut granted);
        self.grant(granted);
    }

    fn release_locks(&mut self, ticket: Ticket, number: u64) {
        let mut granted = Vec::new();
        if !self.locks.holds((ticket.0, number)) {
            return self.refuse(ticket, Refusal::NotHeld(number));
        }
        self.locks.release((ticket.0, number), &mut granted);
        self.answer(ticket, Answer::Done);
        self.grant(granted);
    }

    fn acquire_lease(&mut self, ticket: Ticket, name: Name, n_max: usize) {
        if n_max == 0 {
            return self.refuse(ticket, Refusal::TooMany { n: 1, n_max });
        }
        let (mut granted, ends) = (Vec::new(), self.lease_end());
        match self.semaphores.acquire(ticket, name.clone(), n_max, ends, &mut granted) {
            Ok(()) => {
                self.waiting.insert(ticket, Awaited::Lease);
                self.grant(granted);
            }
            Err(n_max) => self.refuse(ticket, Refusal::OtherSize { name, n_max }),
        }
    }

    fn refresh_leases(&mut self, ticket: Ticket, numbers: &[u64]) {
        let ends = self.lease_end();
        let mut ended = None;
        for &number in numbers {
            if !self.semaphores.refresh((ticket.0, number), ends) {
                ended.get_or_insert(number);
            }
        }
        match ended {
            None => self.answer(ticket, Answer::Done),
            Some(number) => self.refuse(ticket, Refusal::NotHeld(number)),
        }
    }

    fn release_lease(&mut self, ticket: Ticket, number: u64) {
        let (mut granted, ends) = (Vec::new(), self.lease_end());
        if !self.semaphores.holds((ticket.0, number)) {
            return self.refuse(ticket, Refusal::NotHeld(number));
        }
        self.semaphores.release((ticket.0, number), ends, &mut granted);
        self.answer(ticket, Answer::Done);
        self.grant(granted);
    }

    fn set_variable(&mut self, ticket: Ticket, name: Name, item: Item) {
        self.hold(&item);
        let (waiting, old) = self.variables.set(name, item.clone());
        self.answer(ticket, Answer::Done);
        for waiting in waiting {
            self.waiting.remove(&waiting);
            self.give(waiting, item.clone());
        }
        if let Some(old) = old {
            self.release(old);
        }
    }

    fn give(&mut self, ticket: Ticket, item: Item) {
        self.hand_over(ticket.0, &item);
        self.answer(ticket, Answer::Items(vec![item]));
    }

    fn move_items(&mut self, moved: Moved) {
        self.grant(moved.put);
        for (ticket, items) in moved.got {
            self.waiting.remove(&ticket);
            for item in &items {
                self.hand_over(ticket.0, item);
                self.release(item.clone());
            }
            self.answer(ticket, Answer::Items(items));
        }
    }

    fn deliver(&mut self, topic: &Name, item: &Item) -> usize {
        let subscribers = self.topics.subscribers(topic);
        for &client in &subscribers {
            self.hand_over(client, item);
            self.actions.push(CoordinationAction::Deliver(client, topic.clone(), item.clone()));
        }
        subscribers.len()
    }

    fn give_up(&mut self, ticket: Ticket) {
        if self.stop_waiting(ticket) {
            self.answer(ticket, Answer::GivenUp);
        }
    }

    /// A request does not wait any longer; whether it did.
    fn stop_waiting(&mut self, ticket: Ticket) -> bool {
        let Some(awaited) = self.waiting.remove(&ticket) else { return false };
        let (mut granted, ends) = (Vec::new(), self.lease_end());
        match awaited {
            Awaited::Locks => {
                self.locks.release(ticket, &mut granted);
            }
            Awaited::Lease => {
                self.semaphores.release(ticket, ends, &mut granted);
            }
            Awaited::Flag(name) => self.flags.give_up(&name, ticket),
            Awaited::Queue(name) => {
                let mut moved = Moved::default();
                let item = self.queues.give_up(&name, ticket, &mut moved);
                self.move_items(moved);
                if let Some(item) = item {
                    self.release(item);
                }
            }
            Awaited::Variable(name) => self.variables.give_up(&name, ticket),
        }
        self.grant(granted);
        true
    }

    fn lose_client(&mut self, client: ClientId) {
        if self.clients.remove(&client).is_none() {
            return;
        }
        // First all that it waits for, so that none of it is granted when something else of it is released.
        let waiting = self.waiting.range((client, 0)..=(client, u64::MAX));
        let waiting: Vec<Ticket> = waiting.map(|(&ticket, _)| ticket).rev().collect();
        for ticket in waiting {
            self.stop_waiting(ticket);
        }
        let (mut granted, ends) = (Vec::new(), self.lease_end());
        for ticket in self.locks.of_client(client) {
            self.locks.release(ticket, &mut granted);
        }
        for ticket in self.semaphores.of_client(client) {
            self.semaphores.release(ticket, ends, &mut granted);
        }
        self.grant(granted);
        self.queues.lose_client(client);
        self.topics.lose_client(client);
    }
}
