//! Listening and connecting.

use std::io;
use std::time::Duration;

use raskt_core::{Error, ErrorKind, Result};
use tokio::io::{AsyncRead, AsyncWrite, BufReader, BufWriter};
use tokio::net::{TcpListener, TcpStream};

use super::Address;

/// The half of a connection that is read.
pub type Reader = Box<dyn AsyncRead + Send + Unpin>;
/// The half of a connection that is written; flush it.
pub type Writer = Box<dyn AsyncWrite + Send + Unpin>;

/// What is gathered before the system is asked: less than that of a large buffer goes past it.
const GATHER_BYTES: usize = 64 << 10;

/// A connection, before or after its handshake.
pub struct Connection {
    /// From the other side.
    pub reader: Reader,
    /// To the other side.
    pub writer: Writer,
    /// Where the other side is, as the system says.
    pub peer: Address,
}

impl Connection {
    fn new(stream: TcpStream) -> io::Result<Self> {
        let peer = stream.peer_addr()?;
        // Small messages are answers that somebody waits for.
        stream.set_nodelay(true)?;
        let (reader, writer) = stream.into_split();
        Ok(Self {
            reader: Box::new(BufReader::with_capacity(GATHER_BYTES, reader)),
            writer: Box::new(BufWriter::with_capacity(GATHER_BYTES, writer)),
            peer: Address::tcp(&peer.ip().to_string(), peer.port()),
        })
    }
}

/// Where others connect to.
pub struct Listener {
    listener: TcpListener,
    address: Address,
}

impl Listener {
    /// Listens at `address`.
    ///
    /// # Errors
    /// [`ErrorKind::System`]: the port is in use, the host is not this machine.
    pub async fn bind(address: &Address) -> Result<Self> {
        let refused = |error: io::Error| -> Error {
            let hint = match error.kind() {
                io::ErrorKind::AddrInUse => "; choose another port, or 0 for any that is free",
                _ => "",
            };
            ErrorKind::System { what: format!("listening at {address}"), reason: format!("{error}{hint}") }
                .into()
        };
        let listener = TcpListener::bind((address.host(), address.port())).await.map_err(refused)?;
        let port = listener.local_addr().map_err(refused)?.port();
        Ok(Self { listener, address: Address::tcp(address.host(), port) })
    }

    /// Where it listens, with the port that the system chose.
    #[must_use]
    pub fn address(&self) -> &Address {
        &self.address
    }

    /// The next that connects.
    ///
    /// # Errors
    /// The operating system's; the next may well be there.
    pub async fn accept(&self) -> io::Result<Connection> {
        let (stream, _) = self.listener.accept().await?;
        Connection::new(stream)
    }
}

/// Connects to `address`, which listens or does not: there is one try.
///
/// # Errors
/// [`ErrorKind::System`] where nobody listens there, or there is no answer within `timeout`.
pub async fn connect_once(address: &Address, timeout: Duration) -> Result<Connection> {
    let tried = TcpStream::connect((address.host(), address.port()));
    let late = |_| {
        io::Error::new(io::ErrorKind::TimedOut, format!("no answer within {:.1} s", timeout.as_secs_f64()))
    };
    let tried = tokio::time::timeout(timeout, tried).await.map_err(late).flatten();
    tried.and_then(Connection::new).map_err(|error| {
        ErrorKind::System { what: format!("connecting to {address}"), reason: error.to_string() }.into()
    })
}

/// Connects to `address`, again and again until `timeout` has passed.
///
/// # Errors
/// [`ErrorKind::System`], which says for how long it was tried and what the last try met.
pub async fn connect(address: &Address, timeout: Duration) -> Result<Connection> {
    let begun = tokio::time::Instant::now();
    let mut pause = Duration::from_millis(10);
    loop {
        let left = timeout.saturating_sub(begun.elapsed());
        let tried = TcpStream::connect((address.host(), address.port()));
        let reason = match tokio::time::timeout(left, tried).await {
            Ok(Ok(stream)) => match Connection::new(stream) {
                Ok(connection) => return Ok(connection),
                Err(error) => error.to_string(),
            },
            Ok(Err(error)) => error.to_string(),
            Err(_) => "no answer".to_owned(),
        };
        if begun.elapsed() + pause >= timeout {
            let what = format!("connecting to {address}, for {:.1} s", timeout.as_secs_f64());
            return Err(ErrorKind::System { what, reason }.into());
        }
        tokio::time::sleep(pause).await;
        pause = (pause * 2).min(Duration::from_secs(1));
    }
}
