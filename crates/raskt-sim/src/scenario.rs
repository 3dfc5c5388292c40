//! What happens in a simulation, as data: workers, graphs, faults.

use std::time::Duration;

use crate::random::Random;

/// A simulation.
#[derive(Clone, Debug, PartialEq)]
pub struct Scenario {
    /// What delays, duplicates and choices of clients are drawn from.
    pub seed: u64,
    /// The workers. One that ends is replaced by another of the kind.
    pub workers: Vec<WorkerSpec>,
    /// How many clients there are.
    pub n_clients: usize,
    /// What clients ask for.
    pub graphs: Vec<GraphSpec>,
    /// What clients ask for beside graphs.
    pub requests: Vec<RequestSpec>,
    /// What goes wrong.
    pub faults: Vec<Fault>,
    /// How many of a thousand messages come twice.
    pub duplicates_permille: u64,
    /// By what tasks are placed.
    pub policy: PolicyKind,
    /// After so many steps, every index is checked.
    pub check_every: u64,
}

/// A policy of [`raskt_sched::scheduler::policy`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "named as the policies are")]
pub enum PolicyKind {
    EarliestStart,
    DataFirst,
    LeastLoaded,
}

/// A worker.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkerSpec {
    /// How many tasks it runs at a time.
    pub n_threads: u32,
    /// Its memory.
    pub memory_bytes: u64,
    /// How many bytes a second it sends, and receives.
    pub bandwidth: u64,
    /// Its resource `R`, if any.
    pub n_resources: u64,
}

/// A graph that a client asks for.
#[derive(Clone, Debug, PartialEq)]
pub struct GraphSpec {
    /// Which client.
    pub client: usize,
    /// When.
    pub at: Duration,
    /// In how many slices it is handed over.
    pub n_slices: usize,
    /// The tasks; inputs are among those before.
    pub tasks: Vec<TaskSpec>,
    /// Tasks whose values are wanted.
    pub outputs: Vec<u32>,
    /// The user's priority.
    pub priority: i32,
    /// How often a task that raised is tried again.
    pub retries: u16,
    /// Which earlier graph it is once more, asked for by another client perhaps.
    pub same_as: Option<usize>,
    /// Whether the client scatters a value that all tasks without inputs need.
    pub has_data: bool,
    /// Graphs that tasks become.
    pub subgraphs: Vec<SubgraphSpec>,
}

/// A graph that one task becomes; its last task is its output. Where that [lists](Kind::Lists) others, who
/// [takes](Kind::Takes) one of them has it from there.
#[derive(Clone, Debug, PartialEq)]
pub struct SubgraphSpec {
    /// How many inputs the task has, which are the first rows.
    pub n_outer: u32,
    /// How many of them the task is given, if its graph lists others; the rest is only kept for the graph.
    pub n_loaded: u32,
    /// The rows behind these; inputs are rows before.
    pub tasks: Vec<TaskSpec>,
}

/// A task.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskSpec {
    /// Tasks of the graph that it needs.
    pub inputs: Vec<u32>,
    /// How long it runs.
    pub duration: Duration,
    /// The size of its value.
    pub n_bytes: u64,
    /// What it does.
    pub kind: Kind,
    /// Whether it takes one `R` of its worker.
    pub takes_resource: bool,
}

/// What a task does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// It computes a value.
    Works,
    /// It raises, so many times; then it computes a value.
    Raises(u32),
    /// Its worker ends.
    Kills,
    /// It becomes a graph: the one of this number of [`GraphSpec::subgraphs`].
    Grows(u32),
    /// It is the list of its inputs: the last task of a graph that a task becomes.
    Lists,
    /// It takes one item of the list that its only input becomes.
    Takes(u32),
}

/// A client asks for something.
#[derive(Clone, Debug, PartialEq)]
pub struct RequestSpec {
    /// When.
    pub at: Duration,
    /// Which client.
    pub client: usize,
    /// What.
    pub kind: RequestKind,
}

/// What a client asks for beside graphs; keys are any that it wants.
#[derive(Clone, Debug, PartialEq)]
pub enum RequestKind {
    /// It does not want a key, nor what needs it.
    Cancel,
    /// Nobody is to want a key, nor what needs it.
    CancelForAll,
    /// All is forgotten.
    Restart,
    /// A value should be at so many workers.
    Replicate(u32),
    /// Values move to emptier workers.
    Rebalance,
    /// A worker, by its name, is to give what it holds to others, and end.
    Retire(usize),
}

/// Something goes wrong.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// When.
    pub at: Duration,
    /// What.
    pub kind: FaultKind,
}

/// What goes wrong, with workers by their places in [`Scenario::workers`].
#[derive(Clone, Debug, PartialEq)]
pub enum FaultKind {
    /// A worker ends. Its end is noticed, or else only its silence.
    Crash {
        /// Which.
        worker: usize,
        /// Whether its end is noticed at once.
        is_noticed: bool,
    },
    /// A worker does nothing for a time.
    Pause(usize, Duration),
    /// A worker and the scheduler do not hear of each other for a time.
    Isolate(usize, Duration),
    /// Two workers do not reach each other for a time.
    Cut(usize, usize, Duration),
    /// A worker is to give what it holds to others, and end.
    Retire(usize),
    /// The disk of a worker is full for a time.
    DiskFull(usize, Duration),
    /// A client goes, and wants nothing any more.
    ClientLost(usize),
}

impl SubgraphSpec {
    /// The rows of the items, where its output is a list.
    #[must_use]
    pub fn items(&self) -> Option<&[u32]> {
        let last = self.tasks.last()?;
        (last.kind == Kind::Lists).then_some(&last.inputs[..])
    }
}

impl Scenario {
    /// Workers, graphs and faults from a seed.
    #[must_use]
    pub fn random(seed: u64, n_workers: usize) -> Self {
        let random = &mut Random::new(seed);
        let is_tight = random.chance(300);
        let mut workers: Vec<WorkerSpec> = (0..n_workers).map(|_| worker(random, is_tight)).collect();
        if let Some(first) = workers.first_mut() {
            // Somebody has what some tasks take.
            first.n_resources = 1;
        }
        let n_clients = random.between(1, 3) as usize;
        let n_graphs = random.between(1, 4);
        let mut graphs: Vec<GraphSpec> = (0..n_graphs).map(|_| graph(random, n_clients)).collect();
        if random.chance(300) && !graphs[0].has_data {
            let at = Duration::from_millis(random.below(3000));
            let client = random.below(n_clients as u64) as usize;
            graphs.push(GraphSpec { same_as: Some(0), client, at, ..graphs[0].clone() });
        }
        let n_requests = if random.chance(500) { random.between(1, 4) } else { 0 };
        let requests = (0..n_requests).map(|_| request(random, n_workers as u64, n_clients as u64)).collect();
        let n_faults = random.below(8);
        let faults = (0..n_faults).map(|_| fault(random, n_workers as u64, n_clients as u64)).collect();
        Self {
            seed,
            workers,
            n_clients,
            graphs,
            requests,
            faults,
            duplicates_permille: random.below(30),
            policy: match random.below(3) {
                0 => PolicyKind::DataFirst,
                1 => PolicyKind::LeastLoaded,
                _ => PolicyKind::EarliestStart,
            },
            check_every: 1,
        }
    }
}

/// Large ones are checked after so many steps: a check takes as long as there are tasks and workers.
const LARGE_CHECK_EVERY: u64 = 20_000;

impl Scenario {
    /// Many workers, a graph for each twenty of them, and faults for each fifty, from a seed.
    #[must_use]
    pub fn large(seed: u64, n_workers: usize) -> Self {
        let random = &mut Random::new(seed);
        let n_clients = 10;
        let mut scenario = Self::random(seed, n_workers);
        scenario.n_clients = n_clients;
        scenario.graphs = (0..n_workers / 20).map(|_| graph(random, n_clients)).collect();
        let n_workers = n_workers as u64;
        scenario.faults = (0..n_workers / 50).map(|_| fault(random, n_workers, n_clients as u64)).collect();
        let requests = (0..n_workers / 200).map(|_| request(random, n_workers, n_clients as u64));
        scenario.requests = requests.filter(|request| request.kind != RequestKind::Restart).collect();
        scenario.check_every = LARGE_CHECK_EVERY;
        scenario
    }
}

fn worker(random: &mut Random, is_tight: bool) -> WorkerSpec {
    WorkerSpec {
        n_threads: random.between(1, 4) as u32,
        memory_bytes: if is_tight { 30_000_000 } else { 4_000_000_000 },
        bandwidth: random.between(20, 200) * 1_000_000,
        n_resources: random.below(3),
    }
}

fn graph(random: &mut Random, n_clients: usize) -> GraphSpec {
    let n_tasks = random.between(1, 60) as u32;
    let reach = random.between(1, 12);
    let n_roots = random.between(1, 12);
    let mut tasks: Vec<TaskSpec> = Vec::new();
    let trouble = random.chance(300);
    for task in 0..n_tasks {
        let n_inputs = if u64::from(task) < n_roots { 0 } else { random.between(1, 4) };
        let inputs = (0..n_inputs).map(|_| task - 1 - random.below(reach.min(task.into())) as u32).collect();
        let kind = match random.below(60) {
            0 if trouble => Kind::Kills,
            1 | 2 if trouble => Kind::Raises(random.between(1, 4) as u32),
            _ => Kind::Works,
        };
        let scale = 10_u64.pow(random.below(4) as u32);
        tasks.push(TaskSpec {
            inputs,
            duration: Duration::from_micros(random.between(100, 1000) * scale),
            n_bytes: random.between(1, 10) * 10_u64.pow(random.below(7) as u32),
            kind,
            takes_resource: random.chance(50),
        });
    }
    let has_data = random.chance(200);
    let mut subgraphs = Vec::new();
    if random.chance(300) {
        for task in &mut tasks {
            if task.kind == Kind::Works && random.chance(100) {
                let n_outer = if has_data { task.inputs.len().max(1) } else { task.inputs.len() };
                task.kind = Kind::Grows(subgraph(random, n_outer as u32, 0, &mut subgraphs));
            }
        }
    }
    if random.chance(300) {
        lists(random, &mut tasks, &mut subgraphs);
    }
    let n_tasks = tasks.len() as u32;
    let mut outputs: Vec<u32> = (0..n_tasks).filter(|_| random.chance(150)).collect();
    outputs.push(n_tasks - 1);
    outputs.dedup();
    GraphSpec {
        client: random.below(n_clients as u64) as usize,
        at: Duration::from_millis(random.below(2000)),
        n_slices: if random.chance(300) { random.between(2, 6) as usize } else { 1 },
        tasks,
        outputs,
        priority: random.below(3) as i32 - 1,
        retries: random.below(4) as u16,
        same_as: None,
        has_data,
        subgraphs,
    }
}

/// Adds a task that becomes a list, tasks that take its items, and some that need these.
fn lists(random: &mut Random, tasks: &mut Vec<TaskSpec>, subgraphs: &mut Vec<SubgraphSpec>) {
    let task = |random: &mut Random, inputs: Vec<u32>, kind: Kind| TaskSpec {
        inputs,
        duration: Duration::from_micros(random.between(100, 100_000)),
        n_bytes: random.between(1, 1_000_000),
        kind,
        takes_resource: random.chance(50),
    };
    let n_before = tasks.len() as u64;
    let inputs: Vec<u32> = (0..random.between(1, 5)).map(|_| random.below(n_before) as u32).collect();
    let n_outer = inputs.len() as u32;
    let number = subgraph(random, n_outer, 1, subgraphs);
    let n_items = random.between(1, 6);
    let of = &mut subgraphs[number as usize];
    of.n_loaded = random.below(u64::from(n_outer) + 1) as u32;
    let n_rows = u64::from(n_outer) + of.tasks.len() as u64;
    // Few are inputs, and few are listed twice.
    let first = if random.chance(100) { 0 } else { u64::from(n_outer) };
    let items = (0..n_items).map(|_| random.between(first, n_rows - 1) as u32).collect();
    of.tasks.push(task(random, items, Kind::Lists));
    of.tasks.iter_mut().for_each(|row| row.takes_resource = false);
    let list = tasks.len() as u32;
    tasks.push(task(random, inputs, Kind::Grows(number)));
    for at in 0..n_items as u32 {
        if random.chance(800) {
            tasks.push(task(random, vec![list], Kind::Takes(at)));
        }
    }
    for _ in 0..random.below(4) {
        let n_after = tasks.len() as u64 - n_before;
        // Now and then the list as a whole is needed, too.
        let from = if random.chance(900) { 1.min(n_after - 1) } else { 0 };
        let input = |random: &mut Random| list + random.between(from, n_after - 1) as u32;
        let inputs = (0..random.between(1, 3)).map(|_| input(random)).collect();
        tasks.push(task(random, inputs, Kind::Works));
    }
}

/// A graph for a task of so many inputs, whose tasks may become graphs in turn; its number.
fn subgraph(random: &mut Random, n_outer: u32, depth: u32, subgraphs: &mut Vec<SubgraphSpec>) -> u32 {
    let number = subgraphs.len() as u32;
    subgraphs.push(SubgraphSpec { n_outer, n_loaded: n_outer, tasks: Vec::new() });
    let mut tasks: Vec<TaskSpec> = Vec::new();
    for at in 0..random.between(1, 8) as u32 {
        let n_inputs = random.below(4);
        let n_rows = u64::from(n_outer + at);
        let inputs: Vec<u32> =
            (0..n_inputs).filter(|_| n_rows > 0).map(|_| random.below(n_rows) as u32).collect();
        let kind = match random.below(40) {
            0 => Kind::Raises(random.between(1, 3) as u32),
            1 => Kind::Kills,
            2..=5 if depth < 2 => Kind::Grows(subgraph(random, inputs.len() as u32, depth + 1, subgraphs)),
            _ => Kind::Works,
        };
        let duration = Duration::from_micros(random.between(100, 100_000));
        let n_bytes = random.between(1, 1_000_000);
        tasks.push(TaskSpec { inputs, duration, n_bytes, kind, takes_resource: false });
    }
    subgraphs[number as usize].tasks = tasks;
    number
}

fn request(random: &mut Random, n_workers: u64, n_clients: u64) -> RequestSpec {
    let kind = match random.below(20) {
        0..=5 => RequestKind::Cancel,
        6..=8 => RequestKind::CancelForAll,
        9 => RequestKind::Restart,
        10..=13 => RequestKind::Replicate(random.between(1, 6) as u32),
        14..=17 => RequestKind::Rebalance,
        _ => RequestKind::Retire(random.below(n_workers) as usize),
    };
    let client = random.below(n_clients) as usize;
    RequestSpec { at: Duration::from_millis(random.below(4000)), client, kind }
}

fn fault(random: &mut Random, n_workers: u64, n_clients: u64) -> Fault {
    let worker = random.below(n_workers) as usize;
    let length = Duration::from_millis(random.between(10, 8000));
    let kind = match random.below(20) {
        0..=6 => FaultKind::Crash { worker, is_noticed: random.chance(700) },
        7..=9 => FaultKind::Pause(worker, length),
        10..=12 => FaultKind::Isolate(worker, length),
        13..=15 => FaultKind::Cut(worker, random.below(n_workers) as usize, length),
        16 | 17 => FaultKind::Retire(worker),
        18 => FaultKind::DiskFull(worker, length),
        _ => FaultKind::ClientLost(random.below(n_clients) as usize),
    };
    Fault { at: Duration::from_millis(random.below(4000)), kind }
}
