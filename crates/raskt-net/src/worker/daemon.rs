//! A worker's start and its end.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use raskt_core::{Error, ErrorKind, Name, Result};
use raskt_exec::BodyRegistry;
use raskt_sched::{Worker, WorkerId, WorkerInfo, WorkerLoad};
use raskt_store::{SpillFolder, keep_nothing_freed};
use tokio::runtime::Handle;

use super::core::Core;
use super::options::{Measure, PLENTY_BYTES, WorkerOptions};
use super::state::State;
use super::{executor, home, scheduler_link, serving};
use crate::transport::{Address, Connection, Listener, connect, introduce};
use crate::wire::{Role, WorkerRole, WorkerSays, WorkerWelcome};

/// How long the end waits for tasks that run: Python's cannot be stopped.
const MOMENT: Duration = Duration::from_millis(500);

/// How a worker came to its end.
#[derive(Clone, Debug)]
pub enum Departure {
    /// The scheduler does not need it any more.
    Dismissed,
    /// The cluster was closed.
    Stopped,
    /// [`WorkerDaemon::stop`] was called.
    Ended,
    /// The connection to the scheduler broke, or what came over it could not be understood.
    Lost(Error),
}

impl fmt::Display for Departure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dismissed => f.write_str("the scheduler does not need it any more"),
            Self::Stopped => f.write_str("the cluster was closed"),
            Self::Ended => f.write_str("it was told to end"),
            Self::Lost(error) => write!(f, "{error}"),
        }
    }
}

/// What a worker does at a moment; nothing once it has ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WorkerLook {
    /// Values in memory.
    pub memory_bytes: u64,
    /// Values on disk.
    pub spilled_bytes: u64,
    /// Requests to other workers that are under way.
    pub n_requests: usize,
    /// What they are for.
    pub incoming_bytes: u64,
    /// Tasks and values.
    pub load: WorkerLoad,
    /// Tasks that it runs at a time.
    pub n_threads: u32,
    /// What it may take of memory; `u64::MAX` for no limit.
    pub limit_bytes: u64,
}

/// A worker that has joined a cluster. It ends when it is dropped.
pub struct WorkerDaemon {
    core: Arc<Core>,
}

impl WorkerDaemon {
    /// Joins the cluster of a scheduler. Blocks until the scheduler has taken it in; not to be called on a thread of
    /// `runtime`, which serves its connections.
    ///
    /// # Errors
    /// [`ErrorKind::System`] where there is no scheduler, it refuses, or there is no port or thread to be had.
    pub fn start(runtime: &Handle, registry: Arc<BodyRegistry>, options: WorkerOptions) -> Result<Self> {
        let folder = options.spill_parent.as_deref().map(SpillFolder::create).transpose()?;
        let (n_threads, info_name) = (options.n_threads.max(1), options.name.clone());
        let (listener, address, connection, welcome, info) = runtime.block_on(async {
            let (listener, address) = options.bind().await?;
            let info = WorkerInfo {
                name: info_name,
                host: options.host.clone().unwrap_or_else(|| Name::new(address.host())),
                n_threads,
                resources: options.resources.clone(),
            };
            let mut connection =
                connect(&options.scheduler, options.handshake.tls.as_ref(), options.connect_timeout).await?;
            let role = Role::Worker(WorkerRole {
                info: info.clone(),
                address: address.clone(),
                pid: std::process::id(),
                memory_bytes: options.machine.memory_bytes,
            });
            let welcome: WorkerWelcome = introduce(&mut connection, &options.handshake, &role).await?;
            Ok::<_, Error>((listener, address, connection, welcome, info))
        })?;
        if options.measure == Measure::Process && options.machine.memory_bytes < PLENTY_BYTES {
            keep_nothing_freed();
        }
        let machine = Worker::new(&info, options.machine.clone());
        let state = State::new(machine, welcome.worker, n_threads, folder.is_some());
        let name = home::name(welcome.worker, &address)?;
        let core = Arc::new_cyclic(|core| {
            let home = home::of_worker(name, &options, folder.clone(), core.clone());
            Core::new((welcome.worker, address), options, registry, folder, home, state, runtime.clone())
        });
        let daemon = Self { core };
        daemon.serve(runtime, listener, connection, Duration::from_millis(welcome.heartbeat_ms))?;
        Ok(daemon)
    }

    fn serve(
        &self,
        runtime: &Handle,
        listener: Listener,
        connection: Connection,
        heartbeat: Duration,
    ) -> Result<()> {
        for number in 0..self.core.options.n_threads.max(1) {
            executor::start(&self.core).map_err(|error| {
                let what = format!("starting thread {number} of a worker");
                Error::from(ErrorKind::System { what, reason: error.to_string() })
            })?;
        }
        let Connection { reader, writer, .. } = connection;
        let core = || Arc::clone(&self.core);
        let read = scheduler_link::read(core(), reader);
        let mut closing = self.core.closing();
        drop(runtime.spawn(async move {
            tokio::select! {
                _ = closing.wait_for(|is_over| *is_over) => {}
                () = read => {}
            }
        }));
        drop(runtime.spawn(scheduler_link::write(core(), writer)));
        drop(runtime.spawn(scheduler_link::tick(core(), heartbeat)));
        drop(runtime.spawn(serving::listen(core(), listener)));
        Ok(())
    }

    /// Its number.
    #[must_use]
    pub fn id(&self) -> WorkerId {
        self.core.id
    }

    /// Where others find it.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.core.address
    }

    /// Asks the scheduler to let it go: what it holds goes to others first.
    pub fn retire(&self) {
        self.core.on(|state, _, effects| state.tell(WorkerSays::Retire, effects));
    }

    /// What it does at this moment.
    #[must_use]
    pub fn look(&self) -> WorkerLook {
        let core = &self.core;
        let look = |state: &mut State| WorkerLook {
            memory_bytes: state.machine.footprint().0,
            spilled_bytes: state.machine.footprint().1,
            n_requests: state.machine.incoming().0,
            incoming_bytes: state.machine.incoming().1,
            load: state.machine.load(),
            n_threads: core.options.n_threads.max(1),
            limit_bytes: core.options.machine.memory_bytes,
        };
        core.on(|state, _, _| look(state)).unwrap_or_default()
    }

    /// Ends it at once, whatever it holds.
    pub fn stop(&self) {
        self.core.depart(Departure::Ended);
    }

    /// Waits until it has come to its end, or for `timeout`; how it came to its end.
    #[must_use]
    pub fn wait(&self, timeout: Option<Duration>) -> Option<Departure> {
        self.core.wait(timeout)
    }

    /// After the end: gives threads a moment, and removes what is on disk; how many threads go on, held by tasks that cannot
    /// be stopped.
    pub fn settle(&self) -> usize {
        self.core.settle(MOMENT)
    }
}

impl Drop for WorkerDaemon {
    fn drop(&mut self) {
        self.stop();
        self.settle();
    }
}

impl fmt::Debug for WorkerDaemon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WorkerDaemon({} at {})", self.core.id, self.core.address)
    }
}
