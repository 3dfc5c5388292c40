//! What users ask of a cluster.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use raskt_core::{Error, ErrorKind, Key, Name, Param, Payload, Result};
use raskt_sched::{ClientId, FromClient, TaskRef, WorkerId};
use rustc_hash::{FxHashMap, FxHashSet};
use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::task::AbortHandle;

use super::connect::{connected, listen};
use super::coordination::Coordinating;
use super::entry::{Callback, Entry, Gate, State, Watch, Why};
use super::fetch::{self, Fetched};
use super::future::Future;
use super::options::ClientOptions;
use super::peers::Peers;
use super::reply::Reply;
use super::scatter::{self, Scatter, Spread};
use crate::transport::{Address, Outbox};
use crate::wire::{Batch, ClientSays, GraphRequest, Query};

/// A client that is connected. Clones are the same client; all that it does can be done from any thread.
///
/// ```
/// use raskt_net::client::{Client, ClientOptions};
/// use raskt_net::scheduler::{SchedulerDaemon, SchedulerOptions};
/// let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
/// let scheduler = SchedulerDaemon::start(runtime.handle(), SchedulerOptions::default())?;
/// let client = Client::connect(runtime.handle(), ClientOptions::new(scheduler.addresses()[0].clone()))?;
/// assert!(client.closed().is_none());
/// client.close();
/// assert!(client.closed().is_some());
/// # Ok::<(), raskt_core::Error>(())
/// ```
#[derive(Clone)]
pub struct Client(pub(super) Arc<Shared>);

/// A client, as long as somebody else keeps it.
#[derive(Clone)]
pub struct WeakClient(Weak<Shared>);

impl WeakClient {
    /// Whether it is `client`.
    #[must_use]
    pub fn is_of(&self, client: &Client) -> bool {
        self.0.as_ptr() == Arc::as_ptr(&client.0)
    }

    /// The client, if it is there.
    #[must_use]
    pub fn upgrade(&self) -> Option<Client> {
        self.0.upgrade().map(Client)
    }
}

/// What all futures of a client know.
pub(super) struct Shared {
    pub options: ClientOptions,
    pub runtime: Handle,
    pub id: ClientId,
    pub scheduler: Name,
    pub state: Mutex<Known>,
    pub peers: Peers,
    pub coordinating: Mutex<Coordinating>,
    outbox: Mutex<Option<Outbox>>,
    /// How many messages that are no questions were sent, and how many of these the scheduler is known to have heard.
    n_said: AtomicU64,
    n_heard: AtomicU64,
    callbacks: Mutex<Option<Sender<Callback>>>,
    reading: Mutex<Option<AbortHandle>>,
    next: AtomicU64,
}

/// What is known.
#[derive(Default)]
pub(super) struct Known {
    pub entries: FxHashMap<Key, Arc<Entry>>,
    pub addresses: FxHashMap<WorkerId, Address>,
    pub answers: FxHashMap<u64, oneshot::Sender<Result<Param>>>,
    /// Keys that were cancelled here: that the scheduler says so is no news.
    pub cancelled: FxHashSet<Key>,
    /// Why the client is at its end.
    pub closed: Option<Error>,
}

/// A value that a graph is to compute.
#[derive(Debug)]
pub struct Wanted {
    /// The future.
    pub future: Future,
    /// Whether nobody here has asked for it yet: it is to be in a graph that is sent.
    pub is_new: bool,
}

fn closed_error(address: &Address) -> Error {
    ErrorKind::System { what: format!("the client of {address}"), reason: "it is closed".to_owned() }.into()
}

impl Client {
    /// Connects to a scheduler; the network is served by `runtime`.
    ///
    /// # Errors
    /// [`ErrorKind::System`]: nobody answers within [`ClientOptions::timeout`], or the scheduler refuses the client.
    pub fn connect(runtime: &Handle, options: ClientOptions) -> Result<Self> {
        let (at, work) = (options.clone(), connected(options.clone()));
        let (connection, welcome) = runtime.block_on(work)?;
        let (outbox, link) = crate::transport::Link::new();
        let (callbacks, calls) = channel::<Callback>();
        let thread = std::thread::Builder::new().name("raskt-client".into());
        let spawned = thread.spawn(move || calls.into_iter().for_each(|call| call()));
        spawned.map_err(|error| ErrorKind::System {
            what: "the thread of a client".to_owned(),
            reason: error.to_string(),
        })?;
        let shared = Arc::new(Shared {
            peers: Peers::new(at.handshake.clone(), at.peer_timeout),
            options: at,
            runtime: runtime.clone(),
            id: welcome.client,
            scheduler: welcome.scheduler,
            state: Mutex::default(),
            coordinating: Mutex::default(),
            outbox: Mutex::new(Some(outbox)),
            n_said: AtomicU64::new(0),
            n_heard: AtomicU64::new(0),
            callbacks: Mutex::new(Some(callbacks)),
            reading: Mutex::new(None),
            next: AtomicU64::new(0),
        });
        // The connection must not keep the client alive.
        runtime.spawn(link.write(connection.writer));
        let reading = runtime.spawn(listen(Arc::downgrade(&shared), connection.reader));
        *shared.reading.lock() = Some(reading.abort_handle());
        Ok(Self(shared))
    }

    /// The number that the scheduler gave it.
    #[must_use]
    pub fn id(&self) -> ClientId {
        self.0.id
    }

    /// What the scheduler is known by.
    #[must_use]
    pub fn scheduler(&self) -> &Name {
        &self.0.scheduler
    }

    /// Where the scheduler is.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.0.options.address
    }

    /// Why the client is at its end, if it is.
    #[must_use]
    pub fn closed(&self) -> Option<Error> {
        self.0.state.lock().closed.clone()
    }

    /// Whether both are the same client.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }

    /// A future of `key`, which a graph is going to compute.
    #[must_use]
    pub fn future(&self, key: &Key) -> Wanted {
        let mut known = self.0.state.lock();
        let found = known.entries.get(key).filter(|entry| {
            let progress = entry.progress.lock();
            progress.n_futures > 0 && !matches!(progress.state, State::Cancelled)
        });
        if let Some(entry) = found {
            return Wanted { future: Future::new(&self.0, entry), is_new: false };
        }
        let entry = Arc::new(Entry::new(key.clone()));
        if let Some(error) = &known.closed {
            entry.progress.lock().state = State::Failed(Why::Error(error.clone()));
        } else {
            known.entries.insert(key.clone(), Arc::clone(&entry));
        }
        Wanted { future: Future::new(&self.0, &entry), is_new: true }
    }

    /// Whether anybody here waits for the value of `key`.
    #[must_use]
    pub fn is_awaited(&self, key: &Key) -> bool {
        let entry = self.0.entry(key);
        entry.is_some_and(|entry| !entry.progress.lock().state.is_settled())
    }

    /// A future of `key`, which the scheduler knows from another client or task.
    #[must_use]
    pub fn want(&self, key: &Key) -> Future {
        let Wanted { future, is_new } = self.future(key);
        if is_new {
            future.entry.progress.lock().n_wants += 1;
            self.0.say(&ClientSays::Say(FromClient::Want(vec![key.clone()])));
        }
        future
    }

    /// Has a graph computed. Its outputs are tasks that the scheduler will know as `keys`, which differ; there are
    /// [futures](Self::future) of them. The name of the graph is made here.
    ///
    /// # Errors
    /// [`ErrorKind::NotEncodable`] and whatever encoding a user's function or its arguments raises; [`ErrorKind::System`] where
    /// the client is closed.
    pub fn compute(&self, mut request: GraphRequest, keys: &[Key]) -> Result<()> {
        request.name = Name::new(&format!("graph-{}", self.0.number()));
        let name = request.name.clone();
        let frame = Batch::of_one(&ClientSays::Graph(Box::new(request)))?;
        let mut unheld = Vec::new();
        {
            let known = self.0.state.lock();
            if let Some(error) = &known.closed {
                return Err(error.clone());
            }
            for key in keys {
                let Some(entry) = known.entries.get(key) else {
                    unheld.push(key.clone());
                    continue;
                };
                let mut progress = entry.progress.lock();
                progress.n_wants += 1;
                progress.graph = Some(name.clone());
            }
        }
        self.0.send(frame);
        if !unheld.is_empty() {
            self.0.say(&ClientSays::Say(FromClient::Release(unheld)));
        }
        Ok(())
    }

    /// Where a thread waits until `n` of `futures` are settled.
    #[must_use]
    pub fn gate(&self, futures: &[&Future], n: usize) -> Gate {
        let gate = Gate::new(n);
        for future in futures {
            if future.entry.watch(Watch::Gate(Arc::downgrade(&gate.0))).is_some() {
                gate.0.pass();
            }
        }
        gate
    }

    /// The values of `futures`, from the workers that hold them, once they are settled.
    #[must_use]
    pub fn gather(&self, futures: &[&Future]) -> Reply<Vec<Fetched>> {
        let entries = futures.iter().map(|future| Arc::clone(&future.entry)).collect();
        Reply::of(&self.0.runtime, fetch::fetch(Arc::clone(&self.0), entries))
    }

    /// Puts values onto workers. There are [futures](Self::future) of their keys.
    #[must_use]
    pub fn scatter(&self, values: Vec<Scatter>, spread: Spread) -> Reply<()> {
        Reply::of(&self.0.runtime, scatter::scatter(Arc::clone(&self.0), values, spread))
    }

    /// The answer to a question.
    #[must_use]
    pub fn ask(&self, query: Query) -> Reply<Param> {
        let shared = Arc::clone(&self.0);
        Reply::of(&self.0.runtime, async move { shared.ask(query).await })
    }

    /// Has a worker call a function outside of all tasks (see [`crate::wire::PeerSays::Call`]); the payload of what it returns.
    #[must_use]
    pub fn call(&self, worker: WorkerId, body: Payload) -> Reply<Payload> {
        let shared = Arc::clone(&self.0);
        Reply::of(&self.0.runtime, async move {
            let gone = || ErrorKind::System {
                what: format!("calling a function on worker {worker}"),
                reason: "where it is is not known".to_owned(),
            };
            let address = shared.state.lock().addresses.get(&worker).cloned().ok_or_else(gone)?;
            shared.peers.call(worker, &address, body).await
        })
    }

    /// Learns where workers are.
    pub fn know(&self, workers: impl IntoIterator<Item = (WorkerId, Address)>) {
        self.0.state.lock().addresses.extend(workers);
    }

    /// Nobody is to compute these for this client any more, nor what needs them; for no client at all where `for_all`.
    pub fn cancel(&self, futures: &[&Future], for_all: bool) {
        let keys: Vec<Key> = futures.iter().map(|future| future.key().clone()).collect();
        for future in futures {
            let was_wanted = {
                let mut progress = future.entry.progress.lock();
                std::mem::take(&mut progress.n_wants) > 0
            };
            if was_wanted && !for_all {
                self.0.state.lock().cancelled.insert(future.key().clone());
            }
            self.0.end(&future.entry, State::Cancelled);
        }
        let message = if for_all { FromClient::CancelForAll(keys) } else { FromClient::Cancel(keys) };
        self.0.say(&ClientSays::Say(message));
    }

    /// Tries again what failed.
    pub fn retry(&self, futures: &[&Future]) {
        let mut keys = Vec::new();
        for future in futures {
            let mut progress = future.entry.progress.lock();
            if matches!(progress.state, State::Failed(Why::Task(_))) {
                let before = std::mem::replace(&mut progress.state, State::Pending);
                drop(progress);
                drop(before);
                keys.push(future.key().clone());
            }
        }
        if !keys.is_empty() {
            self.0.say(&ClientSays::Say(FromClient::Retry(keys)));
        }
    }

    /// Tells the scheduler something that has no answer.
    pub fn say(&self, message: FromClient) {
        self.0.say(&ClientSays::Say(message));
    }

    /// Has `call` called on a thread of the client's, after what it was to call before.
    pub fn call_later(&self, call: impl FnOnce() + Send + 'static) {
        self.0.call_later(Box::new(call));
    }

    /// Comes when the scheduler has heard all that the client has said so far; none where it is known to have. Whoever is told of a
    /// future over another connection may ask for it after that, and not before.
    #[must_use]
    pub fn heard(&self) -> Option<Reply<()>> {
        let n_said = self.0.n_said.load(Ordering::SeqCst);
        if self.0.n_heard.load(Ordering::SeqCst) >= n_said {
            return None;
        }
        let shared = Arc::clone(&self.0);
        Some(Reply::of(&self.0.runtime, async move {
            // A question, about nothing: it is answered after what was said before it.
            shared.ask(Query::WhoHas(Vec::new())).await?;
            shared.n_heard.fetch_max(n_said, Ordering::SeqCst);
            Ok(())
        }))
    }

    /// The client, for who does not keep it.
    #[must_use]
    pub fn downgrade(&self) -> WeakClient {
        WeakClient(Arc::downgrade(&self.0))
    }

    /// Closes the connection. Values that are not there are cancelled.
    pub fn close(&self) {
        self.0.finish(closed_error(&self.0.options.address), &State::Cancelled);
    }
}

impl Shared {
    /// A number that was never given before.
    pub fn number(&self) -> u64 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    pub fn say(&self, message: &ClientSays) {
        // Nothing but graphs can be without an encoding.
        match Batch::of_one(message) {
            Ok(frame) => self.send(frame),
            Err(error) => debug_assert!(false, "{message:?}: {error}"),
        }
    }

    fn send(&self, frame: Payload) {
        self.post(frame);
        // It counts once it is on its way: whoever sees it here asks behind it.
        self.n_said.fetch_add(1, Ordering::SeqCst);
    }

    fn post(&self, frame: Payload) {
        if let Some(outbox) = &*self.outbox.lock() {
            outbox.send(frame);
        }
    }

    pub async fn ask(&self, query: Query) -> Result<Param> {
        let (sender, receiver) = oneshot::channel();
        let request = self.number();
        {
            let mut known = self.state.lock();
            if let Some(error) = &known.closed {
                return Err(error.clone());
            }
            known.answers.insert(request, sender);
        }
        self.post(Batch::of_one(&ClientSays::Ask { request, query })?);
        receiver.await.unwrap_or_else(|_| Err(closed_error(&self.options.address)))
    }

    /// What the entry of `key` is, if anybody wants it.
    pub fn entry(&self, key: &Key) -> Option<Arc<Entry>> {
        self.state.lock().entries.get(key).cloned()
    }

    pub fn call_later(&self, call: Callback) {
        let callbacks = self.callbacks.lock().clone();
        // The thread is there until the client is closed; what is settled by that is told before it ends.
        match callbacks {
            Some(callbacks) => drop(callbacks.send(call)),
            None => call(),
        }
    }

    /// A value is `state` from here on, unless it is settled.
    pub fn settle(&self, entry: &Entry, state: State) {
        if !entry.progress.lock().state.is_settled() {
            self.end(entry, state);
        }
    }

    /// A value is `state` from here on, whatever it was.
    pub fn end(&self, entry: &Entry, state: State) {
        let (watches, before) = {
            let mut progress = entry.progress.lock();
            let before = std::mem::replace(&mut progress.state, state);
            // Who waits for it is woken by its end.
            drop(progress.reservation.take());
            (std::mem::take(&mut progress.watches), before)
        };
        // Users' objects are let go of without a lock.
        drop(before);
        for watch in watches {
            match watch {
                Watch::Gate(gate) => {
                    if let Some(gate) = gate.upgrade() {
                        gate.pass();
                    }
                }
                Watch::Call(call) => self.call_later(call),
                Watch::Wake(wake) => drop(wake),
            }
        }
    }

    /// One future less.
    pub fn let_go(&self, entry: &Arc<Entry>) {
        let n_wants = {
            let mut known = self.state.lock();
            let mut progress = entry.progress.lock();
            progress.n_futures -= 1;
            if progress.n_futures > 0 {
                return;
            }
            let n_wants = std::mem::take(&mut progress.n_wants);
            drop(progress);
            if known.entries.get(&entry.key).is_some_and(|found| Arc::ptr_eq(found, entry)) {
                known.entries.remove(&entry.key);
            }
            n_wants
        };
        if n_wants > 0 {
            self.say(&ClientSays::Say(FromClient::Release(vec![entry.key.clone(); n_wants])));
        }
    }

    /// A worker does not hold a value that it should.
    pub fn misses(&self, entry: &Entry, value: TaskRef, holders: Vec<WorkerId>) {
        let is_news = {
            let mut progress = entry.progress.lock();
            let is_news = matches!(&progress.state, State::Ready { value: known, .. } if *known == value);
            if is_news {
                progress.state = State::Lost;
            }
            is_news
        };
        if is_news {
            self.say(&ClientSays::Say(FromClient::Missing { value, holders }));
        }
    }

    /// The client ends because of `error`; what was awaited becomes `state`.
    pub fn finish(&self, error: Error, state: &State) {
        let (entries, answers) = {
            let mut known = self.state.lock();
            if known.closed.is_some() {
                return;
            }
            known.closed = Some(error.clone());
            (std::mem::take(&mut known.entries), std::mem::take(&mut known.answers))
        };
        for entry in entries.values() {
            self.settle(entry, state.clone());
        }
        for answer in answers.into_values() {
            drop(answer.send(Err(error.clone())));
        }
        self.end_coordination(&error);
        drop(self.outbox.lock().take());
        drop(self.callbacks.lock().take());
        if let Some(reading) = self.reading.lock().take() {
            reading.abort();
        }
        self.peers.close();
    }
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.finish(closed_error(&self.options.address), &State::Cancelled);
    }
}
