//! What each side of a connection says, after the handshake. A frame holds any number of messages, one after the other.
//!
//! | connection | first says | then |
//! |---|---|---|
//! | worker to scheduler | [`Role::Worker`] | [`WorkerSays`], [`TellWorker`] |
//! | client to scheduler | [`Role::Client`] | [`ClientSays`], [`TellClient`] |
//! | worker or client to worker | [`Role::Peer`] | [`PeerSays`], [`TellPeer`] |
//!
//! Users' functions travel beside messages, once a connection ([`TellWorker::Functions`]), but for those of graphs, which are
//! in the message. Foreign values stay as they are: see [`raskt_core::Sealed`].

mod batch;
mod client;
mod functions;
mod peer;
mod role;
mod worker;

pub use batch::{Batch, messages};
pub use client::{ClientSays, GraphRequest, Query, TellClient};
pub use functions::KnownFunctions;
pub use peer::{PeerSays, TellPeer};
pub use role::{ClientWelcome, PeerWelcome, Role, WorkerRole, WorkerWelcome};
pub use worker::{Figures, TellWorker, WorkerSays};
