//! The task-graph IR: layers and tables of tasks as data; cull, fuse, order, explain.
//!
//! Floor 1. Nothing here knows a collection, an executor, or Python.

#![cfg_attr(
    not(test),
    warn(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_possible_wrap)
)]

pub mod adjacency;
pub mod body;
pub mod cull;
mod encode;
pub mod explain;
pub mod fuse;
pub mod graph;
pub mod layer;
pub mod order;
pub mod outputs;
pub mod peak;
pub mod plan;
pub mod shapes;
pub mod table;

pub use adjacency::Adjacency;
pub use body::{Body, Foreign, Shipment};
pub use graph::{Annotations, Graph};
pub use layer::{KNOWN_RUNTIME, Known};
pub use table::{Keys, Subgraph, TableBuilder, TaskTable};
