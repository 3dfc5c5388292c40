//! What every other crate of Raskt speaks in: keys, typed ids, dtypes, shapes, chunks, values and
//! their canonical encoding, content tokens, error kinds, options.
//!
//! Floor 0. Nothing here does I/O, reads the environment, or knows what a task is.
//!
//! | module | what |
//! |---|---|
//! | [`key`] | [`Key`]: what a value is called: an interned name, a block index, which output |
//! | [`id`] | [`typed_id!`] and [`Arena`]: dense numbers of one kind, and what they index |
//! | [`value`], [`ndarray`], [`buffer`], [`dtype`] | [`Value`]: what tasks make and need; memory is accounted by owner |
//! | [`opaque`] | objects of a foreign runtime, and how they become [`Payload`]s |
//! | [`sealed`] | such objects in a process that does not know their runtime |
//! | [`function`] | users' functions, known by the hash of their content |
//! | [`param`] | [`Param`]: small trees of plain data that a body is called with |
//! | [`encode`] | one versioned binary form of all this, in band and out of band |
//! | [`token`] | [`Token`]: the hash of that form; equal content has equal tokens everywhere |
//! | [`chunk`] | [`Chunks`]: how arrays are cut, and what people write for it |
//! | [`options`] | what whoever asks for a graph may decide |
//! | [`error`] | [`Error`]: what went wrong, in which task |
//!
//! # Example
//!
//! An array is named, cut and tokenised; a block of it crosses to another process without a copy of its
//! bulk.
//!
//! ```
//! use raskt_core::chunk::{AxisSpec, ChunkRequest, ChunkSpec};
//! use raskt_core::encode::{Limits, decode_value, encode_value};
//! use raskt_core::opaque::NoForeign;
//! use raskt_core::{Buffer, DType, Key, NdArray, Param, Token, Value};
//!
//! // 1,000 × 1,000 floats in blocks of at most 2 MiB.
//! let shape = [Some(1000), Some(1000)];
//! let array = ChunkRequest { shape: &shape, item_bytes: Some(8), limit_bytes: 2 << 20, previous: None };
//! let chunks = ChunkSpec::All(AxisSpec::Auto).normalize(&array)?;
//! assert_eq!(chunks.to_string(), "((512, 488), (512, 488))");
//!
//! // Its name says what it contains: the same zeros in the same chunks are the same array.
//! let token = Token::of(&(Param::map([("fill", Param::Float(0.0))]), &chunks))?;
//! let name = format!("zeros-{token}");
//!
//! // The block that holds element (700, 3), and its key.
//! let (block, _) = chunks.locate(&[700, 3])?;
//! let key = Key::block(name.as_str(), &block);
//! assert_eq!(key.block.as_slice(), [1, 0]);
//!
//! let block = NdArray::contiguous(DType::Float64, &[488, 512], Buffer::zeroed(488 * 512 * 8)?)?;
//! let payload = encode_value(&Value::from(block.clone()))?;
//! assert_eq!(payload.buffers[0].owner_id(), block.buffer().owner_id());
//! assert_eq!(decode_value(payload, &NoForeign, &Limits::default())?, Value::from(block));
//! # Ok::<(), raskt_core::Error>(())
//! ```

#![cfg_attr(
    not(test),
    warn(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_possible_wrap)
)]

pub mod allocation;
pub mod buffer;
pub mod chunk;
pub mod dtype;
pub mod encode;
pub mod error;
pub mod function;
mod huge;
pub mod id;
pub mod key;
pub mod ndarray;
pub mod number;
pub mod opaque;
pub mod options;
pub mod param;
mod process_lock;
mod recycled;
mod recycling;
mod room;
pub mod sealed;
pub mod token;
pub mod value;

pub use buffer::{Buffer, BufferOwner, OwnerId};
pub use chunk::{AxisChunks, Chunks};
pub use dtype::{DType, TimeUnit};
pub use error::{Error, ErrorKind, Result};
pub use function::{Function, FunctionId};
pub use huge::{prefer_huge_pages, vast_vec};
pub use id::{Arena, DenseId};
pub use key::{Block, Key, Name};
pub use ndarray::{NdArray, Shape, Strides};
pub use number::{Fit, FitFrom};
pub use opaque::{ForeignDecode, Opaque, Payload};
pub use options::ErrorPolicy;
pub use param::Param;
pub use process_lock::{ProcessGuard, ProcessLock};
pub use recycled::set_recycling;
pub use recycling::RecyclingAllocator;
pub use room::has_room;
pub use sealed::{KeepSealed, Sealed};
pub use token::{Token, Tokenizer};
pub use value::Value;
