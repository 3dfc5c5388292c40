//! The handshake: versions first, then proofs of a common token, and only then anything that is looked into.
//!
//! | who | says |
//! |---|---|
//! | who connects | `RSKT`, protocol, release, 32 random bytes |
//! | who listens | 0, protocol, release, 32 random bytes; or 1 and why not |
//! | who connects | its proof, and what it is (its role) |
//! | who listens | 0, its proof, and what it answers to the role; or 1 and why not |
//!
//! A proof is a keyed hash of both random numbers and what is said with it: see [`Token`].

use std::io;
use std::time::Duration;

use raskt_core::encode::{Decode, Decoder, Encode, Encoder, Limits};
use raskt_core::{Error, ErrorKind, KeepSealed, Payload, Result};

use super::token::random_bytes;
use super::{Address, Arrived, Connection, FrameLimits, Tls, Token, read_frame, write_frame};

/// The version of what processes say to each other; those of two versions do not talk.
pub const PROTOCOL: u32 = 4;
const MAGIC: [u8; 4] = *b"RSKT";
const RELEASE: &str = env!("CARGO_PKG_VERSION");

/// What both sides of a handshake go by.
#[derive(Clone, Debug)]
pub struct HandshakeOptions {
    /// The secret that both know.
    pub token: Token,
    /// The certificates of connections by TLS.
    pub tls: Option<Tls>,
    /// How long the other side may take.
    pub timeout: Duration,
}

impl Default for HandshakeOptions {
    fn default() -> Self {
        Self { token: Token::default(), tls: None, timeout: Duration::from_secs(30) }
    }
}

/// Who connected, and has proved that it may.
pub struct Accepted {
    connection: Connection,
    options: HandshakeOptions,
    nonces: [[u8; 32]; 2],
    role: Vec<u8>,
}

fn system(what: String, reason: impl ToString) -> Error {
    ErrorKind::System { what, reason: reason.to_string() }.into()
}

fn message<T: Encode>(said: &T) -> Result<Payload> {
    let mut out = Encoder::in_stream();
    said.encode(&mut out)?;
    Ok(Payload { header: out.into_bytes(), buffers: Vec::new() })
}

fn read<T: Decode>(frame: &Payload) -> Result<T> {
    let mut input = Decoder::of_payload(&frame.header, Vec::new(), &KeepSealed, &Limits::default())?;
    let said = T::decode(&mut input)?;
    input.finish()?;
    Ok(said)
}

async fn say<T: Encode>(connection: &mut Connection, said: &T) -> Result<()> {
    let frame = message(said)?;
    let written = async {
        write_frame(&mut connection.writer, &frame).await?;
        tokio::io::AsyncWriteExt::flush(&mut connection.writer).await
    };
    written.await.map_err(|error| system(format!("speaking to {}", connection.peer), error))
}

async fn hear(connection: &mut Connection) -> Result<Payload> {
    let frame = read_frame(&mut connection.reader, FrameLimits::STRANGER).await;
    let gone = || io::Error::new(io::ErrorKind::UnexpectedEof, "it closed the connection");
    let frame = frame.and_then(|frame| frame.ok_or_else(gone));
    frame.map_err(|error| {
        // Certificates are looked at by who listens after who connects believes that all is well.
        let hint = match connection.peer.is_tls() && error.kind() == io::ErrorKind::InvalidData {
            true => ": it does not take the certificate of this side",
            false => "",
        };
        system(format!("listening to {}", connection.peer), format!("{error}{hint}"))
    })
}

async fn within<T>(
    options: &HandshakeOptions,
    peer: &Address,
    work: impl Future<Output = Result<T>>,
) -> Result<T> {
    let late = |_| {
        let reason = format!("no answer within {:.1} s", options.timeout.as_secs_f64());
        system(format!("the handshake with {peer}"), reason)
    };
    tokio::time::timeout(options.timeout, work).await.map_err(late)?
}

/// The answer of who listens: what it says, or why not.
struct Answer<T>(std::result::Result<T, String>);

impl<T: Encode> Encode for Answer<T> {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        match &self.0 {
            Ok(said) => {
                out.byte(0);
                said.encode(out)
            }
            Err(why) => {
                out.byte(1);
                why.encode(out)
            }
        }
    }
}

impl<T: Decode> Decode for Answer<T> {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        match input.byte()? {
            0 => T::decode(input).map(|said| Self(Ok(said))),
            1 => String::decode(input).map(|why| Self(Err(why))),
            tag => Err(input.unknown_tag("answer", tag)),
        }
    }
}

fn refusal(why: &str) -> Answer<bool> {
    Answer(Err(why.to_owned()))
}

/// Makes oneself known to who listens at the other end, in a role; its answer.
///
/// # Errors
/// [`ErrorKind::System`] where the other side is no scheduler or worker of Raskt, has another version or another token, does
/// not answer in time, or refuses the role.
pub async fn introduce<Role: Encode, Welcome: Decode>(
    connection: &mut Connection,
    options: &HandshakeOptions,
    role: &Role,
) -> Result<Welcome> {
    let peer = connection.peer.clone();
    let talk = async {
        let own = random_bytes()?;
        let mut hello = Vec::from(MAGIC);
        hello.extend_from_slice(&message(&(PROTOCOL, RELEASE, own.as_slice()))?.header);
        let frame = Payload { header: hello, buffers: Vec::new() };
        let written = async {
            write_frame(&mut connection.writer, &frame).await?;
            tokio::io::AsyncWriteExt::flush(&mut connection.writer).await
        };
        written.await.map_err(|error| system(format!("speaking to {peer}"), error))?;
        let refused = |why: String| system(format!("{peer} refuses the connection"), why);
        let heard = hear(connection).await?;
        let Answer(answer) = read::<Answer<(u32, String, Vec<u8>)>>(&heard).map_err(|_| {
            system(format!("the handshake with {peer}"), "it is no scheduler or worker of Raskt")
        })?;
        let (_, _, theirs) = answer.map_err(refused)?;
        let theirs = nonce(&theirs, &peer)?;
        let role = message(role)?.header;
        let proof = options.token.proof("connects", [&own, &theirs], &role);
        say(connection, &(proof.as_slice(), role.as_slice())).await?;
        let Answer(answer) = read::<Answer<(Vec<u8>, Vec<u8>)>>(&hear(connection).await?)?;
        let (proof, welcome) = answer.map_err(refused)?;
        if proof != options.token.proof("listens", [&own, &theirs], &welcome) {
            return Err(system(format!("the handshake with {peer}"), "it does not know the token"));
        }
        read(&Payload { header: welcome, buffers: Vec::new() })
    };
    within(options, &peer, talk).await
}

fn nonce(bytes: &[u8], peer: &Address) -> Result<[u8; 32]> {
    let short = |_| system(format!("the handshake with {peer}"), "it drew too few random bytes");
    bytes.try_into().map_err(short)
}

/// Hears who connects: the version and the proof are right, and the role is not answered yet.
///
/// # Errors
/// [`ErrorKind::System`], which was said to the other side, too, where it speaks the protocol at all.
pub async fn accept(arrived: Arrived, options: &HandshakeOptions) -> Result<Accepted> {
    let peer = arrived.peer.clone();
    let talk = async {
        let opened = arrived.open().await;
        let (mut connection, is_encrypted) =
            opened.map_err(|error| system(format!("the handshake with {peer}"), error))?;
        let hello = hear(&mut connection).await?;
        let Some(rest) = hello.header.strip_prefix(&MAGIC) else {
            return Err(system(format!("the handshake with {peer}"), "it does not speak Raskt's protocol"));
        };
        if !is_encrypted {
            let why = "it speaks TLS; its address is written tls://host:port";
            say(&mut connection, &refusal(why)).await?;
            return Err(system(format!("the handshake with {peer}"), "it does not speak TLS"));
        }
        let own = random_bytes()?;
        let said = read::<(u32, String, Vec<u8>)>(&Payload { header: rest.to_vec(), buffers: Vec::new() });
        let (protocol, release, theirs) = said?;
        if protocol != PROTOCOL {
            let why = format!(
                "versions differ: release {release} speaks protocol {protocol}, and release {RELEASE} here speaks \
                 {PROTOCOL}; install one release everywhere"
            );
            say(&mut connection, &refusal(&why)).await?;
            return Err(system(format!("the handshake with {peer}"), why));
        }
        let theirs = nonce(&theirs, &peer)?;
        say(&mut connection, &Answer(Ok((PROTOCOL, RELEASE.to_owned(), own.to_vec())))).await?;
        let (proof, role) = read::<(Vec<u8>, Vec<u8>)>(&hear(&mut connection).await?)?;
        let expected = options.token.proof("connects", [&theirs, &own], &role);
        // Hashes are compared in constant time.
        if blake3::Hash::from(expected) != *proof.as_slice() {
            let why = "it does not know the token of the cluster; give the same one to both sides";
            say(&mut connection, &refusal(why)).await?;
            return Err(system(format!("the handshake with {peer}"), why));
        }
        Ok(Accepted { connection, options: options.clone(), nonces: [theirs, own], role })
    };
    within(options, &peer, talk).await
}

impl Accepted {
    /// What it says that it is.
    ///
    /// # Errors
    /// [`ErrorKind::Corrupt`] where that is no such role.
    pub fn role<Role: Decode>(&self) -> Result<Role> {
        read(&Payload { header: self.role.clone(), buffers: Vec::new() })
    }

    /// Where it is.
    #[must_use]
    pub fn peer(&self) -> &Address {
        &self.connection.peer
    }

    /// Takes it in.
    ///
    /// # Errors
    /// [`ErrorKind::System`] where it has gone.
    pub async fn welcome<Welcome: Encode>(mut self, welcome: &Welcome) -> Result<Connection> {
        let welcome = message(welcome)?.header;
        let proof = self.options.token.proof("listens", [&self.nonces[0], &self.nonces[1]], &welcome);
        say(&mut self.connection, &Answer(Ok((proof.to_vec(), welcome)))).await?;
        Ok(self.connection)
    }

    /// Sends it away, and says why.
    pub async fn refuse(mut self, why: &str) {
        // It may have gone: then nobody needs to know.
        drop(say(&mut self.connection, &refusal(why)).await);
    }
}
