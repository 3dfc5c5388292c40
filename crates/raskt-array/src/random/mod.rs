//! Random numbers from counter-based streams.
//!
//! An element's number depends on the seed and on the element's place in the whole array, and on nothing else: not on
//! chunks, threads or machines. Element `i` gets word `i` of NumPy's `Philox(key=key)`; where a method rejects, it goes
//! on with words of a stream that belongs to the element alone.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    reason = "words of random bits are cut into parts, and places lie in the array"
)]

mod body;
mod continuous;
mod discrete;
mod distribution;
mod philox;
mod seed;
mod stream;
mod ziggurat;

pub(crate) use body::{prepare, random};
pub use distribution::Distribution;
pub use philox::philox4x64;
pub use seed::SeedSequence;
