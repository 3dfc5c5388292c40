//! The cluster as daemons: what drives the machines of `raskt-sched` over a network.
//!
//! Floor 3. Nothing here decides where a task runs: messages go into the machines, and what comes out is done.
//!
//! | module | what |
//! |---|---|
//! | [`transport`] | addresses, frames, the handshake: bytes from a peer are not looked into before it has proved that it may speak |
//! | [`wire`] | what each side of a connection says |
//! | [`scheduler`] | the scheduler: workers and clients connect to it; it opens no pickle |
//! | [`worker`] | a worker: it connects to the scheduler, runs tasks, and serves values to whoever asks |
//! | [`client`] | a client: graphs go out, values come in |

#![cfg_attr(
    not(test),
    warn(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_possible_wrap)
)]

pub mod client;
mod clock;
pub mod scheduler;
pub mod transport;
pub mod wire;
pub mod worker;

pub use clock::Clock;
