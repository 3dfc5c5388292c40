//! A client of a cluster.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use raskt_core::{ErrorKind, Fit, Key, Name, Param, Result, Value};
use raskt_exec::BodyRegistry;
use raskt_graph::layer::{Layer, Raw};
use raskt_graph::{Graph as Message, TaskTable};
use raskt_net::client::{Client as Net, ClientOptions as NetOptions};
use raskt_net::transport::Token;
use raskt_net::wire::{GraphRequest, Query};
use raskt_sched::{Demand, RESOURCE_UNIT};

use super::runtime::runtime;
use super::security::Security;
use super::submitted::{Outputs, Submitted, answer, values};
use crate::executor::{Engine, bodies, sealed};
use crate::graph::Graph;
use crate::registered;
use crate::wanted::Wanted;

/// How often it is looked whether workers have come.
const LOOK_INTERVAL: Duration = Duration::from_millis(20);
/// What the only layer of a message is called.
const LAYER: &str = "rust";

/// How a client is to be.
#[derive(Clone, Debug)]
pub struct ClientOptions {
    /// What the client calls itself.
    pub name: String,
    /// Who may speak to the cluster.
    pub security: Security,
    /// How long connecting to the scheduler is tried.
    pub timeout: Duration,
}

impl Default for ClientOptions {
    fn default() -> Self {
        Self { name: "rust".to_owned(), security: Security::default(), timeout: Duration::from_secs(30) }
    }
}

/// On which terms a graph is computed.
#[derive(Clone, Debug, Default)]
pub struct Terms {
    /// Higher goes first.
    pub priority: i32,
    /// How often a failed task is tried again.
    pub retries: u16,
    /// Names of workers, or of their hosts, that are to run it; empty for any.
    pub workers: Vec<String>,
    /// Whether others will do where none of those is there.
    pub allow_other_workers: bool,
    /// What each task takes while it runs of what workers [have](super::WorkerOptions::resources).
    pub resources: Vec<(String, u32)>,
}

impl Terms {
    fn demand(&self) -> Demand {
        Demand {
            workers: self.workers.iter().map(|name| Name::new(name)).collect(),
            allow_other_workers: self.allow_other_workers,
            resources: self
                .resources
                .iter()
                .map(|(name, n)| (Name::new(name), u64::from(*n) * RESOURCE_UNIT))
                .collect(),
        }
    }
}

/// A worker, as the scheduler knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerInfo {
    /// Its name.
    pub name: String,
    /// Where it is.
    pub address: String,
    /// How many tasks it runs at a time.
    pub n_threads: usize,
}

/// A connection to a cluster, which computes graphs there. Threads may share it.
///
/// The [module](super) has an example.
pub struct Client {
    net: Net,
    bodies: Arc<BodyRegistry>,
    /// What begins the keys of its tasks: no other client's do so.
    prefix: String,
    n_graphs: AtomicU64,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Client({})", self.net.address())
    }
}

impl Client {
    /// Connects to the scheduler at `address`.
    ///
    /// # Errors
    /// [`ErrorKind::System`] where nobody answers there, or refuses the client; [`ErrorKind::InvalidValue`] for what is no
    /// address; [`ErrorKind::KeyClash`] where two registered functions have one name.
    pub fn connect(address: &str, options: ClientOptions) -> Result<Self> {
        registered::check()?;
        let net = NetOptions {
            name: Name::new(&options.name),
            handshake: options.security.handshake(options.timeout)?,
            timeout: options.timeout,
            ..NetOptions::new(address.parse()?)
        };
        let prefix = format!("task-{}", Token::random()?.as_str());
        Ok(Self {
            net: Net::connect(runtime()?, net)?,
            bodies: bodies()?,
            prefix,
            n_graphs: AtomicU64::new(0),
        })
    }

    /// The values of `wanted`, as [`Executor::compute`](crate::Executor::compute) gives them, computed by the cluster's workers.
    ///
    /// # Errors
    /// The first error of a task, with its name; [`ErrorKind::NotEncodable`] where a closure is not registered by
    /// [`task`](macro@crate::task), or a value cannot travel; [`ErrorKind::System`] where the scheduler is lost, or workers
    /// ended that ran a task; [`ErrorKind::InvalidGraph`] where a task was given one of another graph.
    pub fn compute<W: Wanted>(&self, graph: &Graph, wanted: W) -> Result<W::Values> {
        self.submit(graph, wanted)?.wait()
    }

    /// Has the cluster compute `wanted`, and does not wait for it.
    ///
    /// # Errors
    /// As [`Client::compute`], but for those of tasks.
    pub fn submit<W: Wanted>(&self, graph: &Graph, wanted: W) -> Result<Submitted<W>> {
        self.submit_with(graph, wanted, &Terms::default())
    }

    /// Has the cluster compute `wanted` on `terms`.
    ///
    /// # Errors
    /// As [`Client::submit`].
    pub fn submit_with<W: Wanted>(&self, graph: &Graph, wanted: W, terms: &Terms) -> Result<Submitted<W>> {
        let mut tasks = Vec::new();
        wanted.visit(&mut |graph, number| tasks.push((graph, number)));
        // No other task of the cluster has such a key.
        let number = self.n_graphs.fetch_add(1, Ordering::Relaxed);
        let name = format!("{}-{number}", self.prefix);
        let outputs = self.send(Arc::new(graph.table(&name, &tasks)?), terms)?;
        Ok(Submitted { client: self.net.clone(), bodies: Arc::clone(&self.bodies), wanted, outputs })
    }

    /// Has the outputs of a table computed.
    fn send(&self, table: Arc<TaskTable>, terms: &Terms) -> Result<Outputs> {
        let (mut keys, mut at) = (Vec::new(), Vec::new());
        let (mut places, mut known) = (Vec::new(), HashMap::<Key, usize>::new());
        for (number, &row) in table.outputs().iter().enumerate() {
            let key = table.key(row);
            places.push(*known.entry(key.clone()).or_insert_with(|| {
                keys.push(key);
                at.push(number);
                keys.len() - 1
            }));
        }
        let mut graph = Message::default();
        graph.insert(LAYER, Layer::from(Raw::new(table, Vec::new())?))?;
        graph.request(at.into_iter().map(|number| Key::block(LAYER, &[number.fit::<u32>()])));
        let futures = keys.iter().map(|key| self.net.future(key).future).collect();
        let request = GraphRequest {
            name: Name::new(LAYER),
            graph,
            fuse_width: 0,
            priority: terms.priority,
            retries: terms.retries,
            demand: terms.demand(),
        };
        self.net.compute(request, &keys)?;
        Ok(Outputs { futures, places })
    }

    /// The workers of the cluster.
    ///
    /// # Errors
    /// [`ErrorKind::System`] where the scheduler is lost.
    pub fn workers(&self) -> Result<Vec<WorkerInfo>> {
        let Param::List(workers) = answer(&self.net.ask(Query::Workers))? else { return Ok(Vec::new()) };
        let text =
            |of: &Param, field: &str| of.get(field).and_then(Param::as_str).unwrap_or_default().to_owned();
        let read = |worker: &Param| WorkerInfo {
            name: text(worker, "name"),
            address: text(worker, "address"),
            n_threads: worker.get("n_threads").and_then(Param::as_int).unwrap_or_default().clamped(),
        };
        Ok(workers.iter().map(read).collect())
    }

    /// Waits until there are `n` workers.
    ///
    /// # Errors
    /// [`ErrorKind::System`] where there are fewer after `timeout`, or the scheduler is lost.
    pub fn wait_for_workers(&self, n: usize, timeout: Duration) -> Result<()> {
        let until = Instant::now() + timeout;
        loop {
            let found = self.workers()?.len();
            if found >= n {
                return Ok(());
            }
            if Instant::now() >= until {
                let what = format!("waiting for {n} workers");
                let reason = format!("there are {found} after {:.1} s", timeout.as_secs_f64());
                return Err(ErrorKind::System { what, reason }.into());
            }
            std::thread::sleep(LOOK_INTERVAL);
        }
    }

    /// Ends the cluster: the scheduler, and all workers.
    ///
    /// # Errors
    /// [`ErrorKind::System`] where the scheduler is lost.
    pub fn shutdown(&self) -> Result<()> {
        answer(&self.net.ask(Query::Shutdown)).map(drop)
    }
}

impl sealed::Sealed for Client {}

impl Engine for Client {
    fn outputs(&self, table: Arc<TaskTable>) -> Result<Vec<Value>> {
        values(&self.net, &self.bodies, &self.send(table, &Terms::default())?)
    }
}

impl Drop for Client {
    /// Values that are not there are not waited for any more.
    fn drop(&mut self) {
        self.net.close();
    }
}
