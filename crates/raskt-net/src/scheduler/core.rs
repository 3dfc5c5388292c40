//! The loop of the scheduler: what happened goes into the machine, what it wants done is done.

use std::collections::VecDeque;
use std::fmt::Display;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use raskt_core::{Fit, Name, Param, Result};
use raskt_sched::{
    Action, ClientId, Coordination, CoordinationEvent, Event, FromClient, Scheduler, Slices, Submission,
    ToClient, WorkerId,
};
use rustc_hash::FxHashMap;
use tokio::runtime::Handle;
use tokio::sync::mpsc::error::TryRecvError;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use tokio::time::{Instant, MissedTickBehavior, interval};

use super::activity::{Activity, Part};
use super::connections::{
    ClientLine, Line, WorkerLine, live, named_in_client_message, named_in_worker_message,
};
use super::heard::Event as Heard;
use super::host::Host;
use super::options::SchedulerOptions;
use super::planning::{is_small, slices};
use super::record::Recorder;
use crate::Clock;
use crate::transport::{Accepted, Address};
use crate::wire::{
    ClientSays, ClientWelcome, GraphRequest, Query, TellClient, TellWorker, WorkerRole, WorkerSays,
    WorkerWelcome,
};

/// What happens to the scheduler.
pub(super) enum Happening {
    WorkerJoins(Box<(Accepted, WorkerRole)>),
    ClientJoins(Box<(Accepted, Name)>),
    WorkerSaid(WorkerId, Vec<WorkerSays>),
    ClientSaid(ClientId, Vec<ClientSays>),
    WorkerGone(WorkerId, String),
    ClientGone(ClientId),
    Planned(ClientId, Name, Result<Slices>),
    /// The process of the scheduler itself asks.
    Asked(Query, std::sync::mpsc::Sender<Result<Param>>),
    /// What the process of the scheduler answered to a client, by the number of the request.
    HostAnswered(ClientId, u64, Result<Param>),
    Stop(String),
}

/// So much is taken in before what came of it goes out.
const N_AT_ONCE: usize = 64;
/// How often the machine hears that time has passed.
const TICK: Duration = Duration::from_secs(1);

/// A name that no other scheduler has: a process may have several.
fn unique_name() -> Name {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Name::new(&format!("scheduler-{}-{:x}", std::process::id(), now.as_nanos()))
}

/// What clients call themselves that are there for a dashboard.
pub(super) const WATCHER: &str = "raskt-dashboard";

/// What the loop owns.
pub(super) struct Core {
    options: SchedulerOptions,
    /// What clients know it by.
    name: Name,
    pub(super) runtime: Handle,
    pub(super) happenings: UnboundedSender<Happening>,
    pub(super) clock: Clock,
    pub(super) machine: Scheduler,
    pub(super) coordination: Coordination,
    /// The client on whose behalf values are wanted that queues, variables and datasets hold.
    pub(super) keeper: ClientId,
    actions: Vec<Action>,
    pub(super) workers: FxHashMap<WorkerId, WorkerLine>,
    clients: FxHashMap<ClientId, ClientLine>,
    dirty_workers: Vec<WorkerId>,
    dirty_clients: Vec<ClientId>,
    /// Graphs that are being handed to the machine.
    graphs: VecDeque<(ClientId, Slices)>,
    /// Why the scheduler is to end.
    pub(super) ends: Option<String>,
    pub(super) recorder: Recorder,
    /// What it does at each moment.
    pub(super) activity: Arc<Activity>,
    pub(super) host: Host,
    /// When a client last asked for anything.
    active_at: Instant,
}

impl Core {
    /// The loop of a scheduler that nobody has joined.
    ///
    /// # Errors
    /// Where the machine takes no client, which a new one does.
    pub fn new(
        options: SchedulerOptions,
        happenings: UnboundedSender<Happening>,
        runtime: Handle,
        recorder: Recorder,
        host: Host,
    ) -> Result<Self> {
        let mut machine = Scheduler::new(options.machine.clone());
        let keeper = machine.client_joins()?;
        Ok(Self {
            machine,
            coordination: Coordination::new(options.coordination.clone()),
            keeper,
            options,
            name: unique_name(),
            runtime,
            happenings,
            clock: Clock::default(),
            actions: Vec::new(),
            workers: FxHashMap::default(),
            clients: FxHashMap::default(),
            dirty_workers: Vec::new(),
            dirty_clients: Vec::new(),
            graphs: VecDeque::new(),
            ends: None,
            activity: Arc::clone(recorder.activity()),
            recorder,
            host,
            active_at: Instant::now(),
        })
    }

    /// The scheduler's life; why it ended.
    pub async fn run(mut self, mut inbox: UnboundedReceiver<Happening>) -> String {
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            if self.graphs.is_empty() {
                tokio::select! {
                    biased;
                    Some(happening) = inbox.recv() => self.take_in(happening),
                    _ = ticks.tick() => self.tick(),
                }
            } else {
                // Graphs are handed over a slice at a time, between what others say.
                tokio::select! {
                    biased;
                    _ = ticks.tick() => self.tick(),
                    () = tokio::task::yield_now() => {}
                }
            }
            for _ in 0..N_AT_ONCE {
                match inbox.try_recv() {
                    Ok(happening) => self.take_in(happening),
                    Err(TryRecvError::Empty | TryRecvError::Disconnected) => break,
                }
            }
            self.hand_over_slice();
            self.send();
            if let Some(why) = self.ends.take() {
                self.end(&why).await;
                return why;
            }
        }
    }

    fn take_in(&mut self, happening: Happening) {
        let waits = self.activity.enter(match &happening {
            Happening::WorkerSaid(..) => Part::WorkersSaid,
            Happening::ClientSaid(..) => Part::ClientsSaid,
            Happening::Asked(..) | Happening::HostAnswered(..) => Part::Questions,
            Happening::Planned(..) => Part::Graphs,
            _ => Part::ComeAndGo,
        });
        match happening {
            Happening::WorkerJoins(joining) => self.take_worker(joining.0, joining.1),
            Happening::ClientJoins(joining) => self.take_client(joining.0, &joining.1),
            Happening::WorkerSaid(worker, said) => {
                for message in said {
                    match message {
                        WorkerSays::Say(message) => {
                            let outer = self.activity.enter(Part::Records);
                            self.recorder.note(&self.machine, worker, &message);
                            self.activity.back(outer);
                            self.tell_machine(Event::Worker(worker, message));
                        }
                        WorkerSays::Retire => self.tell_machine(Event::Retire(worker)),
                        WorkerSays::Figures(figures) => {
                            if let Some(line) = self.workers.get_mut(&worker) {
                                line.figures = figures;
                            }
                        }
                    }
                }
            }
            Happening::ClientSaid(client, said) => {
                self.active_at = Instant::now();
                for message in said {
                    self.hear_client(client, message);
                }
            }
            Happening::WorkerGone(worker, how) => self.lose_worker(worker, &how),
            Happening::ClientGone(client) => self.lose_client(client),
            Happening::Planned(client, name, planned) => self.planned(client, name, planned),
            Happening::Asked(query, asker) => {
                // Who does not wait any more needs no answer.
                drop(asker.send(self.answer(query)));
            }
            Happening::HostAnswered(client, request, answer) => self.host_answered(client, request, answer),
            Happening::Stop(why) => self.ends = Some(why),
        }
        self.activity.back(waits);
    }

    fn take_worker(&mut self, accepted: Accepted, role: WorkerRole) {
        let mut actions = std::mem::take(&mut self.actions);
        let joined = self.machine.worker_joins(role.info.clone(), self.clock.now(), &mut actions);
        match joined {
            Ok(worker) => {
                let happenings = self.happenings.clone();
                let heartbeat_ms = self.options.heartbeat.as_millis().clamped();
                let line = Line::new(|link| {
                    let welcome = WorkerWelcome { worker, heartbeat_ms };
                    let said = move |said| Happening::WorkerSaid(worker, said);
                    let gone = move |why| Happening::WorkerGone(worker, why);
                    self.runtime.spawn(live(accepted, welcome, link, happenings, said, gone)).abort_handle()
                });
                let (name, n_threads) = (&role.info.name, role.info.n_threads);
                let text = format_args!("worker {name} at {} has come: {n_threads} threads", role.address);
                self.recorder.heard.note(Heard::WorkerJoined, &role.address, &text);
                self.workers.insert(worker, WorkerLine::new(role, line));
            }
            Err(error) => {
                self.runtime.spawn(async move { accepted.refuse(&error.to_string()).await });
            }
        }
        self.actions = actions;
        self.act();
    }

    fn take_client(&mut self, accepted: Accepted, name: &Name) {
        match self.machine.client_joins() {
            Ok(client) => {
                let happenings = self.happenings.clone();
                let scheduler = self.name.clone();
                let line = Line::new(|link| {
                    let welcome = ClientWelcome { client, scheduler };
                    let said = move |said| Happening::ClientSaid(client, said);
                    let gone = move |_| Happening::ClientGone(client);
                    self.runtime.spawn(live(accepted, welcome, link, happenings, said, gone)).abort_handle()
                });
                let line = ClientLine::new(line, name.as_str() == WATCHER);
                if !line.is_watcher {
                    self.note(Heard::ClientJoined, &client, &format_args!("client {client} has come"));
                }
                self.clients.insert(client, line);
                self.coordinate(CoordinationEvent::ClientJoined(client));
            }
            Err(error) => {
                self.runtime.spawn(async move { accepted.refuse(&error.to_string()).await });
            }
        }
    }

    fn hear_client(&mut self, client: ClientId, message: ClientSays) {
        let Some(line) = self.clients.get_mut(&client) else { return };
        if line.is_planning {
            return line.backlog.push_back(message);
        }
        match message {
            ClientSays::Graph(request) => self.plan(client, *request),
            ClientSays::Say(message) => {
                if matches!(message, FromClient::Restart) {
                    self.note(Heard::Restarted, &client, &"all was forgotten, as a client asked");
                }
                self.tell_machine(Event::Client(client, message));
            }
            ClientSays::Ask { request, query: Query::Host(asked) } => self.ask_host(client, request, asked),
            ClientSays::Ask { request, query } => {
                let answer = self.answer(query);
                self.tell_client(client, &TellClient::Answer { request, answer });
            }
            ClientSays::Ping => {}
            ClientSays::Coordinate { number, request } => {
                self.coordinate(CoordinationEvent::Request(client, number, request));
            }
            ClientSays::GiveUp(number) => self.coordinate(CoordinationEvent::GiveUp(client, number)),
        }
    }

    fn plan(&mut self, client: ClientId, request: GraphRequest) {
        let (n_rows_max, n_tasks_max) = (self.options.n_rows_max, self.options.n_tasks_max);
        if let Some(line) = self.clients.get_mut(&client) {
            line.is_planning = true;
        }
        let name = request.name.clone();
        if is_small(&request) {
            return self.planned(client, name, slices(request, n_rows_max, n_tasks_max));
        }
        let happenings = self.happenings.clone();
        self.runtime.spawn_blocking(move || {
            let planned = slices(request, n_rows_max, n_tasks_max);
            drop(happenings.send(Happening::Planned(client, name, planned)));
        });
    }

    fn planned(&mut self, client: ClientId, name: Name, planned: Result<Slices>) {
        match planned {
            Ok(slices) => {
                self.graphs.push_back((client, slices));
                // A graph of one slice is there at once.
                if self.graphs.len() == 1 && self.graphs[0].1.n_left() <= self.options.n_rows_max as usize {
                    self.hand_over_slice();
                }
            }
            Err(error) => {
                let text = format_args!("a graph of client {client} was refused: {error}");
                self.note(Heard::GraphRefused, &client, &text);
                self.tell_client(client, &TellClient::Say(ToClient::Rejected { graph: name, error }));
                self.hear_backlog(client);
            }
        }
    }

    /// Writes a line of the log.
    fn note(&mut self, event: Heard, subject: &dyn Display, text: &dyn Display) {
        self.recorder.heard.note(event, subject, text);
    }

    /// Hands the next slice of a graph to the machine; graphs of several clients take turns.
    fn hand_over_slice(&mut self) {
        let Some((client, slices)) = self.graphs.pop_front() else { return };
        if self.clients.contains_key(&client) {
            let outer = self.activity.enter(Part::Graphs);
            self.hand_over_slice_of(client, slices);
            self.activity.back(outer);
        }
    }

    fn hand_over_slice_of(&mut self, client: ClientId, mut slices: Slices) {
        match slices.take() {
            Some(Ok(submission)) => {
                let is_last = submission.is_last;
                self.submit(client, submission);
                match is_last {
                    true => self.hear_backlog(client),
                    false => self.graphs.push_back((client, slices)),
                }
            }
            Some(Err(error)) => {
                let graph = slices.name().clone();
                self.tell_client(client, &TellClient::Say(ToClient::Rejected { graph, error }));
                self.hear_backlog(client);
            }
            None => self.hear_backlog(client),
        }
    }

    fn submit(&mut self, client: ClientId, mut submission: Submission) {
        // Conditions may name a worker by where it is.
        for name in submission.demands.iter_mut().flat_map(|demand| &mut demand.workers) {
            if let Some(worker) = self.worker_at(name) {
                *name = worker;
            }
        }
        self.tell_machine(Event::Client(client, FromClient::Submit(Box::new(submission))));
    }

    /// The name of the worker whose address `name` is.
    fn worker_at(&self, name: &Name) -> Option<Name> {
        let address: Address = name.as_str().starts_with("tcp://").then(|| name.as_str().parse().ok())??;
        let at = |worker: &&WorkerLine| worker.role.address == address;
        self.workers.values().find(at).map(|worker| worker.role.info.name.clone())
    }

    /// Hears what a client said while its graph was being planned, up to its next graph.
    fn hear_backlog(&mut self, client: ClientId) {
        loop {
            let Some(line) = self.clients.get_mut(&client) else { return };
            line.is_planning = false;
            let Some(message) = line.backlog.pop_front() else { return };
            self.hear_client(client, message);
            if self.clients.get(&client).is_some_and(|line| line.is_planning) {
                return;
            }
        }
    }

    /// Whether a client is connected.
    pub(super) fn is_there(&self, client: ClientId) -> bool {
        self.clients.contains_key(&client)
    }

    /// How many clients are connected, but for those that only watch.
    pub(super) fn n_clients(&self) -> usize {
        self.clients.values().filter(|client| !client.is_watcher).count()
    }

    fn tick(&mut self) {
        self.tell_machine(Event::Tick);
        self.coordinate(CoordinationEvent::Tick);
        let is_idle = self.machine.counts().n_tasks == 0 && self.graphs.is_empty();
        if !is_idle {
            self.active_at = Instant::now();
        }
        if self.options.idle_timeout.is_some_and(|timeout| self.active_at.elapsed() >= timeout) {
            self.ends = Some("nobody asked for anything for the idle timeout".to_owned());
        }
    }

    /// Has the machine hear of `event`, and does what it wants done.
    pub(super) fn tell_machine(&mut self, event: Event) {
        let mut actions = std::mem::take(&mut self.actions);
        let outer = self.activity.enter(Part::of(&event));
        self.machine.handle(event, self.clock.now(), &mut actions);
        self.actions = actions;
        self.act();
        self.activity.back(outer);
    }

    fn act(&mut self) {
        let outer = self.activity.enter(Part::Writes);
        let mut actions = std::mem::take(&mut self.actions);
        for action in actions.drain(..) {
            match action {
                Action::ToWorker(worker, message) => {
                    let named = named_in_worker_message(&message);
                    let strangers =
                        self.workers.get_mut(&worker).map(|to| to.line.strangers(&mut named.into_iter()));
                    let strangers = self.addresses(strangers.unwrap_or_default());
                    if !strangers.is_empty() {
                        self.tell_worker(worker, &TellWorker::Peers(strangers));
                    }
                    self.tell_worker(worker, &TellWorker::Say(message));
                }
                Action::ToClient(client, message) => {
                    let named = named_in_client_message(&message).to_vec();
                    let strangers =
                        self.clients.get_mut(&client).map(|to| to.line.strangers(&mut named.into_iter()));
                    let strangers = self.addresses(strangers.unwrap_or_default());
                    if !strangers.is_empty() {
                        self.tell_client(client, &TellClient::Peers(strangers));
                    }
                    self.tell_client(client, &TellClient::Say(message));
                }
                Action::Close(worker) => {
                    if let Some(gone) = self.workers.remove(&worker) {
                        let (name, address) = (&gone.role.info.name, &gone.role.address);
                        let text =
                            format_args!("worker {name} at {address} is lost: it has said nothing for long");
                        self.recorder.heard.note(Heard::WorkerLost, address, &text);
                        gone.line.reading.abort();
                    }
                }
            }
        }
        self.actions = actions;
        self.activity.back(outer);
    }

    /// Where workers are. Of one that has gone nothing is said: whoever asks for what it held is told otherwise.
    fn addresses(&self, workers: Vec<WorkerId>) -> Vec<(WorkerId, Address)> {
        let address = |worker: WorkerId| Some((worker, self.workers.get(&worker)?.role.address.clone()));
        workers.into_iter().filter_map(address).collect()
    }

    fn tell_worker(&mut self, worker: WorkerId, message: &TellWorker) {
        let Some(to) = self.workers.get_mut(&worker) else { return };
        if !to.line.is_dirty {
            self.dirty_workers.push(worker);
        }
        if let Err(error) = to.line.push(message) {
            self.lose_worker(worker, &format!("a message for it has no encoding: {error}"));
        }
    }

    pub(super) fn tell_client(&mut self, client: ClientId, message: &TellClient) {
        let Some(to) = self.clients.get_mut(&client) else { return };
        if !to.line.is_dirty {
            self.dirty_clients.push(client);
        }
        if to.line.push(message).is_err() {
            self.lose_client(client);
        }
    }

    fn lose_worker(&mut self, worker: WorkerId, how: &str) {
        if let Some(gone) = self.workers.remove(&worker) {
            let (name, address) = (&gone.role.info.name, &gone.role.address);
            // One that was dismissed is not known any more, and ends its connection.
            if self.machine.worker(worker).is_some() {
                let text = format_args!("worker {name} at {address} is lost: {how}");
                self.recorder.heard.note(Heard::WorkerLost, address, &text);
            } else {
                let text = format_args!("worker {name} at {address} has ended");
                self.recorder.heard.note(Heard::WorkerLeft, address, &text);
            }
            gone.line.reading.abort();
        }
        let how = Arc::from(how);
        self.tell_machine(Event::WorkerLost { worker, how, running: Vec::new() });
    }

    fn lose_client(&mut self, client: ClientId) {
        if let Some(gone) = self.clients.remove(&client) {
            gone.line.reading.abort();
            if !gone.is_watcher {
                self.note(Heard::ClientLeft, &client, &format_args!("client {client} has gone"));
            }
        }
        // What it shared goes to others before what it wants is let go of.
        self.coordinate(CoordinationEvent::ClientLost(client));
        self.tell_machine(Event::ClientLost(client));
    }

    /// Sends what has gathered for each.
    fn send(&mut self) {
        let outer = self.activity.enter(Part::Sends);
        for worker in std::mem::take(&mut self.dirty_workers) {
            let sent = self.workers.get_mut(&worker).map_or(Ok(()), WorkerLine::flush);
            if let Err(error) = sent {
                self.lose_worker(worker, &format!("a function for it has no encoding: {error}"));
            }
        }
        for client in std::mem::take(&mut self.dirty_clients) {
            if self.clients.get_mut(&client).is_some_and(|line| line.flush().is_err()) {
                self.lose_client(client);
            }
        }
        self.activity.back(outer);
    }

    /// Tells everybody that this is the end, and gives what was said the time to arrive.
    async fn end(&mut self, why: &str) {
        let workers: Vec<WorkerId> = self.workers.keys().copied().collect();
        workers.into_iter().for_each(|worker| self.tell_worker(worker, &TellWorker::Stop));
        let clients: Vec<ClientId> = self.clients.keys().copied().collect();
        clients.into_iter().for_each(|client| self.tell_client(client, &TellClient::Stop(why.to_owned())));
        self.send();
        let lines = self.workers.values().map(|to| &to.line).chain(self.clients.values().map(|to| &to.line));
        let lines: Vec<&Line> = lines.collect();
        let until = Instant::now() + TICK;
        while lines.iter().any(|line| line.waiting_bytes() > 0) && Instant::now() < until {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        lines.iter().for_each(|line| line.reading.abort());
    }
}
