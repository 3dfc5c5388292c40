//! Bytes between processes: addresses, frames, and the handshake that each connection begins with.

mod address;
mod connection;
mod frame;
mod handshake;
mod link;
mod tls;
mod token;

pub use address::Address;
pub use connection::{Arrived, Connection, Listener, Reader, Writer, connect, connect_once};
pub use frame::{FrameLimits, read_frame, write_frame};
pub use handshake::{Accepted, HandshakeOptions, PROTOCOL, accept, introduce};
pub use link::{Link, Outbox};
pub use tls::{Certificates, Tls};
pub use token::Token;
