//! The home of what this worker's tasks send through exchanges, and pieces from the homes of others.

use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Weak};
use std::time::Duration;

use raskt_core::encode::{Decode, Decoder, Encode, Encoder, Limits};
use raskt_core::{Error, ErrorKind, KeepSealed, Payload, Result};
use raskt_exec::is_cancelled_here;
use raskt_sched::WorkerId;
use raskt_store::{Awaited, Carrier, Exchange, Home, PieceAnswer, PieceRequest, SpillFolder, Unanswered};

use super::core::Core;
use super::current::try_again;
use super::options::WorkerOptions;
use super::peers::Link;
use crate::transport::Address;
use crate::wire::{Batch, PeerSays, TellPeer, messages};

/// Pieces take so much of a worker's memory, whatever is exchanged at a time.
const MEMORY_PART: u64 = 10;
/// And so much where nothing bounds it.
const MEMORY_BYTES: u64 = 256 << 20;
/// An answer, and what a task waits for at a time, take so much of memory.
const ANSWER_PART: u64 = 16;
/// And so much at most.
const ANSWER_BYTES_MAX: u64 = 64 << 20;
/// How often another worker is asked that cannot be reached, before the task is given back.
const N_TRIES: u32 = 3;
/// And how long after the last time.
const RETRY_DELAY: Duration = Duration::from_millis(100);
/// How often who waits looks whether it still has to.
const LOOK_INTERVAL: Duration = Duration::from_millis(20);

/// What others find the home of a worker by.
///
/// # Errors
/// An address always has an encoded form.
pub(super) fn name(id: WorkerId, address: &Address) -> Result<Arc<[u8]>> {
    let mut name = Encoder::in_band();
    id.encode(&mut name)?;
    address.encode(&mut name)?;
    Ok(name.into_bytes().into())
}

/// The home of a worker.
pub(super) fn of_worker(
    name: Arc<[u8]>,
    options: &WorkerOptions,
    folder: Option<Arc<SpillFolder>>,
    core: Weak<Core>,
) -> Home {
    let memory_bytes = options.machine.memory_bytes;
    let budget = if memory_bytes == u64::MAX { MEMORY_BYTES } else { memory_bytes / MEMORY_PART };
    let answer_bytes_max = (memory_bytes / ANSWER_PART).min(ANSWER_BYTES_MAX);
    Home::new(name, Exchange::new(budget, folder), answer_bytes_max, Box::new(Peers(core)))
}

/// The workers of a cluster, as homes.
struct Peers(Weak<Core>);

impl Carrier for Peers {
    fn ask(&self, home: &Arc<[u8]>, request: PieceRequest) -> Awaited {
        let (sender, receiver) = channel();
        if let Some(core) = self.0.upgrade() {
            let (home, runtime) = (Arc::clone(home), core.runtime().clone());
            drop(runtime.spawn(async move {
                let mut closing = core.closing();
                let answer = tokio::select! {
                    _ = closing.wait_for(|is_over| *is_over) => return,
                    answer = pieces(&core, &home, request) => answer,
                };
                // Who waits may have gone.
                drop(sender.send(answer));
            }));
        }
        Box::new(move || wait(&receiver))
    }
}

/// Waits for an answer. A task that gets none is given back: the scheduler knows, or will, who is lost.
fn wait(receiver: &Receiver<Result<PieceAnswer>>) -> Result<PieceAnswer> {
    loop {
        match receiver.recv_timeout(LOOK_INTERVAL) {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(error)) => {
                try_again();
                return Err(error);
            }
            Err(RecvTimeoutError::Timeout) if is_cancelled_here() => return Err(ErrorKind::Cancelled.into()),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                try_again();
                return Err(asking("the worker has come to its end"));
            }
        }
    }
}

fn asking(reason: &str) -> Error {
    let what = "asking another worker for pieces of an exchange".to_owned();
    ErrorKind::System { what, reason: reason.to_owned() }.into()
}

/// The worker whose home has that name, and where it is.
fn worker_of(home: &[u8]) -> Result<(WorkerId, Address)> {
    let mut name = Decoder::new(home, &Limits::default())?;
    let worker = (Decode::decode(&mut name)?, Decode::decode(&mut name)?);
    name.finish()?;
    Ok(worker)
}

async fn pieces(core: &Core, home: &[u8], request: PieceRequest) -> Result<PieceAnswer> {
    let (of, address) = worker_of(home)?;
    let frame = Batch::of_one(&PeerSays::Pieces { request: 0, wanted: request })?;
    let mut n_tries = 0;
    loop {
        n_tries += 1;
        let (error, is_last) = match ask(core, of, &address, &frame).await {
            Ok(Ok(answer)) => return Ok(answer),
            // It does not have them any more: asking again is of no use.
            Ok(Err(error)) => (error, true),
            Err(error) => (error, n_tries == N_TRIES),
        };
        tokio::time::sleep(RETRY_DELAY).await;
        if is_last {
            return Err(error);
        }
    }
}

/// The answer of a worker, or that it cannot be reached.
async fn ask(core: &Core, of: WorkerId, address: &Address, frame: &Payload) -> Result<Result<PieceAnswer>> {
    if let Some(mut link) = core.links.take(of)
        && let Ok(answer) = link.ask(frame, core.options.stall_timeout).await
    {
        core.links.keep(of, link);
        return heard(answer);
    }
    // There was no connection, or it broke while nobody used it.
    let mut link = Link::open(core, of, address).await?;
    let answer = link.ask(frame, core.options.stall_timeout).await?;
    core.links.keep(of, link);
    heard(answer)
}

fn heard(frame: Payload) -> Result<Result<PieceAnswer>> {
    let mut found = None;
    messages(frame, &KeepSealed, None, &mut |message: TellPeer| match message {
        TellPeer::Pieces { answer, .. } => {
            found = Some(answer);
            Ok(())
        }
        _ => Err(ErrorKind::Corrupt("an answer to something else".to_owned()).into()),
    })?;
    found.ok_or_else(|| ErrorKind::Corrupt("an empty answer".to_owned()).into())
}

/// What this worker has of what another one wants. What turns out to be damaged is lost: whoever made it makes it again.
pub(super) fn answer(core: &Arc<Core>, wanted: &PieceRequest) -> Result<PieceAnswer> {
    core.home.answer(wanted).map_err(|Unanswered { damaged, error }| {
        if let Some(number) = damaged {
            core.on(|state, now, effects| state.lose_pieces(number, now, effects));
        }
        error
    })
}
