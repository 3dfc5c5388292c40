//! Values for other workers and for clients.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use raskt_core::encode::{Limits, decode_payload, encode_value};
use raskt_core::{Error, ErrorKind, KeepSealed, Param, Payload, Result};
use raskt_exec::pool::in_lanes;
use raskt_exec::resolved::{Inputs, run_alone};
use raskt_exec::{Call, CancelToken, Outcome, TaskCtx};
use raskt_graph::Body;
use raskt_sched::{TaskRef, WorkerEvent};
use tokio::io::AsyncWriteExt;
use tokio::sync::{Mutex, oneshot};

use super::core::Core;
use super::current::Here;
use super::errands::STACK_BYTES;
use super::home;
use super::job::{closed, is_closed};
use super::peers::content;
use super::state::Served;
use super::values::{Content, Source};
use crate::transport::{
    Accepted, Arrived, Connection, FrameLimits, Listener, Writer, accept, read_frame, write_frame,
};
use crate::wire::{Batch, PeerSays, PeerWelcome, Role, TellPeer, messages};

/// Where no connection can be taken (too many files are open, say), it is tried again after so long.
const ACCEPT_DELAY: Duration = Duration::from_millis(100);

/// How often it is looked whether there is room for more.
const ROOM_INTERVAL: Duration = Duration::from_millis(2);

/// One answer has so much of memory in values from disk, beside one.
const READ_PART: u64 = 16;

/// Takes in whoever connects.
pub(super) async fn listen(core: Arc<Core>, listener: Listener) {
    let mut closing = core.closing();
    loop {
        let accepted = tokio::select! {
            _ = closing.wait_for(|is_over| *is_over) => return,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok(arrived) => drop(tokio::spawn(serve(Arc::clone(&core), arrived))),
            Err(_) => tokio::time::sleep(ACCEPT_DELAY).await,
        }
    }
}

/// A connection's life. Whatever is wrong with it is its end, and nobody else's.
async fn serve(core: Arc<Core>, arrived: Arrived) {
    let mut closing = core.closing();
    let talk = async {
        let accepted = accept(arrived, &core.options.handshake).await?;
        match admit(&core, accepted).await? {
            Some(connection) => answer_all(&core, connection).await,
            None => Ok(()),
        }
    };
    tokio::select! {
        _ = closing.wait_for(|is_over| *is_over) => {}
        ended = talk => drop::<Result<()>>(ended),
    }
}

async fn admit(core: &Core, accepted: Accepted) -> Result<Option<Connection>> {
    match accepted.role::<Role>()? {
        Role::Peer { of } if of == core.id => {
            accepted.welcome(&PeerWelcome { worker: core.id }).await.map(Some)
        }
        Role::Peer { of } => {
            accepted.refuse(&format!("this is worker {}, not worker {of}", core.id)).await;
            Ok(None)
        }
        Role::Worker(_) | Role::Client { .. } => {
            accepted.refuse("this is a worker; workers and clients connect to the scheduler").await;
            Ok(None)
        }
    }
}

async fn answer_all(core: &Arc<Core>, connection: Connection) -> Result<()> {
    let Connection { mut reader, writer, .. } = connection;
    let writer = Arc::new(Mutex::new(writer));
    while let Some(frame) =
        read_frame(&mut reader, FrameLimits::PEER).await.map_err(|error| broken(&error))?
    {
        let mut asked = Vec::new();
        messages(frame, &KeepSealed, None, &mut |message: PeerSays| {
            asked.push(message);
            Ok(())
        })?;
        for message in asked {
            let is_call = matches!(message, PeerSays::Call { .. });
            let (shared, out) = (Arc::clone(core), Arc::clone(&writer));
            let answering = async move {
                match answer(&shared, message).await {
                    Some((answer, n_read)) => send(&shared, answer, n_read, &out).await,
                    None => Ok(()),
                }
            };
            match is_call {
                // It may take as long as it likes, and others ask over the same connection.
                true => drop(tokio::spawn(answering)),
                false => answering.await?,
            }
        }
    }
    Ok(())
}

/// Sends an answer, for which so many bytes were read from disk.
async fn send(core: &Arc<Core>, answer: TellPeer, n_read: u64, writer: &Mutex<Writer>) -> Result<()> {
    let frame = Batch::of_one(&answer)?;
    let written = async {
        let mut writer = writer.lock().await;
        write_frame(&mut *writer, &frame).await?;
        writer.flush().await
    };
    let written = written.await;
    // Buffers may be lent by a runtime, to which they go back.
    if !frame.buffers.is_empty() {
        core.help(move |core| {
            drop((frame, answer));
            core.freed(n_read);
        });
    }
    written.map_err(|error| broken(&error))
}

fn broken(error: &io::Error) -> Error {
    ErrorKind::System { what: "a connection to a worker".to_owned(), reason: error.to_string() }.into()
}

/// The answer, and how many bytes were read from disk for it; none where the worker ends meanwhile.
async fn answer(core: &Arc<Core>, message: PeerSays) -> Option<(TellPeer, u64)> {
    match message {
        PeerSays::Get { request, values } => {
            let asked = |state: &mut super::state::State, now, effects: &mut super::state::Effects| {
                state.handle(WorkerEvent::Asked { asker: request, values }, now, effects);
                std::mem::take(&mut effects.served)
            };
            let Served { held, denied } = core.on(asked)?;
            let (values, n_read) = payloads(core, held).await?;
            Some((TellPeer::Values { request, values, denied }, n_read))
        }
        PeerSays::Pieces { request, wanted } => {
            let shared = Arc::clone(core);
            // Some may be on disk.
            let answering = tokio::task::spawn_blocking(move || home::answer(&shared, &wanted));
            let panicked = |_| ErrorKind::Panicked("reading pieces of an exchange".to_owned()).into();
            let answer = answering.await.unwrap_or_else(|error| Err(panicked(error)));
            Some((TellPeer::Pieces { request, answer }, 0))
        }
        PeerSays::Put { request, values } => {
            let sizes = put(core, values)?;
            make_room(core).await?;
            Some((TellPeer::Stored { request, sizes }, 0))
        }
        PeerSays::Call { request, body } => {
            Some((TellPeer::Returned { request, value: call(core, body).await? }, 0))
        }
    }
}

/// Encoded values. What is in memory and needs no foreign runtime is encoded at once. Of what is on disk as much is read as takes
/// little memory, one value at least: whoever asked asks for the others again. Beside them, how many bytes that is.
async fn payloads(
    core: &Arc<Core>,
    mut held: Vec<(TaskRef, Source)>,
) -> Option<(Vec<(TaskRef, Result<Payload>)>, u64)> {
    let is_quick = |(_, source): &(TaskRef, Source)| match source {
        Source::Memory(Content::Value(value)) => is_closed(value),
        Source::Memory(Content::Unsendable(_)) => true,
        Source::Disk(_) => false,
    };
    let (mut n_read, n_max) = (0, core.options.machine.memory_bytes / READ_PART);
    held.retain(|(_, source)| match source {
        Source::Memory(_) => true,
        Source::Disk(file) => {
            let is_taken = n_read == 0 || n_read + file.size_bytes() <= n_max;
            n_read += if is_taken { file.size_bytes() } else { 0 };
            is_taken
        }
    });
    let encode = |held: Vec<(TaskRef, Source)>| held.into_iter().map(|(of, source)| (of, payload(&source)));
    if held.iter().all(is_quick) {
        return Some((encode(held).collect(), n_read));
    }
    let (sender, receiver) = oneshot::channel();
    // Who waits may have gone.
    core.help(move |_| drop(sender.send(encode(held).collect())));
    receiver.await.ok().map(|payloads| (payloads, n_read))
}

fn payload(source: &Source) -> Result<Payload> {
    match source {
        Source::Memory(Content::Value(value)) => encode_value(value).map_err(|error| unsendable(&error)),
        Source::Memory(Content::Unsendable(error)) => Err(error.clone()),
        Source::Disk(file) => file.read(),
    }
}

/// Why a value cannot be sent, as it travels.
fn unsendable(error: &Error) -> Error {
    let closed = closed(error);
    let text = match error.foreign() {
        Some(exception) => format!("the result cannot be sent to another process: {exception:?}"),
        None => format!("the result cannot be sent to another process: {}", error.kind()),
    };
    let told = Error::new(ErrorKind::NotEncodable(text));
    match closed.foreign() {
        Some(exception) => told.with_foreign(Arc::clone(exception)),
        None => told,
    }
}

fn put(core: &Arc<Core>, values: Vec<(TaskRef, Payload)>) -> Option<Result<Vec<u64>>> {
    let contents: Vec<_> = values.into_iter().map(|(of, payload)| content(of, Ok(payload))).collect();
    let corrupt = contents.iter().find_map(|(_, content, _)| match content {
        Content::Unsendable(error) => Some(error.clone()),
        Content::Value(_) => None,
    });
    if let Some(error) = corrupt {
        return Some(Err(error));
    }
    core.on(|state, now, effects| {
        let put = |(of, content, n_bytes)| {
            state.put(of, content, n_bytes, now, effects);
            n_bytes
        };
        Ok(contents.into_iter().map(put).collect())
    })
}

/// Waits while values are written for want of room: who puts some puts the next when there is some.
async fn make_room(core: &Arc<Core>) -> Option<()> {
    while core.on(|state, _, _| state.machine.is_making_room())? {
        tokio::time::sleep(ROOM_INTERVAL).await;
    }
    Some(())
}

/// Calls a function on a thread of its own: it may take as long as it likes.
async fn call(core: &Arc<Core>, body: Payload) -> Option<Result<Payload>> {
    let (sender, receiver) = oneshot::channel();
    let shared = Arc::clone(core);
    let main = move || {
        let mut outcome = None;
        in_lanes(&shared.registry, 0, &mut || outcome = Some(called(&shared, body.clone())));
        // Who waits may have gone.
        drop(outcome.map(|outcome| sender.send(outcome)));
    };
    match std::thread::Builder::new().name("raskt-call".into()).stack_size(STACK_BYTES).spawn(main) {
        Ok(_) => receiver.await.ok(),
        Err(error) => {
            let what = "starting a thread for a call".to_owned();
            Some(Err(ErrorKind::System { what, reason: error.to_string() }.into()))
        }
    }
}

fn called(core: &Arc<Core>, body: Payload) -> Result<Payload> {
    let _here = Here::set(core, None);
    let body: Body = decode_payload(body, &KeepSealed, &Limits::default())?;
    let (cancel, mut inputs) = (CancelToken::default(), Inputs::new());
    let ctx = TaskCtx { cancel: &cancel, n_threads: 1, worker: 0, float_errors: None };
    let call = Call { shared: &Param::Null, own: &Param::Null, inputs: &mut inputs, exclusive: 0, ctx: &ctx };
    let run = || match run_alone(&body, &core.registry.resolve(&body)?, call, &core.registry)? {
        Outcome::Value(value) => encode_value(&value).map_err(|error| unsendable(&error)),
        Outcome::Expand(_) => {
            Err(ErrorKind::InvalidGraph("a call may not grow into a graph".to_owned()).into())
        }
    };
    run().map_err(|error| closed(&error))
}
