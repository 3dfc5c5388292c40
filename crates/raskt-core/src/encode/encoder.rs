//! Writing: the bytes of a message, and what becomes of bulk and of foreign objects.

use xxhash_rust::xxh3::{Xxh3, xxh3_128};

use rustc_hash::FxHashMap;

use super::{EncodeOptions, message::VERSION, values};
use crate::{Buffer, ErrorKind, Fit, Function, FunctionId, Opaque, Payload, Result, Token};

/// In a hashing encoder, written bytes are handed to the hash when so many have gathered.
const HASH_FLUSH_BYTES: usize = 16 << 10;

/// Something with a canonical encoding.
///
/// A type that contains itself (a tree) wraps what it writes of its children in [`Encoder::nested`].
pub trait Encode {
    /// Writes this value; at least one byte if it can be an item of a sequence.
    ///
    /// # Errors
    /// [`ErrorKind::NotEncodable`] for foreign objects without an encoding and for too deep a nesting.
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()>;

    /// Writes the items of a sequence, its length apart; bytes do it at once.
    ///
    /// # Errors
    /// As [`Encode::encode`].
    fn encode_items(items: &[Self], out: &mut Encoder<'_>) -> Result<()>
    where
        Self: Sized,
    {
        items.iter().try_for_each(|item| item.encode(out))
    }
}

/// Gives foreign objects the content token that stands for them in the in-band form.
pub trait ForeignTokenizer {
    /// The token of what `object` contains: equal for equal objects, in any process.
    ///
    /// # Errors
    /// [`ErrorKind::NotEncodable`] where the object's content cannot be told.
    fn token(&self, object: &dyn Opaque) -> Result<Token>;
}

/// Where bulk goes.
enum Bulk {
    InBand,
    OutOfBand { buffers: Vec<Buffer>, min_bytes: usize },
    Hashed { flushed: Option<Box<Xxh3>> },
}

/// What becomes of foreign objects.
#[derive(Clone, Copy)]
enum Foreign<'a> {
    Refused,
    Tokenized(&'a dyn ForeignTokenizer),
    Encoded,
}

/// Where users' functions go.
enum Functions {
    /// Into the message, where each is first named: their places in it.
    InMessage(FxHashMap<FunctionId, u64>),
    /// Beside the message, which names them only.
    Beside(Vec<Function>),
}

/// Writes one message.
///
/// ```
/// use raskt_core::encode::{Encode, Encoder};
/// let mut out = Encoder::in_band();
/// "two".encode(&mut out)?;
/// 300u32.encode(&mut out)?;
/// assert_eq!(out.into_bytes(), b"\x01\x03two\xac\x02");
/// # Ok::<(), raskt_core::Error>(())
/// ```
pub struct Encoder<'a> {
    header: Vec<u8>,
    bulk: Bulk,
    foreign: Foreign<'a>,
    functions: Functions,
    depth_left: u32,
}

impl<'a> Encoder<'a> {
    /// An encoder of the canonical form; foreign objects are refused.
    #[must_use]
    pub fn in_band() -> Self {
        Self::new(Bulk::InBand, Foreign::Refused, EncodeOptions::default().depth_max)
    }

    /// An encoder of a payload; foreign objects write themselves.
    #[must_use]
    pub fn out_of_band(options: &EncodeOptions) -> Self {
        let bulk = Bulk::OutOfBand { buffers: Vec::new(), min_bytes: options.out_of_band_min_bytes };
        Self::new(bulk, Foreign::Encoded, options.depth_max)
    }

    /// An encoder of one run of bytes in which foreign objects write themselves, for streams.
    #[must_use]
    pub fn in_stream() -> Self {
        Self::new(Bulk::InBand, Foreign::Encoded, EncodeOptions::default().depth_max)
    }

    /// The same encoder, which only names users' functions: whoever sends the message sees to it that the other side
    /// has them ([`Encoder::take_functions`]).
    #[must_use]
    pub fn with_functions_beside(mut self) -> Self {
        self.functions = Functions::Beside(Vec::new());
        self
    }

    /// The users' functions that were named, each once, if they are not in the message.
    pub fn take_functions(&mut self) -> Vec<Function> {
        match &mut self.functions {
            Functions::InMessage(_) => Vec::new(),
            Functions::Beside(functions) => std::mem::take(functions),
        }
    }

    /// An encoder that keeps only the hash of the canonical form.
    pub(crate) fn hashing() -> Self {
        Self::new(Bulk::Hashed { flushed: None }, Foreign::Refused, EncodeOptions::default().depth_max)
    }

    fn new(bulk: Bulk, foreign: Foreign<'a>, depth_left: u32) -> Self {
        let functions = Functions::InMessage(FxHashMap::default());
        Self { header: vec![VERSION], bulk, foreign, functions, depth_left }
    }

    /// The same encoder, in which the content tokens that `tokenizer` gives stand for foreign objects.
    #[must_use]
    pub fn with_foreign_tokens(mut self, tokenizer: &'a dyn ForeignTokenizer) -> Self {
        self.foreign = Foreign::Tokenized(tokenizer);
        self
    }

    /// The message in band, version byte first; without what went out of band.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.header
    }

    /// The message, and the buffers that it refers to.
    #[must_use]
    pub fn into_payload(self) -> Payload {
        let buffers = match self.bulk {
            Bulk::OutOfBand { buffers, .. } => buffers,
            Bulk::InBand | Bulk::Hashed { .. } => Vec::new(),
        };
        Payload { header: self.header, buffers }
    }

    /// The hash of the message.
    pub(crate) fn into_hash(self) -> u128 {
        match self.bulk {
            Bulk::Hashed { flushed: Some(mut hash) } => {
                hash.update(&self.header);
                hash.digest128()
            }
            Bulk::InBand | Bulk::OutOfBand { .. } | Bulk::Hashed { flushed: None } => xxh3_128(&self.header),
        }
    }

    /// Writes one byte: a tag, a truth value.
    pub fn byte(&mut self, byte: u8) {
        self.header.push(byte);
    }

    /// Writes an unsigned integer in as few bytes as it needs.
    pub fn varint(&mut self, mut value: u64) {
        while value >= 0x80 {
            self.header.push(value.to_le_bytes()[0] | 0x80);
            value >>= 7;
        }
        self.header.push(value.fit::<u8>());
        if self.header.len() >= HASH_FLUSH_BYTES {
            self.flush();
        }
    }

    /// Writes a signed integer; small magnitudes are short.
    pub fn zigzag(&mut self, value: i64) {
        self.varint(((value << 1) ^ (value >> 63)).cast_unsigned());
    }

    /// Writes bytes as they are, without their number.
    pub fn raw(&mut self, bytes: &[u8]) {
        if let Bulk::Hashed { .. } = self.bulk
            && bytes.len() >= HASH_FLUSH_BYTES
        {
            self.flush();
            if let Bulk::Hashed { flushed: Some(hash) } = &mut self.bulk {
                return hash.update(bytes);
            }
        }
        self.header.extend_from_slice(bytes);
    }

    /// Writes text.
    pub fn text(&mut self, text: &str) {
        self.varint(text.len() as u64);
        self.raw(text.as_bytes());
    }

    /// Writes bulk in place.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.varint((bytes.len() as u64) << 1);
        self.raw(bytes);
    }

    /// Writes bulk: by reference in a payload if it is large, in place otherwise.
    pub fn buffer(&mut self, buffer: &Buffer) {
        if let Bulk::OutOfBand { buffers, min_bytes } = &mut self.bulk
            && buffer.len() >= *min_bytes
        {
            buffers.push(buffer.clone());
            self.varint((buffer.len() as u64) << 1 | 1);
        } else {
            self.bytes(buffer.as_slice());
        }
    }

    /// Writes one level deeper into a tree.
    ///
    /// # Errors
    /// [`ErrorKind::NotEncodable`] where that is too deep, and what `write` returns.
    pub fn nested(&mut self, write: impl FnOnce(&mut Self) -> Result<()>) -> Result<()> {
        self.depth_left = self.depth_left.checked_sub(1).ok_or_else(|| {
            let reason = "it is nested too deeply (or contains itself)";
            crate::Error::new(ErrorKind::NotEncodable(reason.to_owned()))
        })?;
        let written = write(self);
        self.depth_left += 1;
        written
    }

    /// Writes a foreign object: its payload, or the token of its content.
    ///
    /// # Errors
    /// [`ErrorKind::NotEncodable`] where neither is to be had.
    pub fn foreign(&mut self, object: &dyn Opaque) -> Result<()> {
        match self.foreign {
            Foreign::Refused => {
                let reason = format!("a {} object ({object:?}) has no canonical form", object.runtime());
                Err(ErrorKind::NotEncodable(reason).into())
            }
            Foreign::Tokenized(tokenizer) => {
                let token = tokenizer.token(object)?;
                self.byte(values::FOREIGN_TOKEN);
                self.text(object.runtime());
                token.encode(self)
            }
            Foreign::Encoded => {
                let payload = object.encode()?;
                self.byte(values::FOREIGN);
                self.text(object.runtime());
                self.varint(object.opened_bytes());
                self.payload(&payload);
                Ok(())
            }
        }
    }

    /// The function that `object` is, where this encoder writes foreign objects and it is one.
    pub(super) fn function_of(&self, object: &dyn Opaque) -> Result<Option<Function>> {
        match self.foreign {
            Foreign::Encoded => object.function(),
            Foreign::Refused | Foreign::Tokenized(_) => Ok(None),
        }
    }

    /// Names a user's function. Its content travels once a message, with the first mention, or beside it.
    pub fn function(&mut self, function: &Function) {
        match &mut self.functions {
            Functions::InMessage(places) => {
                let next = places.len() as u64;
                let place = *places.entry(*function.id()).or_insert(next);
                self.varint(place);
                if place == next {
                    self.payload(function.payload());
                }
            }
            Functions::Beside(functions) => {
                if !functions.iter().any(|known| known.id() == function.id()) {
                    functions.push(function.clone());
                }
                self.raw(function.id().as_bytes());
            }
        }
    }

    /// Writes a payload: its header in place, its buffers as bulk.
    pub fn payload(&mut self, payload: &Payload) {
        self.bytes(&payload.header);
        self.varint(payload.buffers.len() as u64);
        payload.buffers.iter().for_each(|buffer| self.buffer(buffer));
    }

    /// Hands what has gathered to the hash, if this encoder hashes.
    fn flush(&mut self) {
        if let Bulk::Hashed { flushed } = &mut self.bulk {
            flushed.get_or_insert_with(Box::default).update(&self.header);
            self.header.clear();
        }
    }
}
