//! Who is connected, and what each has been told.

use std::collections::VecDeque;

use raskt_core::encode::Encode;
use raskt_core::{FunctionId, KeepSealed, Result};
use raskt_sched::{ToClient, ToWorker, WorkerId};
use rustc_hash::FxHashSet;
use tokio::sync::mpsc::UnboundedSender;
use tokio::task::AbortHandle;

use super::core::Happening;
use crate::transport::{Accepted, Connection, FrameLimits, Link, Outbox, read_frame};
use crate::wire::{Batch, ClientSays, Figures, TellWorker, WorkerRole, messages};

/// After so many functions a worker is told to forget those that it knows: what is still needed comes again.
const N_FUNCTIONS_MAX: usize = 10_000;

/// What goes out over a connection.
pub(super) struct Line {
    outbox: Outbox,
    batch: Batch,
    /// Workers whose addresses the other side knows.
    peers: FxHashSet<WorkerId>,
    /// Ends what reads the connection.
    pub reading: AbortHandle,
    pub is_dirty: bool,
}

impl Line {
    /// A line to be, and what will write it.
    pub fn new(reading: impl FnOnce(Link) -> AbortHandle) -> Self {
        let (outbox, link) = Link::new();
        let reading = reading(link);
        Self { outbox, batch: Batch::default(), peers: FxHashSet::default(), reading, is_dirty: false }
    }

    /// Adds a message.
    ///
    /// # Errors
    /// As [`Batch::push`]: the connection is of no use then.
    pub fn push<T: Encode>(&mut self, message: &T) -> Result<()> {
        self.is_dirty = true;
        self.batch.push(message)
    }

    /// Bytes that have not been written.
    pub fn waiting_bytes(&self) -> u64 {
        self.outbox.waiting_bytes()
    }

    /// Those of `workers` whose addresses have to be told first; they count as told.
    pub fn strangers(&mut self, workers: &mut dyn Iterator<Item = WorkerId>) -> Vec<WorkerId> {
        workers.filter(|&worker| self.peers.insert(worker)).collect()
    }

    fn send(
        &mut self,
        before: impl FnOnce(Vec<raskt_core::Function>) -> Result<Option<raskt_core::Payload>>,
    ) -> Result<()> {
        self.is_dirty = false;
        if let Some((frame, functions)) = self.batch.take() {
            if let Some(before) = before(functions)? {
                self.outbox.send(before);
            }
            self.outbox.send(frame);
        }
        Ok(())
    }
}

/// A worker that is connected.
pub(super) struct WorkerLine {
    pub role: WorkerRole,
    pub line: Line,
    /// What it takes, as it last told.
    pub figures: Figures,
    functions: FxHashSet<FunctionId>,
}

impl WorkerLine {
    pub fn new(role: WorkerRole, line: Line) -> Self {
        Self { role, line, figures: Figures::default(), functions: FxHashSet::default() }
    }

    /// Sends what has gathered; before it, functions that the worker does not know.
    ///
    /// # Errors
    /// [`raskt_core::ErrorKind::NotEncodable`], which no function is that came from a client.
    pub fn flush(&mut self) -> Result<()> {
        let known = &mut self.functions;
        self.line.send(|mut functions| {
            let mut before = Batch::default();
            if known.len() > N_FUNCTIONS_MAX {
                before.push(&TellWorker::Forget(known.drain().collect()))?;
            }
            functions.retain(|function| known.insert(*function.id()));
            if !functions.is_empty() {
                before.push(&TellWorker::Functions(functions))?;
            }
            Ok(before.take().map(|(frame, _)| frame))
        })
    }
}

/// A client that is connected.
pub(super) struct ClientLine {
    pub line: Line,
    /// What it said after a graph that is still being planned.
    pub backlog: VecDeque<ClientSays>,
    /// Whether a graph of its is being planned, or handed over.
    pub is_planning: bool,
    /// Whether it is there for a dashboard: nobody counts it.
    pub is_watcher: bool,
}

impl ClientLine {
    pub fn new(line: Line, is_watcher: bool) -> Self {
        Self { line, backlog: VecDeque::new(), is_planning: false, is_watcher }
    }

    /// Sends what has gathered.
    ///
    /// # Errors
    /// None: a client is sent no functions.
    pub fn flush(&mut self) -> Result<()> {
        self.line.send(|_| Ok(None))
    }
}

/// The workers whose addresses a message takes for known.
pub(super) fn named_in_worker_message(message: &ToWorker) -> Vec<WorkerId> {
    let of_inputs =
        |inputs: &[raskt_sched::InputAt]| inputs.iter().flat_map(|input| input.holders.to_vec()).collect();
    match message {
        ToWorker::Compute(compute) => of_inputs(&compute.inputs),
        ToWorker::Acquire(values) => of_inputs(values),
        ToWorker::Located(value) => value.holders.to_vec(),
        _ => Vec::new(),
    }
}

/// As [`named_in_worker_message`].
pub(super) fn named_in_client_message(message: &ToClient) -> &[WorkerId] {
    match message {
        ToClient::Ready { holders, .. } => holders,
        _ => &[],
    }
}

/// A connection's life after its handshake: it is welcomed, written and read. What is said goes to `said`, the end to `gone`.
pub(super) async fn live<W, T>(
    accepted: Accepted,
    welcome: W,
    link: Link,
    happenings: UnboundedSender<Happening>,
    said: impl Fn(Vec<T>) -> Happening,
    gone: impl Fn(String) -> Happening,
) where
    W: Encode,
    T: raskt_core::encode::Decode,
{
    let why = match accepted.welcome(&welcome).await {
        Ok(Connection { reader, writer, .. }) => {
            // Who reads notices the end of a connection that cannot be written, too.
            let writing = tokio::spawn(link.write(writer));
            let why = read(reader, &happenings, said).await;
            writing.abort();
            why
        }
        Err(error) => error.to_string(),
    };
    drop(happenings.send(gone(why)));
}

async fn read<T: raskt_core::encode::Decode>(
    mut reader: crate::transport::Reader,
    happenings: &UnboundedSender<Happening>,
    said: impl Fn(Vec<T>) -> Happening,
) -> String {
    loop {
        let frame = match read_frame(&mut reader, FrameLimits::PEER).await {
            Ok(Some(frame)) => frame,
            Ok(None) => return "its connection was closed".to_owned(),
            Err(error) => return format!("its connection broke: {error}"),
        };
        let mut heard = Vec::new();
        let outcome = messages(frame, &KeepSealed, None, &mut |message| {
            heard.push(message);
            Ok(())
        });
        if let Err(error) = outcome {
            return format!("it said what cannot be understood: {error}");
        }
        if happenings.send(said(heard)).is_err() {
            return "the scheduler has ended".to_owned();
        }
    }
}
