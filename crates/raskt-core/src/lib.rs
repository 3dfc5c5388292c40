//! What every other crate of Raskt speaks in: keys, typed ids, dtypes, shapes, chunks, values and
//! their canonical encoding, error kinds.
//!
//! Floor 0. Nothing here does I/O, reads the environment, or knows what a task is.

pub mod buffer;
pub mod dtype;
pub mod encode;
pub mod error;
pub mod key;
pub mod ndarray;
pub mod opaque;
pub mod param;
pub mod token;
pub mod value;

pub use buffer::{Buffer, BufferOwner, OwnerId};
pub use dtype::DType;
pub use error::{Error, ErrorKind, Result};
pub use key::{Block, Key, Name};
pub use ndarray::NdArray;
pub use opaque::{ForeignDecode, Opaque, Payload};
pub use param::Param;
pub use token::{Token, Tokenizer};
pub use value::Value;
