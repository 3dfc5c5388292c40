//! A scheduler in this process.

use std::fmt;
use std::time::Duration;

use raskt_core::{ErrorKind, Result};
use raskt_net::scheduler::{SchedulerDaemon, SchedulerOptions as NetOptions};
use raskt_net::transport::{Address, HandshakeOptions};

use super::runtime::runtime;
use super::security::Security;

/// How a scheduler is to be started.
#[derive(Clone, Debug)]
pub struct SchedulerOptions {
    /// Where it listens; port 0 is any that is free.
    pub listen: Vec<String>,
    /// Who may speak to it; without, whoever knows a token that it makes.
    pub security: Option<Security>,
    /// It ends when nobody has asked for anything for so long.
    pub idle_timeout: Option<Duration>,
    /// So many workers may end while they run a task before the task fails.
    pub allowed_failures: u32,
}

impl Default for SchedulerOptions {
    /// At a free port of this machine alone.
    fn default() -> Self {
        let allowed_failures = NetOptions::default().machine.allowed_failures;
        Self {
            listen: vec!["tcp://127.0.0.1:0".to_owned()],
            security: None,
            idle_timeout: None,
            allowed_failures,
        }
    }
}

/// A scheduler: it says which worker runs what, and runs nothing itself. Dropping it ends the cluster.
///
/// ```
/// use raskt::cluster::{Scheduler, SchedulerOptions, Security};
/// let scheduler = Scheduler::start(SchedulerOptions::default())?;
/// assert!(scheduler.address().starts_with("tcp://127.0.0.1:"));
///
/// let open = SchedulerOptions {
///     listen: vec!["tcp://0.0.0.0:0".to_owned()],
///     security: Some(Security::default()),
///     ..SchedulerOptions::default()
/// };
/// assert!(Scheduler::start(open).unwrap_err().to_string().contains("anybody"));
/// # Ok::<(), raskt::Error>(())
/// ```
pub struct Scheduler {
    daemon: SchedulerDaemon,
    security: Security,
}

impl fmt::Debug for Scheduler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scheduler({})", self.address())
    }
}

impl Scheduler {
    /// Starts a scheduler on threads of its own.
    ///
    /// # Errors
    /// [`ErrorKind::System`] where it cannot listen; [`ErrorKind::InvalidValue`] for what is no address, and where anybody of
    /// other machines could speak to it.
    pub fn start(options: SchedulerOptions) -> Result<Self> {
        let listen = options.listen.iter().map(|text| text.parse()).collect::<Result<Vec<Address>>>()?;
        let security = options.security.map_or_else(Security::random, Ok)?;
        if let Some(address) = listen.iter().find(|at| security.is_nothing() && !at.is_loopback()) {
            let what =
                format!("at {address} anybody could speak to the scheduler: give it a token or certificates");
            return Err(ErrorKind::InvalidValue(what).into());
        }
        let mut net = NetOptions {
            listen,
            handshake: security.handshake(HandshakeOptions::default().timeout)?,
            idle_timeout: options.idle_timeout,
            ..NetOptions::default()
        };
        net.machine.allowed_failures = options.allowed_failures;
        Ok(Self { daemon: SchedulerDaemon::start(runtime()?, net)?, security })
    }

    /// The first of the addresses at which it listens.
    #[must_use]
    pub fn address(&self) -> String {
        self.daemon.addresses().first().map(ToString::to_string).unwrap_or_default()
    }

    /// Who may speak to it.
    #[must_use]
    pub fn security(&self) -> &Security {
        &self.security
    }

    /// Ends it, and its workers; clients are told `why`.
    pub fn stop(&self, why: &str) {
        self.daemon.stop(why);
    }

    /// Waits until it has ended, for `timeout` at most; why it did.
    #[must_use]
    pub fn wait(&self, timeout: Option<Duration>) -> Option<String> {
        self.daemon.wait(timeout)
    }
}
