//! A client: graphs go out to the scheduler, values come in from the workers that hold them.
//!
//! | module | what |
//! |---|---|
//! | `connect` | the connection to the scheduler: what comes in, and its end |
//! | `core` | [`Client`]: what users ask |
//! | `coordination` | locks, queues and the like, which clients share |
//! | `future` | [`Future`]: a value that somebody here wants, counted |
//! | `entry` | what is known of a key, and who waits for it |
//! | `fetch` | values from workers |
//! | `scatter` | values to workers |
//! | `peers` | connections to workers |

mod connect;
mod coordination;
mod core;
mod entry;
mod fetch;
mod future;
mod options;
mod peers;
mod reply;
mod scatter;

pub use coordination::{Answered, Asked};
pub use core::{Client, Wanted, WeakClient};
pub use entry::{Gate, State, Why};
pub use fetch::Fetched;
pub use future::Future;
pub use options::ClientOptions;
pub use reply::Reply;
pub use scatter::{Scatter, Spread};
