//! The cluster for Python: its scheduler, its workers, its clients.
//!
//! | module | what |
//! |---|---|
//! | `scheduler` | a scheduler in this process |
//! | `worker` | a worker in this process |
//! | `client` | a client: what Python calls |
//! | `coordination` | what clients share beside tasks |
//! | `batch` | calls that were submitted and wait to be sent together |
//! | `future` | a value on the cluster, as an object and as an expression |
//! | `graph` | expressions into a graph that is sent |
//! | `known` | values on a cluster in graphs that are computed here |
//! | `failure` | why a value does not come, as an exception |
//! | `aside` | tasks that wait let their worker run others |
//! | `runtime` | the threads that speak to other processes |

mod aside;
mod batch;
mod client;
mod coordination;
mod failure;
mod future;
mod graph;
mod known;
mod register;
mod runtime;
mod scheduler;
mod worker;

pub use future::{ClusterFuture, FutureCall, settle_wanted};
pub use known::KnownRuntime;
pub use register::register;
pub use runtime::after_fork_in_child;
