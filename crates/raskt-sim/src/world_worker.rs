//! What workers do in the world, and what becomes of what they say.

use std::sync::Arc;
use std::time::Duration;

use raskt_core::{Error, ErrorKind, Key};
use raskt_sched::{
    Attempt, Event, FromWorker, TaskRef, Time, ToWorker, Work, WorkerAction, WorkerEvent, WorkerId,
};

use crate::network::Flow;
use crate::node::Node;
use crate::scenario::Kind;
use crate::world::{Happening, World};

impl World<'_> {
    pub fn send_to_worker(&mut self, worker: WorkerId, message: ToWorker) {
        let latency = self.latency();
        let is_twice = self.random.chance(self.scenario.duplicates_permille);
        let now = self.now;
        let Some(node) = self.nodes.get_mut(&worker).filter(|node| node.is_alive) else { return };
        let at = now.max(node.isolated_until).after(latency).max(Time(node.last_to.0 + 2));
        node.last_to = at;
        if is_twice {
            let again = WorkerEvent::Scheduler(message.clone());
            self.at(Time(at.0 + 1), Happening::ToWorker(worker, again));
        }
        self.at(at, Happening::ToWorker(worker, WorkerEvent::Scheduler(message)));
    }

    fn send_from_worker(&mut self, worker: WorkerId, message: FromWorker) {
        let latency = self.latency();
        let is_twice = self.random.chance(self.scenario.duplicates_permille);
        let late = Duration::from_micros(self.random.below(2_000_000));
        let now = self.now;
        let Some(node) = self.nodes.get_mut(&worker) else { return };
        let at = now.max(node.isolated_until).after(latency).max(Time(node.last_from.0 + 1));
        node.last_from = at;
        let event = Event::Worker(worker, message);
        if is_twice {
            self.at(at.after(late), Happening::ToScheduler(event.clone(), Some(worker)));
        }
        self.at(at, Happening::ToScheduler(event, Some(worker)));
    }

    pub fn tell_node(&mut self, worker: WorkerId, event: WorkerEvent) {
        let Some(node) = self.nodes.get_mut(&worker).filter(|node| node.is_alive) else { return };
        if node.paused_until > self.now {
            let at = node.paused_until;
            return self.at(at, Happening::ToWorker(worker, event));
        }
        let mut actions = Vec::new();
        let ended = match &event {
            WorkerEvent::Ended { attempt, .. } | WorkerEvent::Expanded { attempt, .. } => {
                node.running.remove(attempt)
            }
            _ => None,
        };
        node.machine.handle(event, self.now, &mut actions);
        if self.report.n_steps.is_multiple_of(self.scenario.check_every) {
            node.machine.sanity_check();
        }
        for action in actions {
            self.act(worker, action);
        }
        let now = self.now;
        if let Some((key, node)) = ended.zip(self.nodes.get_mut(&worker)) {
            node.reports.retain(|&(at, _)| at >= now);
            node.reports.push((node.last_from, key));
        }
    }

    fn act(&mut self, worker: WorkerId, action: WorkerAction) {
        match action {
            WorkerAction::Tell(message) => self.send_from_worker(worker, message),
            WorkerAction::Fetch { request, from, values } => {
                let delay = self.latency();
                self.after(delay, Happening::Request { of: from, by: worker, request, values });
            }
            WorkerAction::Run { attempt, work, inputs } => self.run_task(worker, attempt, &work, &inputs),
            WorkerAction::Keep(attempt) => {
                let Some(node) = self.nodes.get_mut(&worker) else { return };
                if let Some(content) = node.made.remove(&attempt) {
                    node.store.insert(attempt.of, content);
                }
            }
            WorkerAction::Discard(attempt) => {
                if let Some(node) = self.nodes.get_mut(&worker) {
                    node.made.remove(&attempt);
                }
            }
            // It ends when it ends, on whatever thread.
            WorkerAction::Resume(_) => {}
            // Only asked for by `serve`, which reads the answer itself.
            WorkerAction::Serve { .. } => {}
            WorkerAction::Drop(values) => {
                if let Some(node) = self.nodes.get_mut(&worker) {
                    node.store.retain(|value, _| !values.contains(value));
                }
            }
            WorkerAction::Spill(value) => {
                let node = self.nodes.get(&worker);
                let content = node.and_then(|node| node.store.get(&value).copied());
                let event = match node.is_some_and(|node| node.disk_full_until > self.now) {
                    true => WorkerEvent::NotSpilled(value),
                    false => {
                        let n_bytes = content.map_or(0, |content| self.clients.n_bytes(content));
                        WorkerEvent::Spilled { value, n_bytes }
                    }
                };
                let delay = Duration::from_micros(self.random.between(100, 20_000));
                self.after(delay, Happening::ToWorker(worker, event));
            }
            WorkerAction::Restore(value) => {
                let delay = Duration::from_micros(self.random.between(100, 20_000));
                self.after(delay, Happening::ToWorker(worker, WorkerEvent::Restored(value)));
            }
            WorkerAction::Leave => self.end_node(worker, None),
        }
    }

    fn run_task(&mut self, worker: WorkerId, attempt: Attempt, work: &Work, inputs: &[TaskRef]) {
        self.report.n_tasks_run += 1;
        let key = work.table.key(work.row);
        let meant = self.clients.meant(&key, self.scenario);
        let Some((graph, spec)) = self.clients.task_of(&key, self.scenario) else { return };
        let Some(node) = self.nodes.get_mut(&worker) else { return };
        node.running.insert(attempt, meant.clone());
        let contents: Option<Vec<u64>> = inputs.iter().map(|input| node.store.get(input).copied()).collect();
        let Some(contents) = contents else {
            return self.violate(format!("{key} runs on worker {worker} without its inputs"));
        };
        let outcome = match spec.kind {
            Kind::Raises(n) if self.clients.n_raised(&meant) < n => {
                self.clients.raise(&meant);
                Err(Error::new(ErrorKind::InvalidValue(format!("{key} raises"))))
            }
            Kind::Works | Kind::Raises(_) | Kind::Lists => {
                node.made.insert(attempt, self.clients.content(&key, &contents));
                Ok(spec.n_bytes)
            }
            Kind::Takes(at) => {
                let Some(item) = self.clients.item(contents[0], at) else {
                    return self.violate(format!("{key} takes an item of what is no list"));
                };
                node.made.insert(attempt, item);
                Ok(self.clients.n_bytes(item))
            }
            Kind::Grows(sub) => {
                let subgraph = &self.scenario.graphs[graph].subgraphs[sub as usize];
                if subgraph.items().is_some() {
                    if contents.len() != subgraph.n_loaded as usize {
                        return self.violate(format!("{key} is given {} inputs", contents.len()));
                    }
                    self.report.n_lists += 1;
                }
                self.report.n_grown += 1;
                let duration = spec.duration;
                let expanded = match self.subgraph(graph, sub) {
                    Ok(table) => WorkerEvent::Expanded { attempt, table: Arc::new(table), duration },
                    Err(error) => return self.violate(error.to_string()),
                };
                return self.after(duration, Happening::ToWorker(worker, expanded));
            }
            Kind::Kills => {
                let delay = spec.duration;
                return self
                    .after(delay, Happening::ToWorker(worker, WorkerEvent::Scheduler(ToWorker::Dismiss)));
            }
        };
        let duration = spec.duration;
        if self.random.chance(60) {
            self.after(duration / 4, Happening::ToWorker(worker, WorkerEvent::Seceded(attempt)));
            if self.random.chance(500) {
                self.after(duration / 2, Happening::ToWorker(worker, WorkerEvent::Rejoining(attempt)));
            }
        }
        self.after(duration, Happening::ToWorker(worker, WorkerEvent::Ended { attempt, outcome, duration }));
    }

    /// A worker's process ends; another one of the kind joins later. The scheduler hears of it so late, or never.
    pub fn end_node(&mut self, worker: WorkerId, notice: Option<Duration>) {
        let heard = Duration::from_micros(self.random.below(3000));
        let now = self.now;
        let Some(node) = self.nodes.get_mut(&worker).filter(|node| node.is_alive) else { return };
        node.is_alive = false;
        node.heard_until = now.after(heard);
        let spec = node.spec;
        let mut running: Vec<Key> = std::mem::take(&mut node.running).into_values().collect();
        // As far as anybody else can know, these run.
        let unheard = node.reports.drain(..).filter(|&(at, _)| at > node.heard_until);
        running.extend(unheard.map(|(_, key)| key));
        for key in &running {
            self.clients.end_while_running(key);
        }
        if let Some(delay) = notice {
            let lost = Event::WorkerLost { worker, how: Arc::from("crashed"), running: Vec::new() };
            self.at(now.after(heard + delay), Happening::ToScheduler(lost, None));
        }
        let broken = self.network.break_off(|flow| flow.from == worker || flow.to == worker, now);
        self.report_broken(broken);
        let delay = Duration::from_millis(self.random.between(100, 1500));
        self.after(delay, Happening::Join(spec));
    }

    pub fn break_flows(&mut self, is_cut: impl Fn(usize, usize) -> bool) {
        let nodes = &self.nodes;
        let spec = |worker: WorkerId| nodes.get(&worker).map(|node| node.spec);
        let is_broken = |flow: &Flow| match (spec(flow.from), spec(flow.to)) {
            (Some(from), Some(to)) => is_cut(from, to),
            _ => false,
        };
        let broken = self.network.break_off(is_broken, self.now);
        self.report_broken(broken);
    }

    fn report_broken(&mut self, flows: Vec<Flow>) {
        for flow in flows {
            let event = WorkerEvent::Unreachable { request: flow.request };
            self.after(Duration::from_millis(200), Happening::ToWorker(flow.to, event));
        }
        self.expect_flow();
    }

    fn expect_flow(&mut self) {
        if let Some(at) = self.network.next_end() {
            self.at(at.max(self.now), Happening::Flow(self.network.version));
        }
    }

    fn is_cut(&self, left: &Node, right: &Node) -> bool {
        let is_between = |&(a, b, until): &(usize, usize, Time)| {
            until > self.now && ((a, b) == (left.spec, right.spec) || (b, a) == (left.spec, right.spec))
        };
        self.cuts.iter().any(is_between)
    }

    /// A request reaches a worker, which answers with what it holds.
    pub fn serve(&mut self, of: WorkerId, by: WorkerId, request: u64, values: Vec<TaskRef>) {
        let (Some(asked), Some(asker)) = (self.nodes.get(&of), self.nodes.get(&by)) else { return };
        if !asked.is_alive || self.is_cut(asked, asker) {
            let event = WorkerEvent::Unreachable { request };
            return self.after(Duration::from_millis(300), Happening::ToWorker(by, event));
        }
        if asked.paused_until > self.now {
            let at = asked.paused_until;
            return self.at(at, Happening::Request { of, by, request, values });
        }
        let Some(node) = self.nodes.get_mut(&of) else { return };
        let mut actions = Vec::new();
        node.machine.handle(WorkerEvent::Asked { asker: request, values }, self.now, &mut actions);
        let mut flow = Flow::new(of, by, request);
        for action in actions {
            match action {
                WorkerAction::Serve { held, denied, .. } => {
                    for value in held {
                        match self.nodes.get(&of).and_then(|node| node.store.get(&value)) {
                            Some(&content) => {
                                flow.values.push((value, self.clients.n_bytes(content)));
                                flow.contents.push(content);
                            }
                            None => {
                                self.violate(format!("worker {of} says that it holds {value}, and does not"))
                            }
                        }
                    }
                    flow.denied = denied;
                }
                other => self.act(of, other),
            }
        }
        self.network.start(flow, self.now);
        self.expect_flow();
    }

    pub fn end_flows(&mut self, version: u64) {
        if version != self.network.version {
            return;
        }
        for flow in self.network.finish(self.now) {
            if let Some(node) = self.nodes.get_mut(&flow.to).filter(|node| node.is_alive) {
                for (&(value, _), &content) in flow.values.iter().zip(&flow.contents) {
                    // Of the same value, whoever made it.
                    node.store.insert(value, content);
                }
                let Flow { to, request, values, denied, .. } = flow;
                let event = WorkerEvent::Arrived { request, values, denied };
                self.at(self.now, Happening::ToWorker(to, event));
            }
        }
        self.expect_flow();
    }
}
