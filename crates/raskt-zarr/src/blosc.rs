//! Blosc, format 1, by its own library in C.

use std::ffi::CStr;

use raskt_core::{Buffer, Error, ErrorKind};

use crate::fault::{Fault, Tried};

/// How a buffer is rearranged before it is compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shuffle {
    No,
    Bytes,
    Bits,
}

impl Shuffle {
    const fn code(self) -> i32 {
        match self {
            Self::No => 0,
            Self::Bytes => 1,
            Self::Bits => 2,
        }
    }
}

/// How chunks are compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Blosc {
    pub(crate) compressor: &'static CStr,
    pub(crate) level: i32,
    pub(crate) shuffle: Shuffle,
    pub(crate) type_bytes: usize,
    /// 0: the library chooses.
    pub(crate) block_bytes: usize,
}

/// What the format adds to a buffer that does not get smaller.
const OVERHEAD_BYTES: usize = 16;
/// The largest buffer of the format.
const BYTES_MAX: usize = i32::MAX as usize - OVERHEAD_BYTES;

/// The compressors that are built in.
const COMPRESSORS: [&CStr; 5] = [c"blosclz", c"lz4", c"lz4hc", c"zlib", c"zstd"];

/// The compressor of that name, if it is built in.
pub(crate) fn compressor(name: &str) -> Option<&'static CStr> {
    COMPRESSORS.into_iter().find(|own| own.to_bytes() == name.as_bytes())
}

impl Blosc {
    pub(crate) fn encode(&self, bytes: &[u8]) -> Tried<Buffer> {
        if bytes.len() > BYTES_MAX {
            let what = format!("a chunk of {} bytes: blosc takes {BYTES_MAX} at most", bytes.len());
            return Err(Error::from(ErrorKind::InvalidValue(what)).into());
        }
        let mut buffer = Buffer::recycled(bytes.len() + OVERHEAD_BYTES)?;
        let out = buffer.as_mut_slice().unwrap_or_default();
        // SAFETY: the pointers and lengths are those of the two slices, which do not overlap; the name ends with a zero.
        let written = unsafe {
            blosc_src::blosc_compress_ctx(
                self.level,
                self.shuffle.code(),
                self.type_bytes,
                bytes.len(),
                bytes.as_ptr().cast(),
                out.as_mut_ptr().cast(),
                out.len(),
                self.compressor.as_ptr(),
                self.block_bytes,
                1,
            )
        };
        match usize::try_from(written) {
            Ok(n) if n > 0 => Ok(buffer.slice(0, n)),
            _ => {
                let what = format!("blosc refused a chunk of {} bytes ({written})", bytes.len());
                Err(Error::from(ErrorKind::InvalidValue(what)).into())
            }
        }
    }
}

/// Decompresses `bytes`, which lie at `offset` of the file, to exactly `out`.
pub(crate) fn decode(bytes: &[u8], offset: u64, out: &mut [u8]) -> Tried<()> {
    let mut n = 0_usize;
    // SAFETY: the pointer and length are those of the slice; the function reads no more than that.
    let is_valid =
        unsafe { blosc_src::blosc_cbuffer_validate(bytes.as_ptr().cast(), bytes.len(), &raw mut n) } == 0;
    if !is_valid {
        return Err(Fault::damaged(offset, "it is no buffer of blosc's, or one that is cut off"));
    }
    if n != out.len() {
        return Err(Fault::damaged(offset, format!("{n} bytes where {} belong", out.len())));
    }
    // SAFETY: the library has validated the buffer, and writes at most as many bytes as it is told there are.
    let written = unsafe {
        blosc_src::blosc_decompress_ctx(bytes.as_ptr().cast(), out.as_mut_ptr().cast(), out.len(), 1)
    };
    if usize::try_from(written) != Ok(out.len()) {
        return Err(Fault::damaged(offset, format!("blosc cannot decompress it ({written})")));
    }
    Ok(())
}
