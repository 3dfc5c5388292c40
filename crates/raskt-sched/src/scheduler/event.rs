//! What a scheduler is told, and what it says.

use std::sync::Arc;

use crate::ids::{Attempt, ClientId, WorkerId};
use crate::messages::{FromClient, FromWorker, ToClient, ToWorker};

/// What happens to a scheduler.
#[derive(Clone, Debug)]
pub enum Event {
    /// A worker says something.
    Worker(WorkerId, FromWorker),
    /// A client says something.
    Client(ClientId, FromClient),
    /// A worker ended, or its connection did.
    WorkerLost {
        /// Which.
        worker: WorkerId,
        /// How, in words: an exit code, memory, a broken connection.
        how: Arc<str>,
        /// What its supervisor knows it was running, beside what it said itself.
        running: Vec<Attempt>,
    },
    /// A client's connection ended: it wants nothing any more.
    ClientLost(ClientId),
    /// A worker is to get no more tasks, give what it holds to others, and end.
    Retire(WorkerId),
    /// Time has passed. Said about once a second: silent workers are found, and loads are balanced again.
    Tick,
}

/// What a scheduler wants done.
#[derive(Clone, Debug)]
pub enum Action {
    /// Tell a worker. Messages to one worker arrive in this order, or its connection is lost.
    ToWorker(WorkerId, ToWorker),
    /// Tell a client; in this order, too.
    ToClient(ClientId, ToClient),
    /// Close the connection of a worker, which is taken for lost.
    Close(WorkerId),
}
