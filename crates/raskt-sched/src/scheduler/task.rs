//! One task: what is asked of it all the time.

use crate::ids::{ClientId, FamilyId, RestrictionId, TableId, WorkerId};
use crate::priority::Priority;
use crate::time::Time;

/// Where a task is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Nobody has the number.
    Vacant,
    /// Nobody needs its value, which may have been there.
    Released,
    /// A client is about to put its value onto workers.
    Reserved,
    /// Inputs are not in memory: so many, counted once for each mention.
    Waiting { n_missing: u32 },
    /// It could run, and is in a queue of the scheduler's.
    Queued(Place),
    /// It was sent to a worker.
    Assigned { worker: WorkerId, progress: Progress },
    /// Workers hold its value.
    InMemory,
    /// Its value does not come.
    Failed,
}

/// Which queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Any worker may take it.
    Anywhere,
    /// What it needs is at a worker that was busy.
    Home(WorkerId),
    /// Its restriction's.
    Restricted(RestrictionId),
}

/// What is known of an assignment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// The worker fetches inputs, or does something else first.
    Sent,
    /// The worker was asked to give it back, if it has not begun, since another one has nothing to do.
    Recalled { thief: WorkerId },
    /// The worker runs it.
    Running,
}

/// What the value of a task hangs on, beside the workers that hold it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ties {
    /// It names pieces of an exchange that are at the worker that made it: the first of its holders. Without that one it is lost.
    pub is_rooted: bool,
    /// It names pieces that its inputs stand for: it needs these as long as it is there, and is lost with any of them.
    pub needs_inputs: bool,
    /// The attempt that is about to be reported has received pieces: its value needs them no more.
    pub has_received: bool,
}

impl Ties {
    /// Whether whoever has the value needs pieces, too.
    pub fn is_tied(self) -> bool {
        self.is_rooted || self.needs_inputs
    }
}

impl State {
    /// Whether the task is on the way to a value, and so needs its inputs.
    pub fn is_active(self) -> bool {
        match self {
            Self::Waiting { .. } | Self::Queued(_) | Self::Assigned { .. } => true,
            Self::Vacant | Self::Released | Self::Reserved | Self::InMemory | Self::Failed => false,
        }
    }
}

/// What is asked of a task all the time.
#[derive(Clone, Debug)]
pub(crate) struct Task {
    pub state: State,
    /// How many tasks have had the number before.
    pub generation: u32,
    /// The next attempt's number.
    pub epoch: u32,
    pub priority: Priority,
    pub family: FamilyId,
    /// Whose it is: the client that asked for it first.
    pub client: ClientId,
    /// Mentions of its value by tasks that are active, by values that [need it](Ties), and by graphs of which slices are still
    /// to come.
    pub n_uses: u32,
    /// How long it is counted for in a queue or at a worker, in microseconds.
    pub estimate_us: u32,
    /// What it runs; without it, it is data that a client scattered.
    pub work: Option<(TableId, u32)>,
    pub restriction: Option<RestrictionId>,
    /// It has become a graph, whose output it is.
    pub is_grown: bool,
    pub ties: Ties,
    /// Attempts that may still raise without it being given up.
    pub n_retries: u16,
    pub n_retries_max: u16,
    pub n_bytes: u64,
    /// When it was last queued, sent or begun.
    pub since: Time,
}

impl Task {
    /// Whether it needs its inputs.
    pub fn uses_inputs(&self) -> bool {
        self.state.is_active() || (self.state == State::InMemory && self.ties.needs_inputs)
    }

    /// A task that nobody needs yet.
    pub fn new(client: ClientId, priority: Priority, family: FamilyId, work: Option<(TableId, u32)>) -> Self {
        Self {
            state: State::Released,
            generation: 0,
            epoch: 0,
            priority,
            family,
            client,
            n_uses: 0,
            estimate_us: 0,
            work,
            restriction: None,
            is_grown: false,
            ties: Ties::default(),
            n_retries: 0,
            n_retries_max: 0,
            n_bytes: 0,
            since: Time::default(),
        }
    }
}

const _: () = assert!(size_of::<Task>() <= 96, "a task is at most 128 bytes with the heads of its lists");
