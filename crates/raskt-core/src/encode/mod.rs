//! The canonical encoding: one versioned binary form of values, parameters, keys, dtypes, arrays and
//! errors, which higher crates use for types of their own through [`Encode`] and [`Decode`].
//!
//! One codec, two forms:
//!
//! * **in band** ([`encode_canonical`]): one run of bytes. Equal values have equal bytes and different
//!   values different ones, on every platform and in every process: content tokens hash it, golden files
//!   hold it, parameters travel in it. Arrays are written in C order whatever their strides, maps in the
//!   order of their names, floats by their bits. A foreign object has no such form; where the caller
//!   supplies a [`ForeignTokenizer`], its content token stands for it (and does not decode).
//! * **out of band** ([`encode_value`], [`encode_payload`]): a [`Payload`](crate::Payload) whose header
//!   is the same encoding, except that bulk of at least
//!   [`EncodeOptions::out_of_band_min_bytes`] is not copied but referenced, in order, from the payload's
//!   buffers. A foreign object is written by its own runtime; its buffers join the payload's.
//!
//! # The bytes
//!
//! A message is the version byte ([`VERSION`]) and a body. Unsigned integers are LEB128, in as few bytes
//! as they need; signed ones are zigzagged first; floats are their 8 or 4 bytes, little-endian. Text is
//! its length in bytes and UTF-8; a sequence is its length and items; an option is 0, or 1 and the item;
//! a tuple or struct is its fields. Bulk is `length * 2` and the bytes, or `length * 2 + 1` where the
//! bytes are the next out-of-band buffer. [`Value`](crate::Value), [`Param`](crate::Param),
//! [`DType`](crate::DType) and [`ErrorKind`](crate::ErrorKind) begin with a tag from ranges that do not
//! overlap.
//!
//! # What decoding promises
//!
//! Whatever the bytes, it neither panics nor recurses deeper than [`Limits::depth_max`], and it holds
//! memory in proportion to the bytes it was given: a length is believed only as far as the rest of the
//! input could fill it. It accepts canonical bytes only: a longer varint than needed, an unsorted map or
//! bytes left over are [`ErrorKind::Corrupt`](crate::ErrorKind::Corrupt), as are an unknown tag or
//! version; the message says at which byte. (One word is not kept whatever the input: of the `expected` of
//! [`ErrorKind::WrongType`](crate::ErrorKind::WrongType), which lives as long as the program, a process keeps
//! only the first 512 different ones.)
//!
//! # Types of other crates
//!
//! ```
//! use raskt_core::encode::{Decode, Decoder, Encode, Encoder, Limits, decode_canonical, encode_canonical};
//! use raskt_core::{Key, Result};
//!
//! #[derive(Debug, PartialEq)]
//! struct Alias { from: Key, to: Key }
//!
//! impl Encode for Alias {
//!     fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
//!         self.from.encode(out)?;
//!         self.to.encode(out)
//!     }
//! }
//!
//! impl Decode for Alias {
//!     fn decode(input: &mut Decoder<'_>) -> Result<Self> {
//!         Ok(Self { from: Key::decode(input)?, to: Key::decode(input)? })
//!     }
//! }
//!
//! let alias = Alias { from: Key::named("a"), to: Key::block("b", &[2]) };
//! let bytes = encode_canonical(&alias)?;
//! assert_eq!(decode_canonical::<Alias>(&bytes, &Limits::default())?, alias);
//! # Ok::<(), raskt_core::Error>(())
//! ```

mod decoder;
mod encoder;
mod errors;
mod keys;
mod message;
mod options;
mod params;
mod plain;
mod values;

pub use decoder::{Decode, Decoder, Functions};
pub use encoder::{Encode, Encoder, ForeignTokenizer};
pub use message::{
    VERSION, decode_canonical, decode_payload, decode_value, encode_canonical, encode_payload, encode_value,
};
pub use options::{EncodeOptions, Limits};
