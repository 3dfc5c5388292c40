//! What clients share beside tasks: locks, semaphores, flags, queues, variables, topics, datasets, metadata, logs.
//!
//! A state machine as the scheduler is one, beside it: [`Coordination`]. Clients' requests go in, each with a number of the
//! client's, and each is answered once, at once or when its turn has come; a client that does not want to wait any longer
//! gives the request up. What a client that is gone held is released.
//!
//! Values are bytes that nobody here looks into, with the keys of tasks that they name. A key that is kept here is wanted on behalf of this machine,
//! and one that is handed to a client is wanted by that client from then on: the actions say so, in an order in which a value
//! is wanted by somebody at any time.
//!
//! | file | is for |
//! |---|---|
//! | `machine` | [`Coordination`], its events and actions |
//! | `request` | what clients ask, and what they are answered |
//! | `locks`, `semaphores`, `flags` | who may go on |
//! | `queues`, `variables`, `topics` | items that go from one client to others |
//! | `metadata` | what is kept under paths |
//! | `encode` | how requests and answers travel |
//! | `sanity` | what must hold at any time |

mod encode;
mod flags;
mod locks;
mod machine;
mod metadata;
mod queues;
mod request;
mod sanity;
mod semaphores;
#[cfg(test)]
mod tests;
mod topics;
mod variables;

pub use machine::{Coordination, CoordinationAction, CoordinationEvent, CoordinationOptions};
pub use request::{Answer, GuardRequest, Item, ItemRequest, RecordRequest, Refusal, Request};
