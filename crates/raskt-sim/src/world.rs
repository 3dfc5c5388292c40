//! The world: what happens when.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use raskt_sched::scheduler::policy::{DataFirst, EarliestStart, LeastLoaded, Policy};
use raskt_sched::{
    Action, ClientId, Event, Options, Scheduler, TaskRef, Time, ToClient, Worker, WorkerEvent, WorkerId,
    WorkerInfo, WorkerOptions,
};

use crate::network::Network;
use crate::node::Node;
use crate::random::Random;
use crate::scenario::{FaultKind, PolicyKind, Scenario};
use crate::world_client::Clients;
use crate::world_request::Cancels;

/// What a simulation came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// When the last wanted value was there.
    pub makespan: Duration,
    /// How many tasks were run, some more than once.
    pub n_tasks_run: u64,
    /// How many bytes went from one worker to another.
    pub sent_bytes: u64,
    /// How many events there were.
    pub n_steps: u64,
    /// How many wanted values came.
    pub n_values: u64,
    /// How many failed, for a reason that is true.
    pub n_failures: u64,
    /// How often a task became a graph.
    pub n_grown: u64,
    /// How many of these were lists.
    pub n_lists: u64,
    /// How often a client heard that it does not get what it wanted, since it was cancelled.
    pub n_cancelled: u64,
    /// How often a client tried again what failed.
    pub n_retried: u64,
}

/// What should not be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation(pub String);

impl std::fmt::Display for Violation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Violation {}

#[derive(Debug)]
pub(crate) enum Happening {
    ToScheduler(Event, Option<WorkerId>),
    ToWorker(WorkerId, WorkerEvent),
    ToClient(usize, ToClient),
    /// A worker's request reaches another one.
    Request {
        of: WorkerId,
        by: WorkerId,
        request: u64,
        values: Vec<TaskRef>,
    },
    /// A transfer may have ended.
    Flow(u64),
    SchedulerTick,
    WorkerTick(WorkerId),
    Join(usize),
    Submit(usize),
    /// A slice of a graph: which graph, which slice.
    Slice(usize, usize),
    /// What a client asks for beside graphs.
    Asks(usize),
    /// A client reads a value.
    Gather {
        client: usize,
        key: raskt_core::Key,
        value: TaskRef,
        holder: WorkerId,
    },
    /// A client's value reaches a worker.
    Put {
        graph: usize,
        value: TaskRef,
        worker: WorkerId,
    },
    Fault(usize),
}

/// So many events are too many for any scenario, for each of its workers.
const WORKER_STEPS_MAX: u64 = 20_000;
/// All is over by then, for the longest of scenarios, unless something waits for nothing.
const TIME_MAX: Duration = Duration::from_secs(3600);
const WORKER_TIMEOUT: Duration = Duration::from_secs(5);
pub(crate) const ALLOWED_FAILURES: u32 = 2;

#[derive(Debug)]
pub(crate) struct World<'a> {
    pub scenario: &'a Scenario,
    pub random: Random,
    /// Which keys are asked for; of its own, so that questions change nothing.
    pub questions: Random,
    pub now: Time,
    pub scheduler: Scheduler,
    pub nodes: BTreeMap<WorkerId, Node>,
    pub clients: Clients,
    pub cancels: Cancels,
    pub network: Network,
    /// Pairs that do not reach each other, and until when.
    pub cuts: Vec<(usize, usize, Time)>,
    pub report: Report,
    pub violation: Option<String>,
    /// The scheduler was told something since its indices were checked.
    is_scheduler_told: bool,
    agenda: BTreeMap<(Time, u64), Happening>,
    n_happenings: u64,
    actions: Vec<Action>,
}

/// Plays a scenario to its end.
///
/// # Errors
/// What should not be, where something is.
pub fn run(scenario: &Scenario) -> Result<Report, Violation> {
    let played = catch_unwind(AssertUnwindSafe(|| World::new(scenario).play()));
    played.unwrap_or_else(|panic| {
        let words = panic.downcast_ref::<String>().cloned();
        let words = words.or_else(|| panic.downcast_ref::<&str>().map(|&words| words.to_owned()));
        Err(Violation(words.unwrap_or_else(|| "a panic".to_owned())))
    })
}

impl<'a> World<'a> {
    fn new(scenario: &'a Scenario) -> Self {
        let policy: Box<dyn Policy> = match scenario.policy {
            PolicyKind::EarliestStart => Box::new(EarliestStart),
            PolicyKind::DataFirst => Box::new(DataFirst),
            PolicyKind::LeastLoaded => Box::new(LeastLoaded),
        };
        let options = Options {
            allowed_failures: ALLOWED_FAILURES,
            worker_timeout: WORKER_TIMEOUT,
            // Of some scenarios so few that there is always some work left.
            unneeded_max: if scenario.seed.is_multiple_of(4) { 3 } else { 20_000 },
            ..Options::default()
        };
        let mut world = Self {
            scenario,
            random: Random::new(scenario.seed ^ 0x5EED),
            questions: Random::new(scenario.seed ^ 0xA5C),
            now: Time(0),
            scheduler: Scheduler::with_policy(options, policy),
            nodes: BTreeMap::new(),
            clients: Clients::new(scenario),
            cancels: Cancels::default(),
            network: Network::default(),
            cuts: Vec::new(),
            report: Report::default(),
            violation: None,
            is_scheduler_told: false,
            agenda: BTreeMap::new(),
            n_happenings: 0,
            actions: Vec::new(),
        };
        for spec in 0..scenario.workers.len() {
            let delay = Duration::from_micros(world.random.below(100_000));
            world.after(delay, Happening::Join(spec));
        }
        for _ in 0..scenario.n_clients {
            // Fewer than 2³².
            let _ = world.scheduler.client_joins();
        }
        for (graph, spec) in scenario.graphs.iter().enumerate() {
            world.after(spec.at, Happening::Submit(graph));
        }
        for (request, spec) in scenario.requests.iter().enumerate() {
            world.after(spec.at, Happening::Asks(request));
        }
        for (fault, spec) in scenario.faults.iter().enumerate() {
            world.after(spec.at, Happening::Fault(fault));
        }
        world.after(Duration::from_secs(1), Happening::SchedulerTick);
        world
    }

    fn play(mut self) -> Result<Report, Violation> {
        let mut quiet_since = None;
        let n_steps_max = WORKER_STEPS_MAX * self.scenario.workers.len() as u64;
        while let Some(((now, _), happening)) = self.agenda.pop_first() {
            self.now = now;
            self.report.n_steps += 1;
            self.happen(happening);
            if self.report.n_steps.is_multiple_of(self.scenario.check_every)
                && std::mem::take(&mut self.is_scheduler_told)
            {
                self.scheduler.sanity_check();
            }
            if self.scenario.check_every == 1 && self.questions.chance(50) {
                self.check_answers();
            }
            if let Some(violation) = self.violation.take() {
                return Err(Violation(format!("at {now}: {violation}")));
            }
            let is_time_to_look = self.report.n_steps.is_multiple_of(self.clients.n_wants() / 64 + 1);
            if quiet_since.is_none() && is_time_to_look && self.clients.is_done() {
                self.report.makespan = Duration::from_nanos(now.0);
                self.release_all();
                quiet_since = Some(now);
            }
            // Late messages, timeouts and returns of those that were cut off have passed by then.
            if quiet_since.is_some_and(|since| now.since(since) > Duration::from_secs(30)) {
                return self.check_end();
            }
            if self.report.n_steps > n_steps_max || now > Time(0).after(TIME_MAX) {
                let open = self.clients.open_wants();
                let told = open.iter().map(|(client, key)| {
                    format!("client {client} waits for {key}: {}", self.scheduler.explain(key))
                });
                return Err(Violation(format!("at {now}: no end: {}", told.collect::<Vec<_>>().join("\n"))));
            }
        }
        Err(Violation("nothing happens any more".to_owned()))
    }

    /// Nothing is left when nobody wants anything.
    fn check_end(mut self) -> Result<Report, Violation> {
        let counts = self.scheduler.counts();
        if counts.n_tasks > 0 {
            return Err(Violation(format!("{} tasks are left at the end", counts.n_tasks)));
        }
        for (id, node) in self.nodes.iter().filter(|(_, node)| node.is_alive) {
            if node.machine.n_held() > 0 || !node.store.is_empty() || !node.made.is_empty() {
                return Err(Violation(format!("worker {id} holds {:?} at the end", node.store.keys())));
            }
        }
        self.report.sent_bytes = self.network.sent_bytes;
        Ok(self.report)
    }

    pub fn at(&mut self, time: Time, happening: Happening) {
        self.n_happenings += 1;
        self.agenda.insert((time, self.n_happenings), happening);
    }

    pub fn after(&mut self, delay: Duration, happening: Happening) {
        self.at(self.now.after(delay), happening);
    }

    pub fn latency(&mut self) -> Duration {
        Duration::from_micros(if self.random.chance(20) { 20_000 } else { 200 + self.random.below(800) })
    }

    pub fn violate(&mut self, what: String) {
        self.violation.get_or_insert(what);
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::ToScheduler(event, from) => {
                let now = self.now;
                let is_lost =
                    |from: WorkerId| self.nodes.get(&from).is_some_and(|node| now > node.heard_until);
                if !from.is_some_and(is_lost) {
                    self.tell_scheduler(event);
                }
            }
            Happening::ToWorker(worker, event) => self.tell_node(worker, event),
            Happening::ToClient(client, message) => self.tell_client(client, message),
            Happening::Request { of, by, request, values } => self.serve(of, by, request, values),
            Happening::Flow(version) => self.end_flows(version),
            Happening::SchedulerTick => {
                self.tell_scheduler(Event::Tick);
                self.after(Duration::from_secs(1), Happening::SchedulerTick);
            }
            Happening::WorkerTick(worker) => {
                if self.nodes.get(&worker).is_some_and(|node| node.is_alive) {
                    self.tell_node(worker, WorkerEvent::Tick);
                    self.after(Duration::from_millis(500), Happening::WorkerTick(worker));
                }
            }
            Happening::Join(spec) => self.join(spec),
            Happening::Submit(graph) => self.submit(graph),
            Happening::Slice(graph, at) => self.submit_slice(graph, at),
            Happening::Asks(request) => self.request(request),
            Happening::Gather { client, key, value, holder } => self.gather(client, &key, value, holder),
            Happening::Put { graph, value, worker } => self.put(graph, value, worker),
            Happening::Fault(fault) => self.go_wrong(fault),
        }
    }

    pub fn tell_scheduler(&mut self, event: Event) {
        let mut actions = std::mem::take(&mut self.actions);
        self.is_scheduler_told = true;
        self.scheduler.handle(event, self.now, &mut actions);
        self.perform(&mut actions);
        self.actions = actions;
    }

    fn perform(&mut self, actions: &mut Vec<Action>) {
        for action in actions.drain(..) {
            match action {
                Action::ToWorker(worker, message) => self.send_to_worker(worker, message),
                Action::ToClient(client, message) => {
                    let delay = Duration::from_micros(300);
                    self.after(delay, Happening::ToClient(client.0 as usize, message));
                }
                Action::Close(worker) => self.end_node(worker, None),
            }
        }
    }

    fn join(&mut self, spec: usize) {
        let of = &self.scenario.workers[spec];
        let info = WorkerInfo {
            name: format!("w{spec}-{}", self.nodes.len()).as_str().into(),
            host: format!("host{}", spec / 4).as_str().into(),
            n_threads: of.n_threads,
            resources: vec![("R".into(), of.n_resources)],
        };
        let mut actions = std::mem::take(&mut self.actions);
        self.is_scheduler_told = true;
        match self.scheduler.worker_joins(info.clone(), self.now, &mut actions) {
            Ok(id) => {
                let options = WorkerOptions { memory_bytes: of.memory_bytes, ..WorkerOptions::default() };
                self.nodes.insert(id, Node::new(Worker::new(&info, options), spec, self.now));
                self.network.add_worker(id, of.bandwidth);
                self.after(Duration::from_millis(500), Happening::WorkerTick(id));
            }
            Err(error) => self.violate(error.to_string()),
        }
        self.perform(&mut actions);
        self.actions = actions;
    }

    /// The worker of a place in the scenario that is there just now.
    pub fn present(&self, spec: usize) -> Option<WorkerId> {
        let mut there = self.nodes.iter().filter(|(_, node)| node.is_alive && node.spec == spec);
        there.next().map(|(&id, _)| id)
    }

    fn go_wrong(&mut self, fault: usize) {
        let until = |length: Duration| self.now.after(length);
        match self.scenario.faults[fault].kind {
            FaultKind::Crash { worker, is_noticed } => {
                if let Some(id) = self.present(worker) {
                    let delay = Duration::from_millis(self.random.below(300));
                    self.end_node(id, is_noticed.then_some(delay));
                }
            }
            FaultKind::Pause(worker, length) => {
                let until = until(length);
                if let Some(node) = self.present(worker).and_then(|id| self.nodes.get_mut(&id)) {
                    node.paused_until = node.paused_until.max(until);
                }
            }
            FaultKind::Isolate(worker, length) => {
                let until = until(length);
                if let Some(node) = self.present(worker).and_then(|id| self.nodes.get_mut(&id)) {
                    node.isolated_until = node.isolated_until.max(until);
                }
            }
            FaultKind::Cut(left, right, length) => {
                let until = until(length);
                self.cuts.push((left, right, until));
                self.break_flows(|left_spec, right_spec| {
                    (left_spec, right_spec) == (left, right) || (right_spec, left_spec) == (left, right)
                });
            }
            FaultKind::Retire(worker) => {
                if let Some(id) = self.present(worker) {
                    self.tell_scheduler(Event::Retire(id));
                }
            }
            FaultKind::DiskFull(worker, length) => {
                let until = until(length);
                if let Some(node) = self.present(worker).and_then(|id| self.nodes.get_mut(&id)) {
                    node.disk_full_until = node.disk_full_until.max(until);
                }
            }
            FaultKind::ClientLost(client) => {
                if self.clients.lose(client) {
                    self.tell_scheduler(Event::ClientLost(ClientId(client as u32)));
                }
            }
        }
    }
}
