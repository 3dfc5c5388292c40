//! Codecs that turn bytes into bytes: at most one compression, and checksums around it.

use std::cell::RefCell;
use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::{MultiGzDecoder, ZlibDecoder};
use flate2::write::{GzEncoder, ZlibEncoder};
use raskt_core::{Buffer, Error, ErrorKind};

use crate::blosc::{self, Blosc};
use crate::fault::{Fault, Tried};

/// How bytes are compressed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Packing {
    Zstd { level: i32, checksum: bool },
    Gzip { level: u32 },
    Zlib { level: u32 },
    Blosc(Blosc),
}

/// The bytes of a CRC32C.
const CHECKSUM_BYTES: usize = 4;

/// The codecs of a chunk, in the order in which they are applied.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Codecs {
    /// Checksums of what is not compressed yet.
    pub(crate) n_checksums_inside: usize,
    pub(crate) packing: Option<Packing>,
    /// Checksums of what is compressed.
    pub(crate) n_checksums_outside: usize,
}

/// The contexts of zstd, which are made once a thread: clearing new ones takes as long as packing a small chunk.
struct Zstd {
    packer: Option<zstd::bulk::Compressor<'static>>,
    unpacker: Option<zstd::bulk::Decompressor<'static>>,
}

/// Above this level a context is dozens of megabytes, which a thread does not keep.
const LEVEL_KEPT_MAX: i32 = 5;

thread_local! {
    static ZSTD: RefCell<Zstd> = const { RefCell::new(Zstd { packer: None, unpacker: None }) };
}

/// Bytes as they are stored.
pub(crate) enum Encoded<'b> {
    /// What they were before.
    Same(&'b [u8]),
    Own(Vec<u8>),
    /// In memory that is used again.
    Pooled(Buffer),
}

impl Encoded<'_> {
    pub(crate) fn as_slice(&self) -> &[u8] {
        match self {
            Self::Same(bytes) => bytes,
            Self::Own(bytes) => bytes,
            Self::Pooled(buffer) => buffer.as_slice(),
        }
    }
}

impl Codecs {
    /// Whether bytes are stored as they are.
    pub(crate) fn is_plain(&self) -> bool {
        *self == Self::default()
    }

    /// How many bytes `n` of them become, where that does not depend on what they are.
    pub(crate) fn fixed_bytes(&self, n: usize) -> Option<usize> {
        let n_checksums = self.n_checksums_inside + self.n_checksums_outside;
        self.packing.is_none().then_some(n + n_checksums * CHECKSUM_BYTES)
    }

    /// The bytes as they are stored.
    pub(crate) fn encode<'b>(&self, bytes: Encoded<'b>) -> Tried<Encoded<'b>> {
        let mut bytes = summed(bytes, self.n_checksums_inside)?;
        if let Some(packing) = &self.packing {
            bytes = packing.encode(bytes.as_slice())?;
        }
        summed(bytes, self.n_checksums_outside)
    }

    /// Decodes bytes, which lie at `offset` of the file, to exactly `out`.
    pub(crate) fn decode(&self, bytes: &[u8], offset: u64, out: &mut [u8]) -> Tried<()> {
        let bytes = checked(bytes, offset, self.n_checksums_outside)?;
        let inside = self.n_checksums_inside;
        match &self.packing {
            Some(packing) if inside == 0 => packing.decode(bytes, offset, out),
            Some(packing) => {
                let mut buffer = Buffer::recycled(out.len() + inside * CHECKSUM_BYTES)?;
                let whole = buffer.as_mut_slice().unwrap_or_default();
                packing.decode(bytes, offset, whole)?;
                copied(checked(whole, offset, inside)?, offset, out)
            }
            None => copied(checked(bytes, offset, inside)?, offset, out),
        }
    }
}

fn copied(bytes: &[u8], offset: u64, out: &mut [u8]) -> Tried<()> {
    if bytes.len() != out.len() {
        return Err(wrong_size(offset, bytes.len(), out.len()));
    }
    out.copy_from_slice(bytes);
    Ok(())
}

pub(crate) fn wrong_size(offset: u64, found: usize, expected: usize) -> Fault {
    Fault::damaged(offset, format!("{found} bytes where {expected} belong"))
}

/// The bytes with `n` checksums behind them, each of all before it.
fn summed(bytes: Encoded<'_>, n: usize) -> Tried<Encoded<'_>> {
    if n == 0 {
        return Ok(bytes);
    }
    let bytes = bytes.as_slice();
    let mut own = raskt_core::allocation::room_for(bytes.len() + n * CHECKSUM_BYTES)?;
    own.extend_from_slice(bytes);
    for _ in 0..n {
        let sum = crc32c::crc32c(&own);
        own.extend_from_slice(&sum.to_le_bytes());
    }
    Ok(Encoded::Own(own))
}

/// The bytes before `n` checksums, which are right.
fn checked(mut bytes: &[u8], offset: u64, n: usize) -> Tried<&[u8]> {
    for _ in 0..n {
        let Some((inner, sum)) = bytes.split_last_chunk::<CHECKSUM_BYTES>() else {
            return Err(Fault::damaged(offset, "it ends before its checksum"));
        };
        let (told, found) = (u32::from_le_bytes(*sum), crc32c::crc32c(inner));
        if told != found {
            let what = format!("its bytes have the checksum {found:#010x}, where {told:#010x} is written");
            return Err(Fault::damaged(offset, what));
        }
        bytes = inner;
    }
    Ok(bytes)
}

impl Packing {
    fn encode(&self, bytes: &[u8]) -> Tried<Encoded<'static>> {
        Ok(match *self {
            Self::Zstd { level, checksum } => Encoded::Pooled(pack_zstd(bytes, level, checksum)?),
            Self::Gzip { level } => {
                let mut packer = GzEncoder::new(Vec::new(), Compression::new(level));
                packer.write_all(bytes)?;
                Encoded::Own(packer.finish()?)
            }
            Self::Zlib { level } => {
                let mut packer = ZlibEncoder::new(Vec::new(), Compression::new(level));
                packer.write_all(bytes)?;
                Encoded::Own(packer.finish()?)
            }
            Self::Blosc(blosc) => Encoded::Pooled(blosc.encode(bytes)?),
        })
    }

    fn decode(&self, bytes: &[u8], offset: u64, out: &mut [u8]) -> Tried<()> {
        match self {
            Self::Zstd { .. } => unpack_zstd(bytes, offset, out),
            Self::Gzip { .. } => unpack(MultiGzDecoder::new(bytes), offset, out, "gzip"),
            Self::Zlib { .. } => unpack(ZlibDecoder::new(bytes), offset, out, "zlib"),
            Self::Blosc(_) => blosc::decode(bytes, offset, out),
        }
    }
}

fn pack_zstd(bytes: &[u8], level: i32, checksum: bool) -> Tried<Buffer> {
    let mut buffer = Buffer::recycled(zstd::zstd_safe::compress_bound(bytes.len()))?;
    let out = buffer.as_mut_slice().unwrap_or_default();
    let kept = ZSTD.with_borrow_mut(|own| own.packer.take());
    let mut packer = match kept {
        Some(packer) => packer,
        None => zstd::bulk::Compressor::new(level)?,
    };
    packer.set_compression_level(level)?;
    packer.include_checksum(checksum)?;
    let n = packer.compress_to_buffer(bytes, out)?;
    if level <= LEVEL_KEPT_MAX {
        ZSTD.with_borrow_mut(|own| own.packer = Some(packer));
    }
    Ok(buffer.slice(0, n))
}

fn unpack_zstd(bytes: &[u8], offset: u64, out: &mut [u8]) -> Tried<()> {
    let expected = out.len();
    let n = ZSTD.with_borrow_mut(|own| {
        let unpacker = match &mut own.unpacker {
            Some(unpacker) => unpacker,
            unpacker => unpacker.insert(zstd::bulk::Decompressor::new()?),
        };
        unpacker
            .decompress_to_buffer(bytes, out)
            .map_err(|error| Fault::damaged(offset, format!("zstd cannot decompress it: {error}")))
    })?;
    if n == expected { Ok(()) } else { Err(wrong_size(offset, n, expected)) }
}

/// Reads all of `unpacker` to exactly `out`.
fn unpack(mut unpacker: impl Read, offset: u64, out: &mut [u8], name: &str) -> Tried<()> {
    let failed =
        |error: std::io::Error| Fault::damaged(offset, format!("{name} cannot decompress it: {error}"));
    unpacker.read_exact(out).map_err(failed)?;
    // What comes behind: the checksum, and nothing else.
    let mut more = [0_u8];
    match unpacker.read(&mut more).map_err(failed)? {
        0 => Ok(()),
        _ => Err(Fault::damaged(offset, format!("more than the {} bytes that belong there", out.len()))),
    }
}

/// An offset or a length, as memory counts.
pub(crate) fn in_memory(n: u64) -> Tried<usize> {
    usize::try_from(n).map_err(|_| Error::from(ErrorKind::OutOfMemory { needed_bytes: n }).into())
}
