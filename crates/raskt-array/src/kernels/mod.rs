//! Native kernels: what runs on blocks. Each is registered under a name (`array.elementwise`) and told by its
//! parameters what to do; see [`register`] for all of them, [`call`] to run one on values directly.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "offsets and counts lie in arrays whose memory `NdArray` has checked; values are cast by NumPy's rules"
)]

pub(crate) mod create;
mod crossing;
pub(crate) mod element;
pub(crate) mod elementwise;
mod float_status;
mod matmul;
pub(crate) mod memory;
mod nest;
pub(crate) mod parameters;
mod reduce;
mod registry;
mod relocate;
mod scalar;
mod search;
pub(crate) mod shapes;
pub(crate) mod simd;
mod table;
pub(crate) mod threads;

pub use elementwise::{Op, Operand, Program, ProgramBuilder, Register, Step};
pub use reduce::{FoldKind, FoldSpec, Measure, Stage};
pub use registry::{call, names, register, run_body};
pub(crate) use registry::{call_noting, converts};
pub use relocate::{Piece, assemble, own_copy, writable_copy};
pub use scalar::Scalar;
pub use shapes::{broadcast_shapes, normalize_axis};
pub use table::{KernelRow, table};
