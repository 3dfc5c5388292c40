//! Graphs of layers, and how they become tables of tasks.

mod block_set;
mod expansion;
mod keys;
mod layered;
mod missing;

pub use keys::LayerKeys;
pub use layered::Graph;
