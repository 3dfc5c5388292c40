//! A worker in this process.

use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use raskt_core::{Error, ErrorKind, Fit, Name, Result};
use raskt_net::worker::{Departure, WorkerDaemon, WorkerOptions as NetOptions};
use raskt_sched::RESOURCE_UNIT;

use super::runtime::runtime;
use super::security::Security;
use crate::executor::bodies;
use crate::registered;

/// How a worker is to run.
#[derive(Clone, Debug)]
pub struct WorkerOptions {
    /// Its name, which no other worker of the cluster has; without, one is made of the process's number.
    pub name: Option<String>,
    /// Threads that run tasks.
    pub n_threads: usize,
    /// What the process may take of memory. Beyond parts of it values go to disk, and tasks wait.
    pub memory_limit_bytes: Option<u64>,
    /// Where a folder is made for values that do not fit; it is removed with the worker.
    pub spill_directory: Option<PathBuf>,
    /// What it has of things that tasks may ask for by [`Terms::resources`](super::Terms::resources).
    pub resources: Vec<(String, u32)>,
    /// Where it listens; without, at a free port of the address from which it speaks to the scheduler.
    pub listen: Option<String>,
    /// Where others find it, if that is not where it listens.
    pub contact: Option<String>,
    /// Who may speak to it, and it to the scheduler.
    pub security: Security,
    /// How long connecting to the scheduler is tried.
    pub timeout: Duration,
}

impl Default for WorkerOptions {
    /// A thread a core, and no limit of memory.
    fn default() -> Self {
        Self {
            name: None,
            n_threads: thread::available_parallelism().map_or(1, usize::from),
            memory_limit_bytes: None,
            spill_directory: None,
            resources: Vec::new(),
            listen: None,
            contact: None,
            security: Security::default(),
            timeout: Duration::from_secs(30),
        }
    }
}

impl WorkerOptions {
    fn of_net(self, scheduler: &str) -> Result<NetOptions> {
        static N_WORKERS: AtomicU64 = AtomicU64::new(0);
        if self.n_threads == 0 {
            return Err(ErrorKind::InvalidValue("n_threads is 0, and a worker needs one".into()).into());
        }
        let number = N_WORKERS.fetch_add(1, Ordering::Relaxed);
        let name = self.name.unwrap_or_else(|| format!("rust-{}-{number}", std::process::id()));
        let mut net = NetOptions::new(scheduler.parse()?, name.as_str());
        net.connect_timeout = self.timeout;
        net.handshake = self.security.handshake(self.timeout)?;
        net.n_threads = self.n_threads.clamped();
        let units = |(name, n): (String, u32)| (Name::new(&name), u64::from(n) * RESOURCE_UNIT);
        net.resources = self.resources.into_iter().map(units).collect();
        net.listen = self.listen.map(|text| text.parse()).transpose()?;
        net.contact = self.contact.map(|text| text.parse()).transpose()?;
        net.spill_parent = self.spill_directory;
        net.machine.memory_bytes = self.memory_limit_bytes.unwrap_or(u64::MAX);
        Ok(net)
    }
}

/// A worker that has joined a cluster: it runs the functions of this program, and native tasks of arrays and frames. Dropping
/// it ends it.
///
/// ```no_run
/// use raskt::cluster::{Security, Worker, WorkerOptions};
/// let token = std::env::var("CLUSTER_TOKEN").unwrap_or_default();
/// let options = WorkerOptions { security: Security::of_token(&token), ..WorkerOptions::default() };
/// Worker::join("tcp://scheduler:8786", options)?.wait()?;
/// # Ok::<(), raskt::Error>(())
/// ```
pub struct Worker {
    daemon: WorkerDaemon,
}

impl fmt::Debug for Worker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Worker({})", self.address())
    }
}

impl Worker {
    /// Joins the cluster of the scheduler at `address`, and works until the scheduler does not need it any more.
    ///
    /// # Errors
    /// [`ErrorKind::System`] where there is no scheduler, it refuses, or there is no port or thread to be had;
    /// [`ErrorKind::KeyClash`] where two registered functions have one name.
    pub fn join(address: &str, options: WorkerOptions) -> Result<Self> {
        registered::check()?;
        Ok(Self { daemon: WorkerDaemon::start(runtime()?, bodies()?, options.of_net(address)?)? })
    }

    /// Where others find it.
    #[must_use]
    pub fn address(&self) -> String {
        self.daemon.address().to_string()
    }

    /// Has it end, after what it holds was given to others; [`Worker::wait`] returns then.
    pub fn retire(&self) {
        self.daemon.retire();
    }

    /// Ends it at once, whatever it holds.
    pub fn stop(&self) {
        self.daemon.stop();
    }

    /// Waits until it has ended.
    ///
    /// # Errors
    /// Why the scheduler was lost, where it was.
    pub fn wait(&self) -> Result<()> {
        loop {
            match self.daemon.wait(None) {
                Some(Departure::Lost(error)) => return Err(lost(error)),
                Some(Departure::Dismissed | Departure::Stopped | Departure::Ended) => return Ok(()),
                None => {}
            }
        }
    }
}

fn lost(error: Error) -> Error {
    match error.kind() {
        ErrorKind::System { .. } => error,
        _ => {
            ErrorKind::System { what: "the scheduler was lost".to_owned(), reason: error.to_string() }.into()
        }
    }
}
