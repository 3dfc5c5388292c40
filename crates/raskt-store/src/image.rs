//! A value on disk: its form in a file (an *image*), writing and reading it.
//!
//! | bytes | what |
//! |---|---|
//! | 8 | `RASKTSPL` |
//! | 4 | version |
//! | 4 | number of buffers, *n* |
//! | 8 | length of the header |
//! | 8 | length of the image |
//! | 16 | which writing this is: the folder's number, drawn at random, and the file's in the folder |
//! | 8 | slot of the value |
//! | 8 *n* | lengths of the buffers |
//! | … | header, buffers |
//! | 4 | CRC-32 of all that |
//!
//! Numbers are little-endian. The writer remembers length and [`Stamp`], and reads no image with others: a whole image
//! of another run or task, or of an earlier value of the same task, does not pass for this one. Buffers are written from
//! where they lie in memory and read to where they will stay: nothing is copied in between. The checksum is computed a
//! part at a time, while the part is in the processor's cache.

use std::io::{self, Read, Write};
use std::path::Path;

use crc32fast::Hasher;
use raskt_core::{Buffer, Error, ErrorKind, Fit, Payload, Result, allocation};

const MAGIC: [u8; 8] = *b"RASKTSPL";
const VERSION: u32 = 2;
pub(crate) const PROLOGUE_BYTES: usize = 56;
const CHECKSUM_BYTES: u64 = 4;
/// What is checksummed at a time: fits a processor's second cache.
pub(crate) const PART_BYTES: usize = 256 << 10;
/// Smaller parts than this are gathered before they go to the operating system.
pub(crate) const GATHER_BYTES: usize = 64 << 10;

/// What tells the file of one value from those of all others, of this process and of any.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stamp {
    /// The folder's, drawn at random when it was made.
    pub folder: u64,
    /// The file's among those that the folder ever had.
    pub file: u64,
    /// Where the value stands in the store of its run.
    pub slot: u64,
}

/// The length of the image of `payload`.
pub(crate) fn image_bytes(payload: &Payload) -> u64 {
    PROLOGUE_BYTES as u64 + 8 * payload.buffers.len() as u64 + payload.size_bytes() + CHECKSUM_BYTES
}

/// Writes the image of `payload`.
///
/// # Errors
/// Those of `sink`.
pub(crate) fn write_image(sink: &mut dyn Write, payload: &Payload, stamp: Stamp) -> io::Result<()> {
    let mut crc = Hasher::new();
    let mut put = |part: &[u8]| {
        part.chunks(PART_BYTES).try_for_each(|part| {
            crc.update(part);
            sink.write_all(part)
        })
    };
    put(&MAGIC)?;
    put(&VERSION.to_le_bytes())?;
    put(&payload.buffers.len().fit::<u32>().to_le_bytes())?;
    put(&(payload.header.len() as u64).to_le_bytes())?;
    put(&image_bytes(payload).to_le_bytes())?;
    [stamp.folder, stamp.file, stamp.slot].iter().try_for_each(|number| put(&number.to_le_bytes()))?;
    payload.buffers.iter().try_for_each(|buffer| put(&(buffer.len() as u64).to_le_bytes()))?;
    put(&payload.header)?;
    payload.buffers.iter().try_for_each(|buffer| put(buffer.as_slice()))?;
    sink.write_all(&crc.finalize().to_le_bytes())
}

/// Reads the image of `bytes` bytes that was written with `stamp`; `path` is for messages.
///
/// # Errors
/// [`ErrorKind::Corrupt`] for any other bytes; [`ErrorKind::Io`]; [`ErrorKind::OutOfMemory`].
pub(crate) fn read_image(source: &mut dyn Read, bytes: u64, stamp: Stamp, path: &Path) -> Result<Payload> {
    match read_from(&mut Checked { source, crc: Hasher::new() }, bytes, stamp) {
        Ok(payload) => Ok(payload),
        Err(Damage::Io(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {
            Err(corrupt(path, "it ends too early"))
        }
        Err(Damage::Io(error)) => Err(io_error(&error, path)),
        Err(Damage::Memory(error)) => Err(error),
        Err(Damage::Form(what)) => Err(corrupt(path, what)),
    }
}

/// What was wrong with an image.
enum Damage {
    Io(io::Error),
    Form(&'static str),
    /// It is whole, as far as is known: there is no memory for what it holds.
    Memory(Error),
}

impl From<Error> for Damage {
    fn from(error: Error) -> Self {
        Self::Memory(error)
    }
}

impl From<io::Error> for Damage {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// A reader that computes the checksum as it goes.
struct Checked<'a> {
    source: &'a mut dyn Read,
    crc: Hasher,
}

impl Checked<'_> {
    fn fill(&mut self, target: &mut [u8]) -> io::Result<()> {
        target.chunks_mut(PART_BYTES).try_for_each(|part| {
            self.source.read_exact(part)?;
            self.crc.update(part);
            Ok(())
        })
    }

    fn number<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }
}

fn read_from(reader: &mut Checked<'_>, bytes: u64, stamp: Stamp) -> Result<Payload, Damage> {
    if reader.number()? != MAGIC {
        return Err(Damage::Form("it is no spill file"));
    }
    if u32::from_le_bytes(reader.number()?) != VERSION {
        return Err(Damage::Form("its version is unknown"));
    }
    let n_buffers = u64::from(u32::from_le_bytes(reader.number()?));
    let header_bytes = u64::from_le_bytes(reader.number()?);
    if u64::from_le_bytes(reader.number()?) != bytes {
        return Err(Damage::Form("it has another length than it says"));
    }
    let mut number = || reader.number().map(u64::from_le_bytes);
    if (Stamp { folder: number()?, file: number()?, slot: number()? }) != stamp {
        return Err(Damage::Form("it is the file of another value"));
    }
    // Lengths are believed only once they are known to fit the file, so that damage allocates nothing.
    let unfit = || Damage::Form("the lengths of its parts do not fit its own");
    let fixed_bytes = PROLOGUE_BYTES as u64 + 8 * n_buffers + CHECKSUM_BYTES;
    let mut left = bytes.checked_sub(fixed_bytes).ok_or_else(unfit)?;
    left = left.checked_sub(header_bytes).ok_or_else(unfit)?;
    let mut lengths = allocation::room_for(n_buffers.fit::<usize>())?;
    for _ in 0..n_buffers {
        let length = u64::from_le_bytes(reader.number()?);
        left = left.checked_sub(length).ok_or_else(unfit)?;
        lengths.push(length.fit::<usize>());
    }
    if left != 0 {
        return Err(unfit());
    }
    let mut header = allocation::zeros(header_bytes.fit::<usize>())?;
    reader.fill(&mut header)?;
    let buffers = lengths.into_iter().map(|length| {
        let mut buffer = Buffer::zeroed(length)?;
        let target = buffer.as_mut_slice().ok_or(Damage::Form("a fresh buffer cannot be written"))?;
        reader.fill(target)?;
        Ok(buffer)
    });
    let payload = Payload { header, buffers: buffers.collect::<Result<_, Damage>>()? };
    let computed = std::mem::take(&mut reader.crc).finalize();
    if u32::from_le_bytes(reader.number()?) != computed {
        return Err(Damage::Form("its checksum does not match"));
    }
    Ok(payload)
}

/// Of a failed attempt to write `bytes` bytes to `path`, which lies in `folder`.
pub(crate) fn write_error(error: &io::Error, path: &Path, folder: &Path, bytes: u64) -> Error {
    use io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull, WriteZero};
    match error.kind() {
        StorageFull | QuotaExceeded | FileTooLarge | WriteZero => {
            ErrorKind::DiskFull { path: folder.display().to_string(), needed_bytes: bytes }.into()
        }
        _ => io_error(error, path),
    }
}

pub(crate) fn io_error(error: &io::Error, path: &Path) -> Error {
    ErrorKind::Io { path: path.display().to_string(), reason: error.to_string() }.into()
}

pub(crate) fn corrupt(path: &Path, what: &str) -> Error {
    ErrorKind::Corrupt(format!("the spill file {}: {what}", path.display())).into()
}
