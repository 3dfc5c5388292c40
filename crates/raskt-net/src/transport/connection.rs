//! Listening and connecting.

use std::io;
use std::time::Duration;

use raskt_core::{Error, ErrorKind, Result};
use tokio::io::{AsyncRead, AsyncWrite, BufReader, BufWriter};
use tokio::net::{TcpListener, TcpStream};

use super::{Address, Tls};

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
    fn plain(stream: TcpStream, peer: Address) -> Self {
        let (reader, writer) = stream.into_split();
        Self::of(reader, writer, peer)
    }

    fn encrypted(stream: impl AsyncRead + AsyncWrite + Send + 'static, peer: Address) -> Self {
        let (reader, writer) = tokio::io::split(stream);
        Self::of(reader, writer, peer)
    }

    fn of(
        reader: impl AsyncRead + Send + Unpin + 'static,
        writer: impl AsyncWrite + Send + Unpin + 'static,
        peer: Address,
    ) -> Self {
        Self {
            reader: Box::new(BufReader::with_capacity(GATHER_BYTES, reader)),
            writer: Box::new(BufWriter::with_capacity(GATHER_BYTES, writer)),
            peer,
        }
    }
}

/// Who has connected, and said nothing yet.
pub struct Arrived {
    stream: TcpStream,
    /// Where it is, as the system says.
    pub(super) peer: Address,
    tls: Option<Tls>,
}

/// The first byte of what a client of TLS says.
const TLS_HELLO: u8 = 0x16;

impl Arrived {
    /// The connection, encrypted where the listener is; `false` beside one that is not encrypted though it should be.
    pub(super) async fn open(self) -> io::Result<(Connection, bool)> {
        let Self { stream, peer, tls } = self;
        // Small messages are answers that somebody waits for.
        stream.set_nodelay(true)?;
        let Some(tls) = tls else { return Ok((Connection::plain(stream, peer), true)) };
        let mut first = [0];
        stream.peek(&mut first).await?;
        if first != [TLS_HELLO] {
            return Ok((Connection::plain(stream, peer), false));
        }
        Ok((Connection::encrypted(tls.accept(stream).await?, peer), true))
    }
}

/// Where others connect to.
pub struct Listener {
    listener: TcpListener,
    address: Address,
    tls: Option<Tls>,
}

impl Listener {
    /// Listens at `address`; by TLS as `tls` says where that is its scheme.
    ///
    /// # Errors
    /// [`ErrorKind::System`]: the port is in use, the host is not this machine, there are no certificates.
    pub async fn bind(address: &Address, tls: Option<&Tls>) -> Result<Self> {
        let refused = |error: io::Error| -> Error {
            let hint = match error.kind() {
                io::ErrorKind::AddrInUse => "; choose another port, or 0 for any that is free",
                _ => "",
            };
            ErrorKind::System { what: format!("listening at {address}"), reason: format!("{error}{hint}") }
                .into()
        };
        let tls = for_scheme(address, tls).map_err(refused)?.cloned();
        let listener = TcpListener::bind((address.host(), address.port())).await.map_err(refused)?;
        let port = listener.local_addr().map_err(refused)?.port();
        Ok(Self { listener, address: address.beside(address.host(), port), tls })
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
    pub async fn accept(&self) -> io::Result<Arrived> {
        let (stream, peer) = self.listener.accept().await?;
        let peer = self.address.beside(&peer.ip().to_string(), peer.port());
        Ok(Arrived { stream, peer, tls: self.tls.clone() })
    }
}

/// How `address` is spoken to: by TLS or not.
fn for_scheme<'a>(address: &Address, tls: Option<&'a Tls>) -> io::Result<Option<&'a Tls>> {
    match (address.is_tls(), tls) {
        (false, _) => Ok(None),
        (true, Some(tls)) => Ok(Some(tls)),
        (true, None) => Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "TLS needs certificates: give security=, or --tls-ca-file, --tls-cert and --tls-key",
        )),
    }
}

async fn open(address: &Address, tls: Option<&Tls>) -> io::Result<Connection> {
    let tls = for_scheme(address, tls)?;
    let stream = TcpStream::connect((address.host(), address.port())).await?;
    let peer = stream.peer_addr()?;
    let peer = address.beside(&peer.ip().to_string(), peer.port());
    stream.set_nodelay(true)?;
    match tls {
        None => Ok(Connection::plain(stream, peer)),
        Some(tls) => Ok(Connection::encrypted(tls.connect(stream).await?, peer)),
    }
}

/// Connects to `address`, which listens or does not: there is one try.
///
/// # Errors
/// [`ErrorKind::System`] where nobody listens there, or there is no answer within `timeout`.
pub async fn connect_once(address: &Address, tls: Option<&Tls>, timeout: Duration) -> Result<Connection> {
    let tried = open(address, tls);
    let late = |_| {
        io::Error::new(io::ErrorKind::TimedOut, format!("no answer within {:.1} s", timeout.as_secs_f64()))
    };
    let tried = tokio::time::timeout(timeout, tried).await.map_err(late).flatten();
    tried.map_err(|error| {
        ErrorKind::System { what: format!("connecting to {address}"), reason: error.to_string() }.into()
    })
}

/// Connects to `address`, again and again until `timeout` has passed; once only where TLS is refused.
///
/// # Errors
/// [`ErrorKind::System`], which says for how long it was tried and what the last try met.
pub async fn connect(address: &Address, tls: Option<&Tls>, timeout: Duration) -> Result<Connection> {
    let begun = tokio::time::Instant::now();
    let mut pause = Duration::from_millis(10);
    loop {
        let left = timeout.saturating_sub(begun.elapsed());
        let reason = match tokio::time::timeout(left, open(address, tls)).await {
            Ok(Ok(connection)) => return Ok(connection),
            Ok(Err(error)) if is_final(&error) => {
                let what = format!("connecting to {address}");
                return Err(ErrorKind::System { what, reason: error.to_string() }.into());
            }
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

/// Whether a next try would meet the same.
fn is_final(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput)
}
