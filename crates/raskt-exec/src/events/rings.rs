//! Which rings there are: one for each thread that runs tasks, given to another once the thread has ended.

use std::sync::{Arc, OnceLock};
use std::time::Instant;

use raskt_core::ProcessLock;

use super::ring::Ring;

/// Records a thread: at the pace of one in ten microseconds, a twelfth of a second.
const N_SLOTS: usize = 8192;
/// The most rings; threads beyond share none and record nothing.
const N_RINGS_MAX: usize = 1024;

/// A ring, and whose it is.
pub(super) struct Place {
    pub ring: Arc<Ring>,
    /// The thread's name.
    pub thread: Arc<str>,
    pub is_taken: bool,
}

pub(super) static PLACES: ProcessLock<Vec<Place>> = ProcessLock::new(Vec::new());

/// The moment from which this process counts.
fn epoch() -> Instant {
    static EPOCH: OnceLock<Instant> = OnceLock::new();
    *EPOCH.get_or_init(Instant::now)
}

/// Nanoseconds since the process's epoch: the clock of records.
#[must_use]
pub fn now_ns() -> u64 {
    since_epoch_ns(Instant::now())
}

/// A moment on the clock of records.
#[must_use]
pub fn since_epoch_ns(moment: Instant) -> u64 {
    u64::try_from(moment.saturating_duration_since(epoch()).as_nanos()).unwrap_or(u64::MAX)
}

/// A thread's claim to a ring.
struct Claim {
    at: usize,
    ring: Arc<Ring>,
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.ring.end();
        if let Some(place) = PLACES.lock().get_mut(self.at) {
            place.is_taken = false;
        }
    }
}

impl Claim {
    fn new() -> Option<Self> {
        let thread: Arc<str> = match std::thread::current().name() {
            Some(name) => name.into(),
            None => "thread".into(),
        };
        epoch();
        let mut places = PLACES.lock();
        let free = places.iter().position(|place| !place.is_taken && place.thread == thread);
        let free = free.or_else(|| places.iter().position(|place| !place.is_taken));
        if let Some(at) = free {
            let place = &mut places[at];
            (place.is_taken, place.thread) = (true, thread);
            return Some(Self { at, ring: Arc::clone(&place.ring) });
        }
        if places.len() >= N_RINGS_MAX {
            return None;
        }
        let ring = Arc::new(Ring::new(N_SLOTS));
        places.push(Place { ring: Arc::clone(&ring), thread, is_taken: true });
        Some(Self { at: places.len() - 1, ring })
    }
}

thread_local! {
    static HERE: std::cell::OnceCell<Option<Claim>> = const { std::cell::OnceCell::new() };
}

/// The calling thread's ring. None where threads are shuttle's, of which the rings know nothing, and on threads that end.
pub(super) fn here() -> Option<Arc<Ring>> {
    if cfg!(feature = "shuttle") {
        return None;
    }
    let claim = |here: &std::cell::OnceCell<Option<Claim>>| {
        here.get_or_init(Claim::new).as_ref().map(|claim| Arc::clone(&claim.ring))
    };
    HERE.try_with(claim).ok().flatten()
}
