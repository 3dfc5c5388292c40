//! What decides what runs, where memory goes and what becomes of values: one state machine without a lock, a clock, a
//! thread or I/O. [Events](Event) come in, [actions](Actions) go out; whoever drives it does what they say.
//!
//! A machine computes graphs of any number of owners. Graphs may be added while others run, need tasks of each other
//! and values that other machines have. The threads of this process drive a machine for each run (`run`); a worker of a
//! cluster drives one for all that it was given.
//!
//! - `tasks`: where each task is in its life; `growth`: tasks that become graphs; `lineage`: the transitions that are rare; `queue`, `ready`: what could
//!   start, in order; `segment`: where the tables are.
//! - `admission`: what may start under the budget; `forecast`: how large results will be.
//! - `transition`: what each event changes.

mod admission;
mod cell;
mod event;
mod forecast;
mod graph;
mod growth;
mod lineage;
mod queue;
mod ready;
mod sanity;
mod segment;
mod state;
mod tasks;
mod transition;

pub use event::{Actions, Ended, Event, Wait};
pub use graph::{Graph, Input, OwnerId, OwnerOptions};
pub use segment::Lanes;
pub use state::{Machine, MachineOptions};
