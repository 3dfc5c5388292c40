//! What a client goes by.

use std::time::Duration;

use raskt_core::Name;

use crate::transport::{Address, HandshakeOptions};

/// What a client goes by.
#[derive(Clone, Debug)]
pub struct ClientOptions {
    /// Where the scheduler listens.
    pub address: Address,
    /// What the client calls itself.
    pub name: Name,
    /// The secret of the cluster.
    pub handshake: HandshakeOptions,
    /// How long connecting to the scheduler is tried.
    pub timeout: Duration,
    /// How long connecting to a worker is tried, before its values are asked of another.
    pub peer_timeout: Duration,
}

impl ClientOptions {
    /// A client of the scheduler at `address`.
    #[must_use]
    pub fn new(address: Address) -> Self {
        Self {
            address,
            name: "client".into(),
            handshake: HandshakeOptions::default(),
            timeout: Duration::from_secs(30),
            peer_timeout: Duration::from_secs(10),
        }
    }
}
