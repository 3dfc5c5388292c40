//! A pool of child processes that run a graph's tasks: spawned, never forked; kept warm; shared memory between.
//!
//! The parent keeps the run: order, admission, values and spilling are those of every other executor. A driver a
//! child takes tasks that are ready, packs and ships them, and reports what came back. Small things travel in
//! frames over a socket, bulk in shared memory that is written once and mapped on the other side. A foreign value
//! that only feeds other tasks stays sealed: the parent forwards it without looking inside.
//!
//! | module | what |
//! |---|---|
//! | `shared`, `wire`, `bell`, `command` | the operating system: memory, sockets, sleeping, processes |
//! | `arena`, `traffic`, `parcel` | shared memory: blocks, who looks at them, payloads that refer to them |
//! | `call`, `graph`, `sealed` | what travels |
//! | `child` | a child's life |
//! | `driver`, `hub`, `pool` | the parent's side |

mod arena;
mod bell;
mod call;
mod child;
mod command;
mod driver;
#[cfg(test)]
mod fuzz;
mod graph;
mod hub;
mod parcel;
mod pool;
mod shared;
mod traffic;
mod wire;

pub use call::{pack_alone, run_packed};
pub use child::{serve, serve_on_stdin};
pub use command::{ChildCommand, TOKEN_VARIABLE};
pub use hub::PoolOptions;
pub use pool::{ProcessPool, Setup};
