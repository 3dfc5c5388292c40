//! Connections to workers, each opened when it is first needed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use raskt_core::{ErrorKind, KeepSealed, Payload, Result};
use raskt_sched::{TaskRef, WorkerId};
use rustc_hash::FxHashMap;
use tokio::sync::{Mutex as AsyncMutex, oneshot};
use tokio::task::AbortHandle;

use crate::transport::{
    Address, FrameLimits, HandshakeOptions, Link, Outbox, Reader, connect_once, introduce, read_frame,
};
use crate::wire::{Batch, PeerSays, PeerWelcome, Role, TellPeer, messages};

type Place = Arc<AsyncMutex<Option<Arc<Line>>>>;

/// Connections to workers.
pub(super) struct Peers {
    handshake: HandshakeOptions,
    timeout: Duration,
    lines: Mutex<FxHashMap<WorkerId, Place>>,
}

/// A connection that is open.
struct Line {
    outbox: Outbox,
    next: AtomicU64,
    waiting: Arc<Waiting>,
    reading: AbortHandle,
}

/// Who waits for an answer, by request.
#[derive(Default)]
struct Waiting {
    askers: Mutex<FxHashMap<u64, oneshot::Sender<TellPeer>>>,
    is_over: AtomicBool,
}

impl Waiting {
    fn end(&self) {
        self.is_over.store(true, Ordering::SeqCst);
        let askers = std::mem::take(&mut *self.askers.lock());
        drop(askers);
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.reading.abort();
        self.waiting.end();
    }
}

/// What a worker gave of what it was asked for: more, where it is asked again, if something is neither here nor denied.
#[derive(Default)]
pub(super) struct Got {
    pub values: Vec<(TaskRef, Result<Payload>)>,
    pub denied: Vec<TaskRef>,
}

fn lost(address: &Address, reason: &str) -> raskt_core::Error {
    let what = format!("the connection to the worker at {address}");
    ErrorKind::System { what, reason: reason.to_owned() }.into()
}

impl Peers {
    pub fn new(handshake: HandshakeOptions, timeout: Duration) -> Self {
        Self { handshake, timeout, lines: Mutex::default() }
    }

    /// Closes all connections.
    pub fn close(&self) {
        let lines = std::mem::take(&mut *self.lines.lock());
        drop(lines);
    }

    /// The values that `worker` holds of `values`.
    pub async fn get(&self, worker: WorkerId, address: &Address, values: Vec<TaskRef>) -> Result<Got> {
        let ask = |request| PeerSays::Get { request, values };
        match self.ask(worker, address, ask).await? {
            TellPeer::Values { values, denied, .. } => Ok(Got { values, denied }),
            other => Err(unexpected(address, &other)),
        }
    }

    /// Has `worker` hold `values`; their sizes.
    pub async fn put(
        &self,
        worker: WorkerId,
        address: &Address,
        values: Vec<(TaskRef, Payload)>,
    ) -> Result<Vec<u64>> {
        let ask = |request| PeerSays::Put { request, values };
        match self.ask(worker, address, ask).await? {
            TellPeer::Stored { sizes, .. } => sizes,
            other => Err(unexpected(address, &other)),
        }
    }

    /// What the function `body` returns that `worker` calls.
    pub async fn call(&self, worker: WorkerId, address: &Address, body: Payload) -> Result<Payload> {
        let ask = |request| PeerSays::Call { request, body };
        match self.ask(worker, address, ask).await? {
            TellPeer::Returned { value, .. } => value,
            other => Err(unexpected(address, &other)),
        }
    }

    async fn ask(
        &self,
        worker: WorkerId,
        address: &Address,
        message: impl FnOnce(u64) -> PeerSays,
    ) -> Result<TellPeer> {
        let line = self.line(worker, address).await?;
        let request = line.next.fetch_add(1, Ordering::Relaxed);
        let frame = Batch::of_one(&message(request))?;
        let (sender, receiver) = oneshot::channel();
        line.waiting.askers.lock().insert(request, sender);
        // Looked at behind the insertion: who ends it looks at the askers after saying so.
        if line.waiting.is_over.load(Ordering::SeqCst) {
            line.waiting.askers.lock().remove(&request);
            return Err(lost(address, "the worker closed it"));
        }
        line.outbox.send(frame);
        receiver.await.map_err(|_| lost(address, "the worker closed it"))
    }

    async fn line(&self, worker: WorkerId, address: &Address) -> Result<Arc<Line>> {
        let place = Arc::clone(self.lines.lock().entry(worker).or_default());
        let mut place = place.lock().await;
        if let Some(line) = place.as_ref().filter(|line| !line.waiting.is_over.load(Ordering::SeqCst)) {
            return Ok(Arc::clone(line));
        }
        let mut connection = connect_once(address, self.handshake.tls.as_ref(), self.timeout).await?;
        let role = Role::Peer { of: worker };
        let _: PeerWelcome = introduce(&mut connection, &self.handshake, &role).await?;
        let (outbox, link) = Link::new();
        tokio::spawn(link.write(connection.writer));
        let waiting = Arc::new(Waiting::default());
        let reading = tokio::spawn(listen(connection.reader, Arc::clone(&waiting))).abort_handle();
        let line = Arc::new(Line { outbox, next: AtomicU64::new(0), waiting, reading });
        *place = Some(Arc::clone(&line));
        Ok(line)
    }
}

fn unexpected(address: &Address, answer: &TellPeer) -> raskt_core::Error {
    ErrorKind::Corrupt(format!(
        "the worker at {address} answers something else than it was asked: {answer:?}"
    ))
    .into()
}

async fn listen(mut reader: Reader, waiting: Arc<Waiting>) {
    while let Ok(Some(frame)) = read_frame(&mut reader, FrameLimits::PEER).await {
        let heard = messages(frame, &KeepSealed, None, &mut |message: TellPeer| {
            let request = match &message {
                TellPeer::Values { request, .. }
                | TellPeer::Stored { request, .. }
                | TellPeer::Returned { request, .. }
                | TellPeer::Pieces { request, .. } => *request,
            };
            let asker = waiting.askers.lock().remove(&request);
            if let Some(asker) = asker {
                drop(asker.send(message));
            }
            Ok(())
        });
        if heard.is_err() {
            break;
        }
    }
    waiting.end();
}
