//! Layers: the closed vocabulary in which collections say what is to be done, as data.
//!
//! A layer answers for any of its blocks what it needs, who needs a block, and what runs; see [`Layer`].

mod any;
mod blockwise;
mod bodies;
mod concatenate;
mod cut;
mod formula;
pub(crate) mod grid;
mod known;
mod operand;
mod overlap;
mod raw;
mod rechunk;
mod reduce;
mod shipped;
mod shuffle;
mod slice;
mod source;

pub use any::{LAYER_VERSION, Layer};
pub use blockwise::{Along, Blockwise, BlockwiseParts, Contraction, Indexed, Letter};
pub use concatenate::{Concatenate, Joint};
pub use cut::{AxisCut, Part, Parts, Region};
pub use formula::Formula;
pub use grid::Grid;
pub use known::{KNOWN_RUNTIME, Known};
pub use operand::{Input, Operand, Origin, Place, Returns, Task};
pub use overlap::{Boundary, Margin, Overlap};
pub use raw::Raw;
pub use rechunk::{AxisRechunk, Rechunk, Transport};
pub use reduce::{Neighbours, ReducedAxes, ReducedAxis, TreeReduce, TreeReduceParts};
pub use shipped::Shipped;
pub use shuffle::Shuffle;
pub use slice::Slice;
pub use source::Source;
