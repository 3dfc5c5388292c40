//! What a process says that it is when it connects, and what it is told then.

use raskt_core::encode::{Decode, Decoder, Encode, Encoder};
use raskt_core::{Name, Result};
use raskt_sched::{ClientId, WorkerId, WorkerInfo};

use crate::transport::Address;

/// What connects.
#[derive(Clone, Debug, PartialEq)]
pub enum Role {
    /// A worker, to its scheduler; the answer is [`WorkerWelcome`].
    Worker(WorkerRole),
    /// A client, to a scheduler; the answer is [`ClientWelcome`].
    Client {
        /// What it calls itself.
        name: Name,
    },
    /// A worker or a client, to a worker; the answer is [`PeerWelcome`].
    Peer {
        /// Which worker it looks for: another one may have got the address.
        of: WorkerId,
    },
}

/// A worker, as it says itself.
#[derive(Clone, Debug, PartialEq)]
pub struct WorkerRole {
    /// What the scheduler decides by.
    pub info: WorkerInfo,
    /// Where it serves values.
    pub address: Address,
    /// Its process.
    pub pid: u32,
    /// How much memory it may use, in bytes.
    pub memory_bytes: u64,
}

/// What a worker is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorkerWelcome {
    /// Its number.
    pub worker: WorkerId,
    /// How often it should be heard of, in milliseconds.
    pub heartbeat_ms: u64,
}

/// What a client is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientWelcome {
    /// Its number.
    pub client: ClientId,
    /// What the scheduler is known by, in whatever process it runs.
    pub scheduler: Name,
}

/// What who connects to a worker is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerWelcome {
    /// The worker's number.
    pub worker: WorkerId,
}

impl Encode for Role {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        match self {
            Self::Worker(WorkerRole { info, address, pid, memory_bytes }) => {
                out.byte(0);
                info.encode(out)?;
                address.encode(out)?;
                (*pid, *memory_bytes).encode(out)
            }
            Self::Client { name } => {
                out.byte(1);
                name.encode(out)
            }
            Self::Peer { of } => {
                out.byte(2);
                of.encode(out)
            }
        }
    }
}

impl Decode for Role {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        Ok(match input.byte()? {
            0 => {
                let (info, address) = (Decode::decode(input)?, Decode::decode(input)?);
                let (pid, memory_bytes) = Decode::decode(input)?;
                Self::Worker(WorkerRole { info, address, pid, memory_bytes })
            }
            1 => Self::Client { name: Decode::decode(input)? },
            2 => Self::Peer { of: Decode::decode(input)? },
            tag => return Err(input.unknown_tag("role", tag)),
        })
    }
}

impl Encode for WorkerWelcome {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        (self.worker, self.heartbeat_ms).encode(out)
    }
}

impl Decode for WorkerWelcome {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        let (worker, heartbeat_ms) = Decode::decode(input)?;
        Ok(Self { worker, heartbeat_ms })
    }
}

impl Encode for ClientWelcome {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        self.client.encode(out)?;
        self.scheduler.encode(out)
    }
}

impl Decode for ClientWelcome {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        let (client, scheduler) = Decode::decode(input)?;
        Ok(Self { client, scheduler })
    }
}

impl Encode for PeerWelcome {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        self.worker.encode(out)
    }
}

impl Decode for PeerWelcome {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        Decode::decode(input).map(|worker| Self { worker })
    }
}
