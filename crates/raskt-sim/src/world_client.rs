//! What clients ask for, and whether what they are told is true.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use raskt_core::{ErrorKind, Key, Name};
use raskt_graph::TaskTable;
use raskt_sched::{ClientId, Event, Failure, FromClient, Reason, TaskRef, ToClient, WorkerEvent, WorkerId};

use crate::random::mix;
use crate::scenario::{GraphSpec, Kind, RequestKind, Scenario, TaskSpec};
use crate::slices::{inputs_of, slices, subgraph_table};
use crate::world::{ALLOWED_FAILURES, Happening, World};

/// The bytes of data that clients scatter.
const DATA_BYTES: u64 = 10_000;

/// A value that a client wants.
#[derive(Debug)]
struct Want {
    n: u32,
    is_settled: bool,
    is_released: bool,
}

/// What clients want, and what is known of tasks from outside.
#[derive(Debug)]
pub(crate) struct Clients {
    wants: BTreeMap<(usize, Key), Want>,
    is_lost: Vec<bool>,
    /// Of each graph: whether its first slice was sent, and whether its last one was or none will be.
    is_begun: Vec<bool>,
    is_submitted: Vec<bool>,
    is_rejected: Vec<bool>,
    /// How often clients have tried again what failed.
    n_retried: BTreeMap<(usize, Key), u32>,
    /// Names of graphs, and of those that tasks become, and where they are in the scenario.
    names: BTreeMap<String, (usize, Option<usize>)>,
    /// Tasks that become graphs, by the names of these.
    owners: BTreeMap<String, Key>,
    /// The right value of each task, and of data.
    expected: BTreeMap<Key, u64>,
    n_bytes: BTreeMap<u64, u64>,
    /// The items of each list.
    lists: BTreeMap<u64, Vec<u64>>,
    n_raised: BTreeMap<Key, u32>,
    /// How many workers have ended while they ran a task.
    n_ended: BTreeMap<Key, u32>,
    /// Workers to which clients' data was given.
    put_at: BTreeMap<Key, Vec<WorkerId>>,
}

fn name(spec: &GraphSpec, graph: usize) -> String {
    format!("g{}", spec.same_as.unwrap_or(graph))
}

fn row_offset(spec: &GraphSpec) -> u32 {
    u32::from(spec.has_data)
}

pub(crate) fn data_key(name: &str) -> Key {
    Key::named(format!("data-{name}").as_str())
}

/// The key of a task of a graph.
pub(crate) fn task_key(spec: &GraphSpec, name: &str, task: u32) -> Key {
    Key::block(name, &[task + row_offset(spec)])
}

fn subgraph_name(graph: &str, sub: u32) -> String {
    format!("{graph}+{sub}")
}

fn content(key: &Key, inputs: &[u64]) -> u64 {
    let of_key = key.to_string().bytes().fold(17, |hash, byte| mix(hash ^ u64::from(byte)));
    inputs.iter().fold(of_key, |hash, &input| mix(hash.rotate_left(7) ^ input))
}

impl Clients {
    pub fn new(scenario: &Scenario) -> Self {
        let mut clients = Self {
            wants: BTreeMap::new(),
            is_lost: vec![false; scenario.n_clients],
            is_begun: vec![false; scenario.graphs.len()],
            is_submitted: vec![false; scenario.graphs.len()],
            is_rejected: vec![false; scenario.graphs.len()],
            n_retried: BTreeMap::new(),
            names: BTreeMap::new(),
            owners: BTreeMap::new(),
            expected: BTreeMap::new(),
            n_bytes: BTreeMap::new(),
            lists: BTreeMap::new(),
            n_raised: BTreeMap::new(),
            n_ended: BTreeMap::new(),
            put_at: BTreeMap::new(),
        };
        for (graph, spec) in scenario.graphs.iter().enumerate() {
            let name = name(spec, graph);
            clients.names.entry(name.clone()).or_insert((graph, None));
            let data = content(&data_key(&name), &[]);
            clients.n_bytes.insert(data, DATA_BYTES);
            clients.expected.insert(data_key(&name), data);
            let mut values: Vec<u64> = Vec::new();
            for (task, spec_of_task) in spec.tasks.iter().enumerate() {
                let key = task_key(spec, &name, task as u32);
                let mut inputs: Vec<u64> =
                    spec_of_task.inputs.iter().map(|&input| values[input as usize]).collect();
                if spec.has_data && inputs.is_empty() {
                    inputs.push(data);
                }
                values.push(clients.evaluate((graph, spec), spec_of_task, &key, &inputs));
                clients.expected.insert(key, values[task]);
            }
        }
        clients
    }

    /// The right value of a task, which may become a graph.
    fn evaluate(
        &mut self,
        (graph, spec): (usize, &GraphSpec),
        task: &TaskSpec,
        key: &Key,
        inputs: &[u64],
    ) -> u64 {
        let sub = match task.kind {
            Kind::Grows(sub) => sub,
            Kind::Takes(at) => return self.item(inputs[0], at).unwrap_or_default(),
            Kind::Lists | Kind::Works | Kind::Raises(_) | Kind::Kills => {
                let value = content(key, inputs);
                self.n_bytes.insert(value, task.n_bytes);
                if task.kind == Kind::Lists {
                    self.lists.insert(value, inputs.to_vec());
                }
                return value;
            }
        };
        let name = subgraph_name(&name(spec, graph), sub);
        self.names.entry(name.clone()).or_insert((graph, Some(sub as usize)));
        self.owners.insert(name.clone(), key.clone());
        let mut rows = inputs.to_vec();
        for of_row in &spec.subgraphs[sub as usize].tasks {
            let key = Key::block(name.as_str(), &[rows.len() as u32]);
            let inputs: Vec<u64> = of_row.inputs.iter().map(|&input| rows[input as usize]).collect();
            rows.push(self.evaluate((graph, spec), of_row, &key, &inputs));
        }
        rows.last().copied().unwrap_or_default()
    }

    /// The name that a key has in its table, whatever the scheduler calls it.
    fn own_name(key: &Key) -> &str {
        key.name.as_str().rsplit('/').next().unwrap_or_default()
    }

    /// The task of a key, and the graph of the scenario that it belongs to.
    pub fn task_of<'a>(&self, key: &Key, scenario: &'a Scenario) -> Option<(usize, &'a TaskSpec)> {
        let &(graph, sub) = self.names.get(Self::own_name(key))?;
        let spec = &scenario.graphs[graph];
        let (tasks, offset) = match sub {
            Some(sub) => (&spec.subgraphs[sub].tasks, spec.subgraphs[sub].n_outer),
            None => (&spec.tasks, row_offset(spec)),
        };
        Some((graph, tasks.get(key.block.first()?.checked_sub(offset)? as usize)?))
    }

    /// What a task is in the end that becomes a graph.
    pub fn last_task_of<'a>(&self, key: &Key, scenario: &'a Scenario) -> Option<(usize, &'a TaskSpec)> {
        let (graph, mut task) = self.task_of(key, scenario)?;
        while let Kind::Grows(sub) = task.kind {
            task = scenario.graphs[graph].subgraphs[sub as usize].tasks.last()?;
        }
        Some((graph, task))
    }

    /// The row of a graph that a task is, if it takes an item of a list which that graph makes.
    fn item_row(&self, key: &Key, scenario: &Scenario) -> Option<Key> {
        let (graph, task) = self.task_of(key, scenario)?;
        let spec = &scenario.graphs[graph];
        let (Kind::Takes(at), Some(&list)) = (task.kind, task.inputs.first()) else { return None };
        let Kind::Grows(sub) = spec.tasks[list as usize].kind else { return None };
        let subgraph = &spec.subgraphs[sub as usize];
        let row = *subgraph.items()?.get(at as usize)?;
        let name = subgraph_name(&name(spec, graph), sub);
        (row >= subgraph.n_outer).then(|| Key::block(name.as_str(), &[row]))
    }

    /// The key that stands for what a key means: a task that becomes a graph is the output of it, too, and one that takes an item
    /// of a list is that item.
    pub fn meant(&self, key: &Key, scenario: &Scenario) -> Key {
        if let Some(row) = self.item_row(key, scenario) {
            return self.meant(&row, scenario);
        }
        let name = Self::own_name(key);
        let owner = self.names.get(name).and_then(|&(graph, sub)| {
            let subgraph = &scenario.graphs[graph].subgraphs[sub?];
            let last = subgraph.n_outer + subgraph.tasks.len() as u32 - 1;
            (key.block.first() == Some(&last)).then(|| self.owners.get(name))?
        });
        match owner {
            Some(owner) => self.meant(owner, scenario),
            None => Key { name: Name::from(name), ..key.clone() },
        }
    }

    /// A key of the scenario, another one for another number.
    pub fn some_key(&self, number: u64) -> Option<Key> {
        let n = self.expected.len();
        self.expected.keys().nth((number % n.max(1) as u64) as usize).cloned()
    }

    /// A key of a task that a client wants, another one for another number.
    pub fn some_wanted_key(&self, client: usize, number: u64) -> Option<Key> {
        let keys = self.wants.keys().filter(|(of, key)| *of == client && !key.block.is_empty());
        let keys: Vec<&Key> = keys.map(|(_, key)| key).collect();
        keys.get((number % keys.len().max(1) as u64) as usize).map(|&key| key.clone())
    }

    /// Whether a key is another one, or needs it, directly or not.
    pub fn needs(&self, key: &Key, other: &Key, scenario: &Scenario) -> bool {
        let (mut to_visit, mut seen) = (vec![key.clone()], BTreeSet::new());
        while let Some(key) = to_visit.pop() {
            if key == *other {
                return true;
            }
            if !seen.insert(key.clone()) {
                continue;
            }
            to_visit.extend(self.planned_inputs_of(&key, scenario));
            to_visit.extend(self.siblings_of(&key, scenario));
        }
        false
    }

    /// Who takes items of the list of which a key is one: of items, some may need others.
    fn siblings_of(&self, key: &Key, scenario: &Scenario) -> Vec<Key> {
        let Some((graph, TaskSpec { kind: Kind::Takes(_), inputs, .. })) = self.task_of(key, scenario) else {
            return Vec::new();
        };
        let spec = &scenario.graphs[graph];
        let takes = |task: &&TaskSpec| matches!(task.kind, Kind::Takes(_)) && task.inputs == *inputs;
        let rows = (0..).zip(&spec.tasks).filter(|(_, task)| takes(task)).map(|(row, _)| row);
        rows.map(|row| task_key(spec, &name(spec, graph), row)).collect()
    }

    pub fn is_lost(&self, client: usize) -> bool {
        self.is_lost[client]
    }

    /// No slice of a graph will be sent any more.
    pub fn reject(&mut self, graph: usize) {
        (self.is_rejected[graph], self.is_submitted[graph]) = (true, true);
    }

    pub fn outputs_of(&self, graph: usize, scenario: &Scenario) -> Vec<Key> {
        let spec = &scenario.graphs[graph];
        spec.outputs.iter().map(|&output| task_key(spec, &name(spec, graph), output)).collect()
    }

    /// What the task of a key needs as its graph says.
    fn planned_inputs_of(&self, key: &Key, scenario: &Scenario) -> Vec<Key> {
        let Some(&(graph, None)) = self.names.get(key.name.as_str()) else { return Vec::new() };
        let spec = &scenario.graphs[graph];
        let task = key.block.first().and_then(|row| row.checked_sub(row_offset(spec)));
        task.map_or_else(Vec::new, |task| inputs_of(spec, key.name.as_str(), task as usize))
    }

    /// What the task of a key needs, where that is known from outside: not of one that may have become a graph.
    pub fn inputs_of(&self, key: &Key, scenario: &Scenario) -> Option<BTreeSet<Key>> {
        let (_, task) = self.task_of(key, scenario)?;
        let is_known =
            !key.name.as_str().contains(['/', '+']) && !matches!(task.kind, Kind::Grows(_) | Kind::Takes(_));
        is_known.then(|| self.planned_inputs_of(key, scenario).into_iter().collect())
    }

    pub fn content(&self, key: &Key, inputs: &[u64]) -> u64 {
        content(key, inputs)
    }

    pub fn n_bytes(&self, content: u64) -> u64 {
        self.n_bytes.get(&content).copied().unwrap_or(0)
    }

    /// An item of a list.
    pub fn item(&self, list: u64, at: u32) -> Option<u64> {
        self.lists.get(&list)?.get(at as usize).copied()
    }

    pub fn n_raised(&self, key: &Key) -> u32 {
        self.n_raised.get(key).copied().unwrap_or(0)
    }

    pub fn raise(&mut self, key: &Key) {
        *self.n_raised.entry(key.clone()).or_default() += 1;
    }

    pub fn end_while_running(&mut self, key: &Key) {
        *self.n_ended.entry(key.clone()).or_default() += 1;
    }

    /// A client goes; whether it was there.
    pub fn lose(&mut self, client: usize) -> bool {
        for ((of, _), want) in &mut self.wants {
            if *of == client {
                (want.is_settled, want.is_released) = (true, true);
            }
        }
        !std::mem::replace(&mut self.is_lost[client], true)
    }

    pub fn n_wants(&self) -> u64 {
        self.wants.len() as u64
    }

    pub fn is_done(&self) -> bool {
        self.is_submitted.iter().all(|&is_submitted| is_submitted)
            && self.wants.values().all(|want| want.is_settled)
    }

    /// Clients, and what they still wait for.
    pub fn open_wants(&self) -> Vec<(usize, &Key)> {
        let open = self.wants.iter().filter(|(_, want)| !want.is_settled);
        open.map(|((client, key), _)| (*client, key)).collect()
    }
}

impl World<'_> {
    /// The graph that a task of a graph becomes.
    pub fn subgraph(&self, graph: usize, sub: u32) -> Result<TaskTable, raskt_core::Error> {
        let spec = &self.scenario.graphs[graph];
        subgraph_table(spec, sub, &subgraph_name(&name(spec, graph), sub))
    }

    /// A client asks for a graph, or first for a place for the data that it needs.
    pub fn submit(&mut self, graph: usize) {
        let spec = &self.scenario.graphs[graph];
        if self.clients.is_lost[spec.client] {
            self.clients.is_submitted[graph] = true;
        } else if spec.has_data {
            let key = data_key(&name(spec, graph));
            self.want(spec.client, key.clone());
            self.say(spec.client, FromClient::Reserve(key));
        } else {
            self.submit_graph(graph);
        }
    }

    fn want(&mut self, client: usize, key: Key) {
        let fresh = || Want { n: 0, is_settled: false, is_released: false };
        let want = self.clients.wants.entry((client, key)).or_insert_with(fresh);
        want.n += 1;
        (want.is_settled, want.is_released) = (false, false);
    }

    fn submit_graph(&mut self, graph: usize) {
        if !std::mem::replace(&mut self.clients.is_begun[graph], true) {
            self.after(Duration::from_micros(300), Happening::Slice(graph, 0));
        }
    }

    /// The scheduler gets a slice of a graph, and later the next one.
    pub fn submit_slice(&mut self, graph: usize, at: usize) {
        let spec = &self.scenario.graphs[graph];
        let client = spec.client;
        if self.clients.is_lost[client] || self.clients.is_rejected[graph] {
            self.clients.is_submitted[graph] = true;
            return;
        }
        let slices = match slices(spec, &name(spec, graph), &format!("graph {graph}")) {
            Ok(slices) => slices,
            Err(error) => return self.violate(error.to_string()),
        };
        let n_slices = slices.len();
        let Some(slice) = slices.into_iter().nth(at) else { return };
        for &output in slice.table.outputs() {
            self.want(client, slice.table.key(output));
        }
        self.clients.is_submitted[graph] = at + 1 == n_slices;
        if at + 1 < n_slices {
            let delay = Duration::from_micros(self.random.between(1_000, 60_000));
            self.after(delay, Happening::Slice(graph, at + 1));
        }
        let submit = FromClient::Submit(Box::new(slice));
        self.tell_scheduler(Event::Client(ClientId(client as u32), submit));
    }

    pub fn tell_client(&mut self, client: usize, message: ToClient) {
        if self.clients.is_lost[client] {
            return;
        }
        match message {
            ToClient::Ready { key, value, holders } => {
                let Some(&holder) = holders.first() else {
                    return self.violate(format!("{key} is ready nowhere"));
                };
                let delay = self.latency();
                self.after(delay, Happening::Gather { client, key, value, holder });
            }
            ToClient::Failed(key, failure) => {
                if !self.is_true(&failure) {
                    return self.violate(format!("{key}: not true: {failure}"));
                }
                let n_retried = self.clients.n_retried.entry((client, key.clone())).or_default();
                if *n_retried < 2 && self.random.chance(300) {
                    *n_retried += 1;
                    self.report.n_retried += 1;
                    return self.say(client, FromClient::Retry(vec![key]));
                }
                self.settle(client, &key, false);
            }
            ToClient::Reserved(key, value) => {
                let of_key = |(_, spec): &(usize, &GraphSpec)| spec.has_data && spec.client == client;
                let graphs: Vec<usize> =
                    self.scenario.graphs.iter().enumerate().filter(of_key).map(|(at, _)| at).collect();
                for graph in graphs {
                    if data_key(&name(&self.scenario.graphs[graph], graph)) == key {
                        self.put_somewhere(graph, value);
                    }
                }
            }
            ToClient::Lost(_) => {}
            ToClient::Cancelled(key) => self.hear_cancelled(client, &key),
            ToClient::Unknown(key) => self.violate(format!("{key} is not known")),
            ToClient::Rejected { graph, error } => {
                match graph.as_str().rsplit(' ').next().and_then(|number| number.parse().ok()) {
                    Some(graph) => self.hear_rejected(client, graph, &error),
                    None => self.violate(format!("{graph} is rejected: {error}")),
                }
            }
        }
    }

    fn put_somewhere(&mut self, graph: usize, value: TaskRef) {
        let alive: Vec<WorkerId> =
            self.nodes.iter().filter(|(_, node)| node.is_alive).map(|(&id, _)| id).collect();
        let place = self.random.below(alive.len() as u64) as usize;
        let delay = Duration::from_millis(2);
        match alive.get(place) {
            Some(&worker) => self.after(delay, Happening::Put { graph, value, worker }),
            None => {
                self.after(Duration::from_millis(500), Happening::Put { graph, value, worker: WorkerId(0) })
            }
        }
    }

    pub fn put(&mut self, graph: usize, value: TaskRef, worker: WorkerId) {
        let spec = &self.scenario.graphs[graph];
        if self.clients.is_lost[spec.client] {
            self.clients.is_submitted[graph] = true;
            return;
        }
        let key = data_key(&name(spec, graph));
        let content = self.clients.expected.get(&key).copied().unwrap_or(0);
        match self.nodes.get_mut(&worker).filter(|node| node.is_alive && node.paused_until <= self.now) {
            Some(node) => {
                node.store.insert(value, content);
                self.clients.put_at.entry(key).or_default().push(worker);
                self.tell_node(worker, WorkerEvent::Put { value, n_bytes: DATA_BYTES });
                let client = spec.client;
                self.say(client, FromClient::Scattered { value, n_bytes: DATA_BYTES, holders: vec![worker] });
                self.submit_graph(graph);
            }
            None => self.put_somewhere(graph, value),
        }
    }

    /// A client reads a value from a worker, and compares.
    pub fn gather(&mut self, client: usize, key: &Key, value: TaskRef, holder: WorkerId) {
        if self.clients.is_lost[client] {
            return;
        }
        let want = self.clients.wants.get(&(client, key.clone()));
        if want.is_none_or(|want| want.is_settled) {
            return;
        }
        let Some(node) = self.nodes.get(&holder) else { return };
        if node.is_alive && (node.paused_until > self.now || node.isolated_until > self.now) {
            let again = Happening::Gather { client, key: key.clone(), value, holder };
            return self.after(Duration::from_millis(300), again);
        }
        match node.store.get(&value).filter(|_| node.is_alive) {
            Some(content) if self.clients.expected.get(key) == Some(content) => {
                self.settle(client, key, true)
            }
            Some(_) => self.violate(format!("{key} is wrong at worker {holder}")),
            None => self.say(client, FromClient::Missing { value, holders: vec![holder] }),
        }
    }

    fn settle(&mut self, client: usize, key: &Key, is_value: bool) {
        let is_early = self.random.chance(500);
        let Some(want) = self.clients.wants.get_mut(&(client, key.clone())) else { return };
        if want.is_settled {
            return;
        }
        want.is_settled = true;
        match is_value {
            true => self.report.n_values += 1,
            false => self.report.n_failures += 1,
        }
        // Data is released when all is over: the graph may come after it.
        if is_early && !key.block.is_empty() {
            self.release(client, key);
        }
    }

    /// A client does not wait for a key any more. What it may have asked for since is released with the rest.
    pub fn give_up(&mut self, client: usize, key: &Key) {
        if let Some(want) = self.clients.wants.get_mut(&(client, key.clone())) {
            want.is_settled = true;
        }
        self.release(client, key);
    }

    fn release(&mut self, client: usize, key: &Key) {
        let Some(want) = self.clients.wants.get_mut(&(client, key.clone())) else { return };
        if !std::mem::replace(&mut want.is_released, true) {
            let keys = vec![key.clone(); want.n as usize];
            want.n = 0;
            self.say(client, FromClient::Release(keys));
        }
    }

    pub fn release_all(&mut self) {
        let all: Vec<(usize, Key)> = self.clients.wants.keys().cloned().collect();
        for (client, key) in all {
            self.release(client, &key);
        }
    }

    /// Whether what a client is told has happened.
    fn is_true(&self, failure: &Failure) -> bool {
        let (key, reason) = (&self.clients.meant(&failure.key, self.scenario), &failure.reason);
        match reason {
            Reason::Raised { error, .. } => {
                let Some((graph, task)) = self.clients.last_task_of(key, self.scenario) else { return false };
                let raises = matches!(task.kind, Kind::Raises(_));
                let n_min = u32::from(self.scenario.graphs[graph].retries) + 1;
                raises
                    && matches!(error.kind(), ErrorKind::InvalidValue(_))
                    && self.clients.n_raised(key) >= n_min
            }
            Reason::KilledWorkers { deaths } => {
                let n_ended = self.clients.n_ended.get(key).copied().unwrap_or(0);
                deaths.len() as u32 == ALLOWED_FAILURES + 1 && n_ended > ALLOWED_FAILURES
            }
            Reason::DataLost => {
                let put_at = self.clients.put_at.get(key).map_or(&[][..], Vec::as_slice);
                let is_dead = |worker: &WorkerId| self.nodes.get(worker).is_some_and(|node| !node.is_alive);
                // Data that was moved is where only the scheduler knows.
                let may_move = self.scenario.requests.iter().any(|of| of.kind == RequestKind::Rebalance);
                put_at.iter().all(is_dead) || may_move && self.nodes.keys().any(is_dead)
            }
            Reason::NeverScattered => false,
        }
    }
}
