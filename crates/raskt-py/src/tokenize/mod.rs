//! Tokens of Python objects: deterministic 128-bit names of content, the same in every process.
//!
//! [`walk::Walk`] goes through an object without recursion and writes a tagged encoding; every container and
//! every normalised object becomes one digest (a Merkle tree), so that shared parts are hashed once and cycles
//! are references by distance. Scalars, built-in containers, functions and plain NumPy arrays are encoded here;
//! any other type is first turned into a simpler form by a Python handler (`raskt._normalizers`).

mod array;
mod code;
mod entry;
mod function;
mod hooks;
mod open;
mod scalar;
mod sink;
mod table;
mod walk;
mod weak;

pub use entry::register;
pub(crate) use entry::token_of;
