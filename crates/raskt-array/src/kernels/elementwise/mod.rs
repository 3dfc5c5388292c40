//! Fused element-wise chains: programs over typed tiles.

pub(crate) mod casts;
mod complexes;
mod encoding;
pub(crate) mod exponential;
mod float_flags;
mod floats;
mod integers;
mod op;
mod prefetch;
mod prepared;
mod program;
mod run;
mod tile;
pub(crate) mod times;

pub(crate) use casts::cast;
pub(crate) use complexes::divide;
pub use op::Op;
pub(crate) use prepared::Prepared;
pub use program::{Operand, Program, ProgramBuilder, Register, Step};
pub(crate) use run::{Machine, run};
