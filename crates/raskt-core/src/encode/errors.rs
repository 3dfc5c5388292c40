//! The encoding of errors, so that a child process can hand them over whole.

use super::{Decode, Decoder, Encode, Encoder};
use crate::process_lock::ProcessLock;
use crate::{Error, ErrorKind, Fit, Key, Result};

const CYCLE: u8 = 0x60;
const MISSING_KEY: u8 = 0x61;
const KEY_CLASH: u8 = 0x62;
const INVALID_GRAPH: u8 = 0x63;
const UNKNOWN_BODY: u8 = 0x64;
const WRONG_TYPE: u8 = 0x65;
const SHAPE_MISMATCH: u8 = 0x66;
const INVALID_VALUE: u8 = 0x67;
const CORRUPT: u8 = 0x68;
const NOT_ENCODABLE: u8 = 0x69;
const IO: u8 = 0x6a;
const DISK_FULL: u8 = 0x6b;
const RAISED: u8 = 0x6c;
const PANICKED: u8 = 0x6d;
const WORKER_DIED: u8 = 0x6e;
const CANCELLED: u8 = 0x6f;
const NOT_IMPLEMENTED: u8 = 0x70;
const MANY: u8 = 0x71;
const OUT_OF_BOUNDS: u8 = 0x72;
const SYSTEM: u8 = 0x73;
const OUT_OF_MEMORY: u8 = 0x74;
const FLOATING_POINT: u8 = 0x75;
const UNKNOWN_COLUMN: u8 = 0x76;
const UNPARSABLE: u8 = 0x77;
const DAMAGED: u8 = 0x78;
const REPEATED_KEYS: u8 = 0x79;

const fn tag_of(kind: &ErrorKind) -> u8 {
    match kind {
        ErrorKind::Cycle(_) => CYCLE,
        ErrorKind::MissingKey { .. } => MISSING_KEY,
        ErrorKind::KeyClash(_) => KEY_CLASH,
        ErrorKind::InvalidGraph(_) => INVALID_GRAPH,
        ErrorKind::UnknownBody(_) => UNKNOWN_BODY,
        ErrorKind::WrongType { .. } => WRONG_TYPE,
        ErrorKind::ShapeMismatch { .. } => SHAPE_MISMATCH,
        ErrorKind::OutOfBounds { .. } => OUT_OF_BOUNDS,
        ErrorKind::InvalidValue(_) => INVALID_VALUE,
        ErrorKind::Corrupt(_) => CORRUPT,
        ErrorKind::Damaged { .. } => DAMAGED,
        ErrorKind::NotEncodable(_) => NOT_ENCODABLE,
        ErrorKind::Io { .. } => IO,
        ErrorKind::System { .. } => SYSTEM,
        ErrorKind::DiskFull { .. } => DISK_FULL,
        ErrorKind::OutOfMemory { .. } => OUT_OF_MEMORY,
        ErrorKind::Raised => RAISED,
        ErrorKind::Panicked(_) => PANICKED,
        ErrorKind::WorkerDied { .. } => WORKER_DIED,
        ErrorKind::Cancelled => CANCELLED,
        ErrorKind::NotImplemented(_) => NOT_IMPLEMENTED,
        ErrorKind::FloatingPoint(_) => FLOATING_POINT,
        ErrorKind::UnknownColumn(_) => UNKNOWN_COLUMN,
        ErrorKind::Unparsable { .. } => UNPARSABLE,
        ErrorKind::RepeatedKeys(_) => REPEATED_KEYS,
        ErrorKind::Many(_) => MANY,
    }
}

impl Encode for ErrorKind {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        out.byte(tag_of(self));
        match self {
            Self::Raised | Self::Cancelled => Ok(()),
            Self::Cycle(path) => path.encode(out),
            Self::MissingKey { key, path } => (key, path).encode(out),
            Self::WrongType { expected, found } => (expected, found).encode(out),
            Self::ShapeMismatch { left, right } => (left, right).encode(out),
            Self::OutOfBounds { index, axis, size } => (index, *axis as u64, size).encode(out),
            Self::Io { path, reason } => (path, reason).encode(out),
            Self::System { what, reason } => (what, reason).encode(out),
            Self::DiskFull { path, needed_bytes } => (path, needed_bytes).encode(out),
            Self::OutOfMemory { needed_bytes } => needed_bytes.encode(out),
            Self::Unparsable { what, is_empty } => (what, is_empty).encode(out),
            Self::Damaged { file, offset, what } => (file, offset, what).encode(out),
            Self::WorkerDied { pid, status } => (pid, status).encode(out),
            Self::Many(errors) => out.nested(|out| errors.encode(out)),
            Self::KeyClash(words)
            | Self::InvalidGraph(words)
            | Self::UnknownBody(words)
            | Self::InvalidValue(words)
            | Self::Corrupt(words)
            | Self::NotEncodable(words)
            | Self::Panicked(words)
            | Self::NotImplemented(words)
            | Self::FloatingPoint(words)
            | Self::RepeatedKeys(words)
            | Self::UnknownColumn(words) => words.encode(out),
        }
    }
}

impl Decode for ErrorKind {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        Ok(match input.byte()? {
            CYCLE => Self::Cycle(Vec::decode(input)?),
            MISSING_KEY => Self::MissingKey { key: String::decode(input)?, path: Vec::decode(input)? },
            KEY_CLASH => Self::KeyClash(String::decode(input)?),
            INVALID_GRAPH => Self::InvalidGraph(String::decode(input)?),
            UNKNOWN_BODY => Self::UnknownBody(String::decode(input)?),
            WRONG_TYPE => Self::WrongType { expected: lasting(input.text()?), found: String::decode(input)? },
            SHAPE_MISMATCH => Self::ShapeMismatch { left: Vec::decode(input)?, right: Vec::decode(input)? },
            OUT_OF_BOUNDS => Self::OutOfBounds {
                index: i64::decode(input)?,
                axis: u64::decode(input)?.fit::<usize>(),
                size: u64::decode(input)?,
            },
            INVALID_VALUE => Self::InvalidValue(String::decode(input)?),
            CORRUPT => Self::Corrupt(String::decode(input)?),
            NOT_ENCODABLE => Self::NotEncodable(String::decode(input)?),
            IO => Self::Io { path: String::decode(input)?, reason: String::decode(input)? },
            SYSTEM => Self::System { what: String::decode(input)?, reason: String::decode(input)? },
            DISK_FULL => Self::DiskFull { path: String::decode(input)?, needed_bytes: u64::decode(input)? },
            OUT_OF_MEMORY => Self::OutOfMemory { needed_bytes: u64::decode(input)? },
            RAISED => Self::Raised,
            PANICKED => Self::Panicked(String::decode(input)?),
            WORKER_DIED => Self::WorkerDied { pid: u32::decode(input)?, status: String::decode(input)? },
            CANCELLED => Self::Cancelled,
            NOT_IMPLEMENTED => Self::NotImplemented(String::decode(input)?),
            FLOATING_POINT => Self::FloatingPoint(String::decode(input)?),
            UNKNOWN_COLUMN => Self::UnknownColumn(String::decode(input)?),
            UNPARSABLE => Self::Unparsable { what: String::decode(input)?, is_empty: bool::decode(input)? },
            DAMAGED => Self::Damaged {
                file: String::decode(input)?,
                offset: u64::decode(input)?,
                what: String::decode(input)?,
            },
            REPEATED_KEYS => Self::RepeatedKeys(String::decode(input)?),
            MANY => Self::Many(input.nested(|input| Vec::decode(input))?),
            tag => return Err(input.unknown_tag("kind of error", tag)),
        })
    }
}

impl Encode for Error {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        self.kind().encode(out)?;
        self.key().encode(out)?;
        self.function().encode(out)?;
        out.byte(u8::from(self.foreign().is_some()));
        self.foreign().map_or(Ok(()), |exception| out.foreign(exception.as_ref()))
    }
}

impl Decode for Error {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        let kind = ErrorKind::decode(input)?;
        let key = Option::<Key>::decode(input)?;
        let function = Option::decode(input)?;
        let foreign = if bool::decode(input)? { Some(input.foreign()?) } else { None };
        Ok(Self::from_parts(kind, key, function, foreign))
    }
}

/// `word` for as long as the program runs, as [`ErrorKind::WrongType`] wants it.
///
/// Programs write few such words, all of them short. Whoever sends more is no program of ours: what does
/// not fit a table of fixed size is replaced, so that bytes from outside cannot make memory leak.
fn lasting(word: &str) -> &'static str {
    const N_WORDS_MAX: usize = 512;
    const WORD_BYTES_MAX: usize = 128;
    static WORDS: ProcessLock<Vec<&'static str>> = ProcessLock::new(Vec::new());

    let mut words = WORDS.lock();
    if let Some(found) = words.iter().find(|known| **known == word) {
        return found;
    }
    if words.len() == N_WORDS_MAX || word.len() > WORD_BYTES_MAX {
        return "another type";
    }
    let fresh: &'static str = word.to_owned().leak();
    words.push(fresh);
    fresh
}
