//! The scheduler itself: what it knows, and the order of work within one event.

use std::collections::BTreeMap;
use std::sync::Arc;

use raskt_core::{Arena, DenseId, Error, Name, Result};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::event::{Action, Event};
use super::families::Families;
use super::placing::HOLDERS_MAX;
use super::policy::{EarliestStart, Policy};
use super::queue::FairQueue;
use super::restrictions::Restrictions;
use super::task::State;
use super::tasks::Tasks;
use super::transfers::Transfer;
use super::workers::Workers;
use crate::failure::Failure;
use crate::ids::{ClientId, TaskId, TaskRef, WorkerId};
use crate::links::Links;
use crate::messages::{InputAt, ToClient, ToWorker, WorkerInfo};
use crate::options::Options;
use crate::time::Time;

/// What is known of a client.
#[derive(Debug, Default)]
pub(crate) struct Client {
    /// What its tasks have taken of workers, in microseconds; clients that came late begin with what others have had.
    pub served_us: u64,
    pub n_queued: u32,
}

/// What is held for slices of a graph that are still to come.
#[derive(Debug, Default)]
pub(crate) struct Held {
    /// Values.
    pub values: Vec<TaskRef>,
    /// Tasks that are lists, or become such: they are known, so that later slices find the items. A list itself is nobody's need:
    /// it would bring all items to one worker.
    pub lists: Vec<TaskRef>,
}

/// The scheduler of a cluster: a state machine.
///
/// Every wanted value comes, or the client is told why not, as long as there are workers. Tasks run more than once where
/// workers are lost; their values are the same each time, or at least equally good.
#[derive(Debug)]
pub struct Scheduler {
    pub(super) options: Options,
    pub(super) policy: Box<dyn Policy>,
    pub(super) now: Time,
    pub(super) tasks: Tasks,
    pub(super) families: Families,
    pub(super) workers: Workers,
    pub(super) restrictions: Restrictions,
    pub(super) clients: Arena<ClientId, Option<Client>>,
    /// What each client wants, and how many times.
    pub(super) wants: Links<ClientId, TaskId>,
    /// Which workers hold a value.
    pub(super) holders: Links<TaskId, WorkerId>,
    /// Which workers were asked to get a copy of a value.
    pub(super) incoming: Links<TaskId, WorkerId>,
    /// Values on their way to workers, for tasks that were sent there and have not begun.
    pub(super) transfers: FxHashMap<(TaskId, WorkerId), Transfer>,
    /// What slices of graphs that are still to come need.
    pub(super) held: BTreeMap<(ClientId, Name), Held>,
    /// How many such graphs name each list.
    pub(super) n_named: FxHashMap<TaskId, u32>,
    /// Tasks that could run, whichever worker has room.
    pub(super) anywhere: FairQueue,
    /// What the client that was served last had got before.
    pub(super) served_us: u64,
    pub(super) n_submissions: u32,
    /// How many tasks have become graphs, or should have.
    pub(super) n_growths: u64,
    /// Bytes a second from one worker to another, as measured.
    pub(super) bandwidth: f64,
    // What is to be done before the event is over.
    /// Tasks that may not be needed any more.
    pub(super) unneeded: Vec<TaskId>,
    /// Tasks whose inputs are there.
    pub(super) ready: Vec<TaskId>,
    /// Workers that may have room.
    pub(super) hungry: Vec<WorkerId>,
    /// Values that workers need not hold any more.
    pub(super) to_free: Vec<(WorkerId, TaskRef)>,
    pub(super) no_resources: Arc<[(Name, u64)]>,
    pub(super) actions: Vec<Action>,
}

/// How much a scheduler has of what.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Tasks that it knows, with those that are kept only in case that values are lost.
    pub n_tasks: usize,
    /// Workers that are there.
    pub n_workers: usize,
    /// Memory of what grows with the number of tasks, in bytes.
    pub n_bytes: usize,
}

impl Scheduler {
    /// A scheduler without workers that starts tasks as early as it can.
    #[must_use]
    pub fn new(options: Options) -> Self {
        Self::with_policy(options, Box::new(EarliestStart))
    }

    /// A scheduler without workers that places tasks by `policy`.
    #[must_use]
    pub fn with_policy(options: Options, policy: Box<dyn Policy>) -> Self {
        Self {
            policy,
            now: Time::default(),
            tasks: Tasks::new(),
            families: Families::new(options.duration_default),
            workers: Workers::new(),
            restrictions: Restrictions::new(),
            clients: Arena::new(),
            wants: Links::new(),
            holders: Links::new(),
            incoming: Links::new(),
            transfers: FxHashMap::default(),
            held: BTreeMap::new(),
            n_named: FxHashMap::default(),
            anywhere: FairQueue::default(),
            served_us: 0,
            n_submissions: 0,
            n_growths: 0,
            bandwidth: options.bandwidth_default as f64,
            unneeded: Vec::new(),
            ready: Vec::new(),
            hungry: Vec::new(),
            to_free: Vec::new(),
            no_resources: Arc::from([]),
            actions: Vec::new(),
            options,
        }
    }

    /// A client has connected.
    ///
    /// # Errors
    /// [`raskt_core::ErrorKind::InvalidValue`] after 2³² of them.
    pub fn client_joins(&mut self) -> Result<ClientId> {
        self.clients.push(Some(Client { served_us: self.served_us, n_queued: 0 }))
    }

    /// A worker has connected, and holds nothing; what it is to do is appended to `actions`.
    ///
    /// # Errors
    /// [`raskt_core::ErrorKind::InvalidValue`] after 2³² of them.
    pub fn worker_joins(
        &mut self,
        info: WorkerInfo,
        now: Time,
        actions: &mut Vec<Action>,
    ) -> Result<WorkerId> {
        self.now = now;
        let worker = self.join(info)?;
        self.finish_event(actions);
        Ok(worker)
    }

    /// Handles an event; what is to be done is appended to `actions`, in order. Events of workers and clients that are
    /// not there any more change nothing.
    pub fn handle(&mut self, event: Event, now: Time, actions: &mut Vec<Action>) {
        self.now = now;
        match event {
            Event::Worker(worker, message) => self.hear_worker(worker, message),
            Event::Client(client, message) if self.has_client(client) => self.hear_client(client, message),
            Event::Client(..) => {}
            Event::WorkerLost { worker, how, running } => self.lose_worker(worker, &how, &running),
            Event::ClientLost(client) => self.lose_client(client),
            Event::Retire(worker) => self.retire(worker),
            Event::Tick => self.tick(),
        }
        self.finish_event(actions);
    }

    /// How much there is of what.
    #[must_use]
    pub fn counts(&self) -> Counts {
        Counts {
            n_tasks: self.tasks.len(),
            n_workers: self.workers.len(),
            n_bytes: self.tasks.n_bytes() + self.wants.n_bytes() + self.holders.n_bytes(),
        }
    }

    /// First what nobody needs goes, so that a worker hears of it before it may get the same task again; then what is ready
    /// finds its place, and workers that have room get what waits.
    fn finish_event(&mut self, actions: &mut Vec<Action>) {
        self.settle();
        self.tell_frees();
        self.place_ready();
        self.feed_hungry();
        self.tasks.reuse();
        actions.append(&mut self.actions);
    }

    fn tell_frees(&mut self) {
        self.to_free.sort_by_key(|&(worker, _)| worker);
        for of_worker in std::mem::take(&mut self.to_free).chunk_by(|left, right| left.0 == right.0) {
            let worker = of_worker[0].0;
            if self.workers.get(worker).is_some() {
                let values = of_worker.iter().map(|&(_, value)| value).collect();
                self.actions.push(Action::ToWorker(worker, ToWorker::Free(values)));
            }
        }
    }

    pub(super) fn has_client(&self, client: ClientId) -> bool {
        self.clients.get(client).is_some_and(Option::is_some)
    }

    pub(super) fn tell_worker(&mut self, worker: WorkerId, message: ToWorker) {
        if self.workers.get(worker).is_some() {
            self.actions.push(Action::ToWorker(worker, message));
        }
    }

    pub(super) fn tell_client(&mut self, client: ClientId, message: ToClient) {
        if self.has_client(client) {
            self.actions.push(Action::ToClient(client, message));
        }
    }

    /// Whether a client, a graph that is still to come, or an active task needs the value.
    pub(super) fn is_needed(&self, task: TaskId) -> bool {
        self.tasks[task].n_uses > 0 || self.wants.n_of_right(task) > 0
    }

    /// Tells every client that wants the task how it is.
    pub(super) fn announce(&mut self, task: TaskId) {
        let clients: Vec<ClientId> = self.wants.of_right(task).map(|(_, client)| client).collect();
        for client in clients {
            self.announce_to(client, task);
        }
    }

    /// Tells a client how a task is that is in memory or has failed; of others there is nothing to say.
    pub(super) fn announce_to(&mut self, client: ClientId, task: TaskId) {
        match self.tasks[task].state {
            State::InMemory => {
                let InputAt { value, holders, .. } = self.located(task, None);
                let holders = holders.to_vec();
                self.tell_client(client, ToClient::Ready { key: self.tasks.key(task), value, holders });
            }
            State::Failed => {
                if let Some(failure) = self.tasks.failures.get(&task) {
                    let failure: Arc<Failure> = Arc::clone(failure);
                    self.tell_client(client, ToClient::Failed(self.tasks.key(task), failure));
                }
            }
            State::Vacant
            | State::Released
            | State::Reserved
            | State::Waiting { .. }
            | State::Queued(_)
            | State::Assigned { .. } => {}
        }
    }

    /// Where a value is: at `at`, if it is there, and otherwise at some workers, those that send least before others.
    pub(super) fn located(&self, task: TaskId, at: Option<WorkerId>) -> InputAt {
        let n = self.holders.n_of_left(task);
        let of_task = || self.holders.of_left(task).map(|(_, worker)| worker);
        let holders = match at.filter(|&at| of_task().any(|worker| worker == at)) {
            Some(at) => [at].into_iter().collect(),
            None => {
                let begin = task.index() % n.max(1);
                let some = of_task().skip(begin).chain(of_task().take(begin)).take(HOLDERS_MAX);
                let mut some: SmallVec<[WorkerId; HOLDERS_MAX]> = some.collect();
                some.sort_by_key(|&worker| self.workers.get(worker).map_or(0, |worker| worker.sending_bytes));
                some.into_iter().take(4).collect()
            }
        };
        InputAt { value: self.tasks.reference(task), n_bytes: self.tasks[task].n_bytes, holders }
    }

    pub(super) fn reject(&mut self, client: ClientId, graph: Name, error: Error) {
        self.tell_client(client, ToClient::Rejected { graph, error });
    }
}
