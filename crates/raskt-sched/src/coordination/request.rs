//! What clients ask, and what they are answered.

use std::fmt;
use std::sync::Arc;

use raskt_core::{Key, Name};

use crate::time::Time;

/// What goes from one client to others: an object of users', which nobody here looks into, and the values that it names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Item {
    /// Bytes that mean something to clients.
    pub bytes: Arc<[u8]>,
    /// Values of tasks: wanted here while the item is kept, and then by whom it is handed to.
    pub keys: Vec<Key>,
}

/// What a client asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Request {
    /// Of locks, semaphores and flags.
    Guard(GuardRequest),
    /// Of queues, variables and topics.
    Item(ItemRequest),
    /// Of logs, datasets and metadata.
    Record(RecordRequest),
}

impl From<GuardRequest> for Request {
    fn from(request: GuardRequest) -> Self {
        Self::Guard(request)
    }
}

impl From<ItemRequest> for Request {
    fn from(request: ItemRequest) -> Self {
        Self::Item(request)
    }
}

impl From<RecordRequest> for Request {
    fn from(request: RecordRequest) -> Self {
        Self::Record(request)
    }
}

/// What a client asks of locks, semaphores and flags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GuardRequest {
    /// Hold so many of these locks together; answered with [`Answer::Done`] once it does. Who came first goes first.
    Acquire {
        /// The locks. They are there as soon as they are named.
        names: Vec<Name>,
        /// How many of them, whichever are free first.
        n: usize,
    },
    /// Hold the locks no more that the request of this number got.
    ReleaseLocks(u64),
    /// Whether somebody holds a lock: [`Answer::Flag`].
    IsLocked(Name),
    /// Hold one of the leases of a semaphore; answered with [`Answer::Done`] once it does.
    AcquireLease {
        /// The semaphore.
        name: Name,
        /// How many leases it has.
        n_max: usize,
    },
    /// The leases that requests of these numbers got are still used: they end so much later.
    RefreshLeases(Vec<u64>),
    /// The lease is not used any more that the request of this number got.
    ReleaseLease(u64),
    /// How many leases of a semaphore are held: [`Answer::Number`].
    CountLeases(Name),
    /// A semaphore is not used any more: its leases end, and who waits for one is refused.
    CloseSemaphore(Name),
    /// Set a flag: who waits for it goes on.
    Set(Name),
    /// Clear a flag.
    Clear(Name),
    /// Whether a flag is set: [`Answer::Flag`].
    IsSet(Name),
    /// Wait until a flag is set.
    AwaitSet(Name),
}

/// What a client asks of queues, variables and topics.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ItemRequest {
    /// Use a queue, which is there from then on.
    OpenQueue {
        /// The queue.
        name: Name,
        /// How many items it takes; the first client says.
        n_max: Option<usize>,
    },
    /// Use a queue no more; it goes, with its items, when nobody uses it.
    CloseQueue(Name),
    /// Put an item into a queue, when there is room.
    Put(Name, Item),
    /// Take items out of a queue when there are enough: [`Answer::Items`]. Who came first is served first.
    Get {
        /// The queue.
        name: Name,
        /// At least so many.
        n_min: usize,
        /// At most so many.
        n_max: usize,
    },
    /// How many items are in a queue: [`Answer::Number`].
    CountItems(Name),
    /// Give a variable a value.
    SetVariable(Name, Item),
    /// The value of a variable, once it has one: [`Answer::Items`].
    GetVariable(Name),
    /// Forget the value of a variable.
    DeleteVariable(Name),
    /// Get what is published under a topic from then on.
    Subscribe(Name),
    /// Get it no more.
    Unsubscribe(Name),
    /// Give an item to who has subscribed: [`Answer::Number`] says how many.
    Publish(Name, Item),
}

/// What a client asks of logs, datasets and metadata.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordRequest {
    /// Keep bytes in the log of a topic, and give them to who has subscribed.
    Log(Name, Arc<[u8]>),
    /// The log of a topic, the oldest entry first: [`Answer::Log`].
    GetLog(Name),
    /// Names of topics with a log: [`Answer::Names`].
    ListLogs,
    /// Keep a dataset under a name.
    PublishDataset {
        /// The name.
        name: Name,
        /// What it is.
        item: Item,
        /// Whether one that is there is replaced.
        replaces: bool,
    },
    /// Keep a dataset no more.
    UnpublishDataset(Name),
    /// A dataset: [`Answer::Items`].
    GetDataset(Name),
    /// Names of datasets: [`Answer::Names`].
    ListDatasets,
    /// Keep bytes under a path, in place of all below it.
    SetMetadata(Vec<Name>, Arc<[u8]>),
    /// All at a path and below it, or what is kept above it: [`Answer::Metadata`].
    GetMetadata(Vec<Name>),
}

/// What a client is answered, once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// What was asked for is done.
    Done,
    /// Whether it is so.
    Flag(bool),
    /// How many.
    Number(usize),
    /// Items. The client wants the keys among them, once more each.
    Items(Vec<Item>),
    /// Names, in order.
    Names(Vec<Name>),
    /// Paths, and what is kept there.
    Metadata(Vec<(Vec<Name>, Arc<[u8]>)>),
    /// When, and what.
    Log(Vec<(Time, Arc<[u8]>)>),
    /// The client gave the request up before its turn came.
    GivenUp,
    /// It cannot be.
    Refused(Refusal),
}

/// Why a request is not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A request asks for more of something than there can be.
    TooMany {
        /// How many it asks for.
        n: usize,
        /// How many there can be.
        n_max: usize,
    },
    /// The request of this number holds nothing: it never did, has released it, or its lease has ended.
    NotHeld(u64),
    /// A semaphore is there with another number of leases.
    OtherSize {
        /// Its name.
        name: Name,
        /// How many leases it has.
        n_max: usize,
    },
    /// Somebody has closed it.
    Closed(Name),
    /// A dataset of the name is there.
    Exists(Name),
    /// Nothing of the name is there.
    Missing(Name),
    /// Something is kept at a path above, which is not a place for others.
    NotAPlace(Vec<Name>),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooMany { n, n_max } => {
                write!(f, "{n} are asked for, and there cannot be more than {n_max}")
            }
            Self::NotHeld(_) => write!(f, "it is not held: it was released, or its lease has ended"),
            Self::OtherSize { name, n_max } => write!(f, "{name} is there, with {n_max} leases"),
            Self::Closed(name) => write!(f, "{name} was closed"),
            Self::Exists(name) => write!(f, "a dataset {name} is published already"),
            Self::Missing(name) => write!(f, "{name} is not there"),
            Self::NotAPlace(path) => {
                let path: Vec<&str> = path.iter().map(Name::as_str).collect();
                write!(f, "a value is kept at {}, so that none can be below it", path.join("/"))
            }
        }
    }
}

impl std::error::Error for Refusal {}
