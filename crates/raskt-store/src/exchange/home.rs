//! Homes: where the pieces are that the tasks of one worker send, and how tasks elsewhere get them.
//!
//! Pieces stay with the worker that made them, in memory and on its disk; a [`Sent`](super::Sent) that leaves it is a name. Who
//! receives asks each home for all that it has for an output, part by part, and is given bytes: no path is ever named.

use std::cell::RefCell;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use raskt_core::{Error, ErrorKind, Payload, Result};
use rustc_hash::FxHashMap;

use super::incoming::local;
use super::request::{PieceAnswer, PieceRequest, Position};
use super::sender::Sender;
use super::sent::Index;
use super::service::Exchange;

/// So many pieces are in one answer, at most.
const N_PIECES_MAX: usize = 4096;

/// Gets pieces from other homes.
pub trait Carrier: Send + Sync {
    /// Begins to ask the home with that name; its answer is waited for with what is returned.
    fn ask(&self, home: &Arc<[u8]>, request: PieceRequest) -> Awaited;
}

/// What waits for an answer.
pub type Awaited = Box<dyn FnOnce() -> Result<PieceAnswer> + Send>;

/// The home of what a worker's tasks send. Clones are one home.
#[derive(Clone)]
pub struct Home(Arc<Shared>);

struct Shared {
    /// What other homes find it by.
    name: Arc<[u8]>,
    exchange: Exchange,
    answer_bytes_max: u64,
    carrier: Box<dyn Carrier>,
    /// What was sent and is held by somebody here.
    kept: Mutex<FxHashMap<u64, Index>>,
    /// The first number is drawn at random: names of an earlier home mean nothing here.
    next_number: AtomicU64,
}

/// Why there is no answer.
#[derive(Debug)]
pub struct Unanswered {
    /// What cannot be read, if that is why.
    pub damaged: Option<u64>,
    /// What is wrong.
    pub error: Error,
}

/// What the calling thread has done for an exchange while it was [at a home](Home::enter).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dealings {
    /// The numbers of what it has sent.
    pub sent: Vec<u64>,
    /// Whether it has received anything.
    pub has_received: bool,
    /// Pieces that came from other homes.
    pub n_from_elsewhere: u32,
    /// Their bytes.
    pub bytes_from_elsewhere: u64,
    /// How long it waited for these.
    pub waited: Duration,
}

thread_local! {
    static HERE: RefCell<Option<(Home, Dealings)>> = const { RefCell::new(None) };
}

/// The thread is at a home until this is dropped.
#[derive(Debug)]
pub struct AtHome(());

impl AtHome {
    /// What the thread has done so far.
    #[must_use]
    pub fn dealings(&self) -> Dealings {
        HERE.with(|here| here.borrow().as_ref().map(|(_, dealings)| dealings.clone())).unwrap_or_default()
    }
}

impl Drop for AtHome {
    fn drop(&mut self) {
        let gone = HERE.with(|here| here.borrow_mut().take());
        drop(gone);
    }
}

/// The calling thread receives.
pub(super) fn receiving() {
    HERE.with(|here| {
        if let Some((_, dealings)) = &mut *here.borrow_mut() {
            dealings.has_received = true;
        }
    });
}

/// The calling thread has waited so long for pieces of other homes.
pub(super) fn received(pieces: &[(u32, Arc<Payload>)], waited: Duration) {
    HERE.with(|here| {
        if let Some((_, dealings)) = &mut *here.borrow_mut() {
            let n_pieces = u32::try_from(pieces.len()).unwrap_or(u32::MAX);
            dealings.n_from_elsewhere = dealings.n_from_elsewhere.saturating_add(n_pieces);
            dealings.bytes_from_elsewhere += pieces.iter().map(|(_, piece)| piece.size_bytes()).sum::<u64>();
            dealings.waited += waited;
        }
    });
}

impl Home {
    /// A home that others find by `name`, whose pieces are in `exchange`. An answer, and what is waited for at a time, take
    /// `answer_bytes_max`, or one piece.
    #[must_use]
    pub fn new(
        name: Arc<[u8]>,
        exchange: Exchange,
        answer_bytes_max: u64,
        carrier: Box<dyn Carrier>,
    ) -> Self {
        let next_number = AtomicU64::new(RandomState::new().hash_one(0) >> 1);
        let kept = Mutex::default();
        Self(Arc::new(Shared { name, exchange, answer_bytes_max, carrier, kept, next_number }))
    }

    /// The home at which the calling thread works.
    #[must_use]
    pub fn here() -> Option<Self> {
        HERE.with(|here| here.borrow().as_ref().map(|(home, _)| home.clone()))
    }

    /// What the calling thread sends is at home here, until what is returned is dropped.
    #[must_use]
    pub fn enter(&self) -> AtHome {
        HERE.with(|here| *here.borrow_mut() = Some((self.clone(), Dealings::default())));
        AtHome(())
    }

    /// What a task sends the pieces of its input with, to `n_outputs` outputs.
    ///
    /// # Errors
    /// [`ErrorKind::OutOfMemory`].
    pub fn sender(&self, n_outputs: u32) -> Result<Sender> {
        Sender::at_home(self.clone(), self.0.exchange.clone(), n_outputs)
    }

    /// The part of what was asked for that fits an answer.
    ///
    /// # Errors
    /// Something that was sent is not here, or not any more; or it cannot be read.
    pub fn answer(&self, request: &PieceRequest) -> Result<PieceAnswer, Unanswered> {
        let bytes_max = request.bytes_max.min(self.0.answer_bytes_max);
        let mut answer = PieceAnswer::default();
        let mut answer_bytes = 0;
        let start = request.from;
        for (at, &number) in (0_u32..).zip(request.sent.iter()).skip(start.sent as usize) {
            let absent = || Unanswered { damaged: None, error: absent() };
            let index = self.kept(number).ok_or_else(absent)?;
            let pieces = index.of(request.output);
            let first = if at == start.sent { start.piece as usize } else { 0 };
            let pieces = pieces.get(first..).unwrap_or_default();
            if answer.next.is_some() {
                answer.bytes_left += pieces.iter().map(|(_, piece)| piece.bytes()).sum::<u64>();
                continue;
            }
            let n_bytes = pieces.iter().map(|(_, piece)| piece.bytes());
            let n_taken = n_bytes
                .take_while(|&bytes| {
                    let fits = answer_bytes == 0 || answer_bytes + bytes <= bytes_max;
                    answer_bytes += if fits { bytes } else { 0 };
                    fits
                })
                .take(N_PIECES_MAX - answer.pieces.len())
                .count();
            let (taken, left) = pieces.split_at(n_taken);
            if let [_, ..] = left {
                let piece = u32::try_from(first + n_taken).unwrap_or(u32::MAX);
                answer.next = Some(Position { sent: at, piece });
                answer.bytes_left = left.iter().map(|(_, piece)| piece.bytes()).sum();
            }
            for payload in local(taken.iter().map(|(_, piece)| Arc::clone(piece)).collect()) {
                let payload = payload.map_err(|error| Unanswered { damaged: Some(number), error })?;
                answer.pieces.push((at, payload));
            }
        }
        Ok(answer)
    }

    pub(super) fn name(&self) -> &Arc<[u8]> {
        &self.0.name
    }

    pub(super) fn answer_bytes_max(&self) -> u64 {
        self.0.answer_bytes_max
    }

    pub(super) fn carrier(&self) -> &dyn Carrier {
        &*self.0.carrier
    }

    /// The pieces of what was sent here under that number.
    pub(super) fn kept(&self, number: u64) -> Option<Index> {
        self.0.kept.lock().get(&number).cloned()
    }

    /// Keeps pieces until what is returned is dropped.
    pub(super) fn keep(&self, pieces: Index) -> Kept {
        let number = self.0.next_number.fetch_add(1, Ordering::Relaxed);
        self.0.kept.lock().insert(number, pieces.clone());
        HERE.with(|here| {
            if let Some((_, dealings)) = &mut *here.borrow_mut() {
                dealings.sent.push(number);
            }
        });
        Kept { home: self.clone(), number, pieces }
    }
}

fn absent() -> Error {
    ErrorKind::InvalidValue("pieces that are not here, or not any more".to_owned()).into()
}

/// Pieces that are at home here, and others may ask for.
pub(super) struct Kept {
    home: Home,
    pub number: u64,
    pub pieces: Index,
}

impl Kept {
    pub fn home_name(&self) -> &Arc<[u8]> {
        &self.home.0.name
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        let gone = self.home.0.kept.lock().remove(&self.number);
        drop(gone);
    }
}

impl fmt::Debug for Home {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Home({:?})", self.0.exchange)
    }
}
