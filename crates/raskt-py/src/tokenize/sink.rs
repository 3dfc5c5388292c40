//! The tagged byte encoding that is hashed. Every piece carries a tag and, where its length varies, the length,
//! so that different contents never share bytes.

use xxhash_rust::xxh3::{Xxh3, xxh3_128};

/// Changed whenever the encoding changes, so that tokens of two layouts never meet.
pub(super) const VERSION: u8 = 1;

/// Byte strings longer than this are replaced by their digest; shorter ones are copied.
const INLINE_MAX: usize = 256;

/// What a piece of the encoding is. The numbers are part of every token.
#[derive(Clone, Copy)]
#[repr(u8)]
pub(super) enum Tag {
    None = 1,
    False,
    True,
    Int,
    BigInt,
    Float,
    Complex,
    Str,
    StrSurrogates,
    Bytes,
    ByteArray,
    Ellipsis,
    NotImplemented,
    Slice,
    Range,
    List,
    Tuple,
    Dict,
    Set,
    FrozenSet,
    /// A digest that stands for a container or a normalised object.
    Node,
    /// A digest that stands for the elements written so far of a long sequence.
    Chunk,
    /// A container that is being walked, by its distance.
    Back,
    Normalized,
    Function,
    InstalledFunction,
    Code,
    Named,
    Array,
    NumpyScalar,
    /// A value that has no token, in a place where its owner's name and its type are enough.
    Placeholder,
    Random,
    Keywords,
}

/// The digest of some bytes.
pub(super) fn digest(bytes: &[u8]) -> u128 {
    xxh3_128(bytes)
}

/// Hashes bytes that do not lie together. Equal bytes give what [`digest`] gives.
pub(super) struct Stream(Box<Xxh3>);

impl Stream {
    pub(super) fn new() -> Self {
        Self(Box::new(Xxh3::new()))
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    pub(super) fn finish(&self) -> u128 {
        self.0.digest128()
    }
}

/// The buffer that the encoding is written to, with segments that are replaced by their digests.
pub(super) struct Sink(Vec<u8>);

impl Sink {
    pub(super) fn new() -> Self {
        let mut bytes = Vec::with_capacity(256);
        bytes.push(VERSION);
        Self(bytes)
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn tag(&mut self, tag: Tag) {
        self.0.push(tag as u8);
    }

    pub(super) fn size(&mut self, size: usize) {
        self.0.extend_from_slice(&(size as u64).to_le_bytes());
    }

    pub(super) fn byte(&mut self, byte: u8) {
        self.0.push(byte);
    }

    pub(super) fn int(&mut self, value: i64) {
        self.tag(Tag::Int);
        self.0.extend_from_slice(&value.to_le_bytes());
    }

    /// Bits of a float; every NaN is one NaN, because no Python code can tell them apart.
    pub(super) fn float_bits(&mut self, value: f64) {
        let bits = if value.is_nan() { f64::NAN.to_bits() } else { value.to_bits() };
        self.0.extend_from_slice(&bits.to_le_bytes());
    }

    pub(super) fn digest(&mut self, digest: u128) {
        self.0.extend_from_slice(&digest.to_le_bytes());
    }

    pub(super) fn tagged_digest(&mut self, tag: Tag, digest: u128) {
        self.tag(tag);
        self.digest(digest);
    }

    /// Bytes with their length; long ones by their digest.
    pub(super) fn bytes(&mut self, tag: Tag, bytes: &[u8]) {
        self.tag(tag);
        self.size(bytes.len());
        if bytes.len() <= INLINE_MAX {
            self.0.extend_from_slice(bytes);
        } else {
            self.digest(digest(bytes));
        }
    }

    /// The digest of everything from `start` on, which is removed.
    pub(super) fn take_digest(&mut self, start: usize) -> u128 {
        let found = digest(&self.0[start..]);
        self.0.truncate(start);
        found
    }
}
