//! Graphs of layers, and how they become tables of tasks.

mod annotations;
mod block_set;
mod expansion;
mod keys;
mod layered;
mod message;
mod missing;

pub use annotations::Annotations;
pub use keys::LayerKeys;
pub use layered::Graph;
pub use message::{GRAPH_MAGIC, GRAPH_VERSION};
