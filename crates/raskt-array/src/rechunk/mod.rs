//! The same elements in other blocks.

mod build;
mod candidates;
mod cost;
mod later;
mod lower;
mod overlap;
mod plan;
mod table;

pub use build::to;
pub use cost::Travel;
pub use later::SPECS;
pub(crate) use later::{balanced, blocks_spec};
pub use lower::{LIMIT, METHOD, THRESHOLD, excesses, join_body};
pub use plan::{BLOCK_BYTES, Rules, Step, plan};
pub use table::rows;
