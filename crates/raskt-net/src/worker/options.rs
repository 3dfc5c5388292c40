//! What a worker is told.

use std::net::UdpSocket;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use raskt_core::{Error, ErrorKind, Name, Result};

use crate::transport::{Address, HandshakeOptions, Listener};

/// A process with less memory keeps none of what was let go of for the next value: that may be 256 MiB, and as much again in
/// the arenas of the allocator.
pub(super) const PLENTY_BYTES: u64 = 4 << 30;

/// What a worker is told.
#[derive(Clone, Debug)]
pub struct WorkerOptions {
    /// Where its scheduler listens.
    pub scheduler: Address,
    /// How long it tries to connect to the scheduler.
    pub connect_timeout: Duration,
    /// The token of the cluster, and how long a handshake may take.
    pub handshake: HandshakeOptions,
    /// Its name; no other worker of the cluster has it.
    pub name: Name,
    /// What restrictions call its machine; without, that is the host that others connect to.
    pub host: Option<Name>,
    /// How many tasks it runs at a time.
    pub n_threads: u32,
    /// What it has of each resource that tasks may ask for.
    pub resources: Vec<(Name, u64)>,
    /// Where it listens; without, at a free port of the address under which the scheduler sees it.
    pub listen: Option<Address>,
    /// The ports that are tried there, one after the other, in place of the one that `listen` names.
    pub ports: Option<RangeInclusive<u16>>,
    /// Where others connect to, if that is not where it listens; port 0 is the port of the listener.
    pub contact: Option<Address>,
    /// The folder in which it makes its own for values that go to disk; without, none goes.
    pub spill_parent: Option<PathBuf>,
    /// What its machine decides by, its memory among that.
    pub machine: raskt_sched::WorkerOptions,
    /// What counts against its memory.
    pub measure: Measure,
    /// Another worker that sends nothing for so long counts as unreachable.
    pub stall_timeout: Duration,
}

/// What counts against a worker's memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// All that its process takes, as the system says.
    Process,
    /// The values that it holds: other workers share its process.
    Values,
}

impl WorkerOptions {
    /// A worker of one thread that keeps everything in memory.
    #[must_use]
    pub fn new(scheduler: Address, name: impl Into<Name>) -> Self {
        Self {
            scheduler,
            connect_timeout: Duration::from_secs(30),
            handshake: HandshakeOptions::default(),
            name: name.into(),
            host: None,
            n_threads: 1,
            resources: Vec::new(),
            listen: None,
            ports: None,
            contact: None,
            spill_parent: None,
            machine: raskt_sched::WorkerOptions::default(),
            measure: Measure::Process,
            stall_timeout: Duration::from_secs(60),
        }
    }

    /// Listens; the result is where others connect to, too.
    ///
    /// # Errors
    /// [`ErrorKind::System`] where no port is to be had, or this machine has no way to the scheduler.
    pub(super) async fn bind(&self) -> Result<(Listener, Address)> {
        let (listen, host) = self.place()?;
        let ports = self.ports.clone().unwrap_or(listen.port()..=listen.port());
        let tls = self.handshake.tls.as_ref();
        let mut refused = Error::from(ErrorKind::InvalidValue(format!("no port lies in {ports:?}")));
        for port in ports {
            match Listener::bind(&listen.beside(listen.host(), port), tls).await {
                Ok(listener) => {
                    let port = listener.address().port();
                    let found = match &self.contact {
                        Some(contact) if contact.port() == 0 => listen.beside(contact.host(), port),
                        Some(contact) => listen.beside(contact.host(), contact.port()),
                        None => listen.beside(&host, port),
                    };
                    return Ok((listener, found));
                }
                Err(error) => refused = error,
            }
        }
        Err(refused)
    }

    /// Where to listen, and the host under which others find that.
    ///
    /// # Errors
    /// [`ErrorKind::System`] where this machine has no way to the scheduler.
    pub(super) fn place(&self) -> Result<(Address, String)> {
        let is_any = |host: &str| matches!(host, "0.0.0.0" | "::" | "");
        match &self.listen {
            Some(listen) if !is_any(listen.host()) => Ok((listen.clone(), listen.host().to_owned())),
            Some(listen) => Ok((listen.clone(), self.own_host()?)),
            None => self.own_host().map(|host| (self.scheduler.beside(&host, 0), host)),
        }
    }

    /// The address from which this machine speaks to the scheduler.
    fn own_host(&self) -> Result<String> {
        let refused = |error: std::io::Error| -> Error {
            let what = format!("finding this machine's address for {}", self.scheduler);
            ErrorKind::System { what, reason: error.to_string() }.into()
        };
        // Nothing is sent: the system only chooses a route.
        let route = |own: &str| {
            let socket = UdpSocket::bind((own, 0))?;
            socket.connect((self.scheduler.host(), self.scheduler.port()))?;
            socket.local_addr()
        };
        let own = route("0.0.0.0").or_else(|_| route("::")).map_err(refused)?;
        Ok(own.ip().to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_worker_takes_the_first_port_that_is_free_and_is_found_where_it_says() {
        let taken = Listener::bind(&Address::tcp("127.0.0.1", 0), None).await.unwrap();
        let first = taken.address().port();
        let mut options = WorkerOptions::new(Address::tcp("127.0.0.1", 9), "w");
        options.ports = Some(first..=first);
        let error = options.bind().await.err().unwrap();
        assert!(error.to_string().contains("choose another port"), "{error}");
        options.ports = Some(first..=first.saturating_add(200));
        let (_listener, address) = options.bind().await.unwrap();
        assert!(address.port() > first);
        options.contact = Some(Address::tcp("gate", 0));
        let (listener, address) = options.bind().await.unwrap();
        assert_eq!(address, Address::tcp("gate", listener.address().port()));
        options.contact = Some(Address::tcp("gate", 7));
        assert_eq!(options.bind().await.unwrap().1, Address::tcp("gate", 7));
    }

    #[test]
    fn a_worker_is_found_where_the_scheduler_sees_it() {
        let mut options = WorkerOptions::new(Address::tcp("127.0.0.1", 9), "w");
        assert_eq!(options.place().unwrap(), (Address::tcp("127.0.0.1", 0), "127.0.0.1".to_owned()));
        options.listen = Some(Address::tcp("0.0.0.0", 77));
        assert_eq!(options.place().unwrap(), (Address::tcp("0.0.0.0", 77), "127.0.0.1".to_owned()));
        options.listen = Some(Address::tcp("localhost", 0));
        assert_eq!(options.place().unwrap(), (Address::tcp("localhost", 0), "localhost".to_owned()));
    }
}
