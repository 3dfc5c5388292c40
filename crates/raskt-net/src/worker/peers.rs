//! Values from other workers.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use parking_lot::Mutex;
use raskt_core::encode::{Limits, decode_value};
use raskt_core::{Error, ErrorKind, KeepSealed, Payload, Result};
use raskt_sched::{TaskRef, WorkerEvent, WorkerId};
use raskt_store::value_bytes;
use rustc_hash::FxHashMap;
use tokio::io::{AsyncRead, AsyncWriteExt, ReadBuf};

use super::core::Core;
use super::state::Fetch;
use super::values::Content;
use crate::transport::{
    Address, Connection, FrameLimits, Reader, Writer, connect_once, introduce, read_frame, write_frame,
};
use crate::wire::{Batch, PeerSays, PeerWelcome, Role, TellPeer, messages};

/// Connections that are kept while nobody uses them.
const N_IDLE_MAX: usize = 256;
/// How long it is tried to connect to another worker: the machine asks others meanwhile, and tries again.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(3);

/// Connections to other workers that nobody uses at the moment.
#[derive(Default)]
pub(super) struct Links {
    idle: Mutex<FxHashMap<WorkerId, Vec<Link>>>,
}

/// A connection to another worker.
pub(super) struct Link {
    reader: Watched,
    writer: Writer,
}

/// A reader that counts what it reads.
struct Watched {
    reader: Reader,
    n_bytes: Arc<AtomicU64>,
}

impl AsyncRead for Watched {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let polled = Pin::new(&mut self.reader).poll_read(cx, buf);
        self.n_bytes.fetch_add((buf.filled().len() - before) as u64, Ordering::Relaxed);
        polled
    }
}

/// What another worker answered.
struct Answer {
    values: Vec<(TaskRef, Content, u64)>,
    denied: Vec<TaskRef>,
}

/// Asks another worker for values, and tells the machine what came of it.
pub(super) async fn fetch(core: Arc<Core>, fetch: Fetch) {
    let Fetch { request, from, address, values } = fetch;
    let mut closing = core.closing();
    let answer = tokio::select! {
        _ = closing.wait_for(|is_over| *is_over) => return,
        answer = ask(&core, request, from, address.as_ref(), values) => answer,
    };
    core.on(|state, now, effects| match answer {
        Ok(Answer { values, denied }) => state.arrived(request, values, denied, now, effects),
        Err(_) => state.handle(WorkerEvent::Unreachable { request }, now, effects),
    });
}

async fn ask(
    core: &Core,
    request: u64,
    from: WorkerId,
    address: Option<&Address>,
    values: Vec<TaskRef>,
) -> Result<Answer> {
    let frame = Batch::of_one(&PeerSays::Get { request, values })?;
    if let Some(mut link) = core.links.take(from)
        && let Ok(answer) = link.ask(&frame, core.options.stall_timeout).await
    {
        core.links.keep(from, link);
        return heard(answer, request);
    }
    // There was no connection, or it broke while nobody used it.
    let unknown =
        || Error::new(ErrorKind::InvalidValue(format!("the address of worker {from} is not known")));
    let mut link = Link::open(core, from, address.ok_or_else(unknown)?).await?;
    let answer = link.ask(&frame, core.options.stall_timeout).await?;
    core.links.keep(from, link);
    heard(answer, request)
}

impl Links {
    pub fn take(&self, of: WorkerId) -> Option<Link> {
        self.idle.lock().get_mut(&of)?.pop()
    }

    pub fn keep(&self, of: WorkerId, link: Link) {
        let mut idle = self.idle.lock();
        if idle.values().map(Vec::len).sum::<usize>() < N_IDLE_MAX {
            idle.entry(of).or_default().push(link);
        }
    }
}

impl Link {
    pub async fn open(core: &Core, of: WorkerId, address: &Address) -> Result<Self> {
        let mut connection =
            connect_once(address, core.options.handshake.tls.as_ref(), CONNECT_TIMEOUT).await?;
        let _: PeerWelcome = introduce(&mut connection, &core.options.handshake, &Role::Peer { of }).await?;
        let Connection { reader, writer, .. } = connection;
        Ok(Self { reader: Watched { reader, n_bytes: Arc::default() }, writer })
    }

    /// What the other worker answers to `frame`.
    pub async fn ask(&mut self, frame: &Payload, stall_timeout: Duration) -> Result<Payload> {
        let broken = |error: io::Error| -> Error {
            ErrorKind::System { what: "asking another worker".to_owned(), reason: error.to_string() }.into()
        };
        let written = async {
            write_frame(&mut self.writer, frame).await?;
            self.writer.flush().await
        };
        let late = |_| io::Error::from(io::ErrorKind::TimedOut);
        let written = tokio::time::timeout(stall_timeout, written).await.map_err(late).flatten();
        written.map_err(broken)?;
        let n_bytes = Arc::clone(&self.reader.n_bytes);
        let read = read_frame(&mut self.reader, FrameLimits::PEER);
        let frame = unless_stalled(read, &n_bytes, stall_timeout).await.map_err(broken)?;
        frame.ok_or_else(|| broken(io::ErrorKind::UnexpectedEof.into()))
    }
}

/// What `read` returns, unless nothing is read for `timeout`.
async fn unless_stalled<T>(
    read: impl Future<Output = io::Result<T>>,
    n_bytes: &AtomicU64,
    timeout: Duration,
) -> io::Result<T> {
    let mut read = std::pin::pin!(read);
    loop {
        let before = n_bytes.load(Ordering::Relaxed);
        match tokio::time::timeout(timeout, &mut read).await {
            Ok(read) => return read,
            Err(_) if n_bytes.load(Ordering::Relaxed) == before => return Err(io::ErrorKind::TimedOut.into()),
            Err(_) => {}
        }
    }
}

fn heard(frame: Payload, asked: u64) -> Result<Answer> {
    let mut answer = None;
    messages(frame, &KeepSealed, None, &mut |message: TellPeer| match message {
        TellPeer::Values { request, values, denied } if request == asked => {
            let values = values.into_iter().map(|(of, payload)| content(of, payload)).collect();
            answer = Some(Answer { values, denied });
            Ok(())
        }
        _ => Err(ErrorKind::Corrupt("an answer to something else".to_owned()).into()),
    })?;
    answer.ok_or_else(|| ErrorKind::Corrupt("an empty answer".to_owned()).into())
}

/// What came of a value, and its size.
pub(super) fn content(of: TaskRef, payload: Result<Payload>) -> (TaskRef, Content, u64) {
    match payload.and_then(|payload| decode_value(payload, &KeepSealed, &Limits::default())) {
        Ok(value) => {
            let n_bytes = value_bytes(&value);
            (of, Content::Value(value), n_bytes)
        }
        Err(error) => (of, Content::Unsendable(error), 0),
    }
}
