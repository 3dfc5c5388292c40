//! A value on disk: the form of a spill file, writing and reading it.
//!
//! | bytes | what |
//! |---|---|
//! | 8 | `RASKTSPL` |
//! | 4 | version |
//! | 4 | number of buffers, *n* |
//! | 8 | length of the header |
//! | 8 | length of the file |
//! | 16 | which writing this is: the folder's number, drawn at random, and the file's in the folder |
//! | 8 | slot of the value |
//! | 8 *n* | lengths of the buffers |
//! | … | header, buffers |
//! | 4 | CRC-32 of all that |
//!
//! Numbers are little-endian. The writer remembers length and [`Stamp`], and reads no file with others: a whole file
//! of another run or task, or of an earlier value of the same task, does not pass for this one. Buffers are written from where they lie in memory and read to where they will
//! stay: nothing is copied in between. The checksum is computed a piece at a time, while the piece is in
//! the processor's cache.

use std::fmt;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crc32fast::Hasher;
use raskt_core::{Buffer, Error, ErrorKind, Payload, Result, allocation};

use crate::SpillFolder;

const MAGIC: [u8; 8] = *b"RASKTSPL";
const VERSION: u32 = 2;
const PROLOGUE_BYTES: usize = 56;
const CHECKSUM_BYTES: u64 = 4;
/// What is checksummed at a time: fits a processor's second cache.
const PIECE_BYTES: usize = 256 << 10;
/// Smaller parts than this are gathered before they go to the operating system.
const GATHER_BYTES: usize = 64 << 10;

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

/// A value's file. The last clone removes it when it is dropped: do that without holding a lock.
#[derive(Clone)]
pub struct SpilledFile(Arc<Inner>);

struct Inner {
    path: PathBuf,
    bytes: u64,
    stamp: Stamp,
    folder: Arc<SpillFolder>,
}

impl SpilledFile {
    /// Writes `payload` of `slot` to a new file of `folder`; what was written is removed if that fails.
    pub(crate) fn write(payload: &Payload, folder: &Arc<SpillFolder>, slot: u32) -> Result<Self> {
        let bytes = file_bytes(payload);
        let place = folder.new_file(bytes)?;
        let stamp = Stamp { folder: place.folder, file: place.file, slot: u64::from(slot) };
        // From here on, dropping `file` removes what was written.
        let file = Self(Arc::new(Inner { path: place.path, bytes, stamp, folder: Arc::clone(folder) }));
        match folder.device().create(&file.0.path).and_then(|sink| write_to(sink, payload, bytes, stamp)) {
            Ok(()) => Ok(file),
            Err(error) => {
                let path = &file.0.path;
                Err(write_error(&error, path, path.parent().unwrap_or(path), bytes))
            }
        }
    }

    /// Reads the payload back.
    pub(crate) fn read(&self) -> Result<Payload> {
        let path = &self.0.path;
        let (source, bytes) = self.0.folder.device().open(path).map_err(|error| io_error(&error, path))?;
        if bytes != self.0.bytes {
            return Err(corrupt(path, &format!("{bytes} bytes long, {} were written", self.0.bytes)));
        }
        let mut reader =
            Checked { source: BufReader::with_capacity(GATHER_BYTES, source), crc: Hasher::new() };
        match read_from(&mut reader, bytes, self.0.stamp) {
            Ok(payload) => Ok(payload),
            Err(Damage::Io(error)) if error.kind() == io::ErrorKind::UnexpectedEof => {
                Err(corrupt(path, "it ends too early"))
            }
            Err(Damage::Io(error)) => Err(io_error(&error, path)),
            Err(Damage::Memory(error)) => Err(error),
            Err(Damage::Form(what)) => Err(corrupt(path, what)),
        }
    }

    /// The length of the file.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        self.0.bytes
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.0.path
    }
}

impl fmt::Debug for SpilledFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SpilledFile({}, {} bytes)", self.0.path.display(), self.0.bytes)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.folder.remove_file(&self.path);
    }
}

fn file_bytes(payload: &Payload) -> u64 {
    PROLOGUE_BYTES as u64 + 8 * payload.buffers.len() as u64 + payload.size_bytes() + CHECKSUM_BYTES
}

fn write_to(sink: Box<dyn Write>, payload: &Payload, bytes: u64, stamp: Stamp) -> io::Result<()> {
    let mut crc = Hasher::new();
    let mut sink = BufWriter::with_capacity(GATHER_BYTES, sink);
    let mut put = |part: &[u8]| {
        part.chunks(PIECE_BYTES).try_for_each(|piece| {
            crc.update(piece);
            sink.write_all(piece)
        })
    };
    put(&MAGIC)?;
    put(&VERSION.to_le_bytes())?;
    put(&(payload.buffers.len() as u32).to_le_bytes())?;
    put(&(payload.header.len() as u64).to_le_bytes())?;
    put(&bytes.to_le_bytes())?;
    [stamp.folder, stamp.file, stamp.slot].iter().try_for_each(|number| put(&number.to_le_bytes()))?;
    payload.buffers.iter().try_for_each(|buffer| put(&(buffer.len() as u64).to_le_bytes()))?;
    put(&payload.header)?;
    payload.buffers.iter().try_for_each(|buffer| put(buffer.as_slice()))?;
    sink.write_all(&crc.finalize().to_le_bytes())?;
    sink.flush()
}

/// What was wrong with a file.
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
struct Checked {
    source: BufReader<Box<dyn Read>>,
    crc: Hasher,
}

impl Checked {
    fn fill(&mut self, target: &mut [u8]) -> io::Result<()> {
        target.chunks_mut(PIECE_BYTES).try_for_each(|piece| {
            self.source.read_exact(piece)?;
            self.crc.update(piece);
            Ok(())
        })
    }

    fn number<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.fill(&mut bytes)?;
        Ok(bytes)
    }
}

fn read_from(reader: &mut Checked, bytes: u64, stamp: Stamp) -> Result<Payload, Damage> {
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
    let mut lengths = allocation::room_for(n_buffers as usize)?;
    for _ in 0..n_buffers {
        let length = u64::from_le_bytes(reader.number()?);
        left = left.checked_sub(length).ok_or_else(unfit)?;
        lengths.push(length as usize);
    }
    if left != 0 {
        return Err(unfit());
    }
    let mut header = allocation::zeros(header_bytes as usize)?;
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

fn corrupt(path: &Path, what: &str) -> Error {
    ErrorKind::Corrupt(format!("the spill file {}: {what}", path.display())).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn payload() -> Payload {
        let large: Vec<u8> = (0..PIECE_BYTES + 77).map(|i| (i % 251) as u8).collect();
        Payload { header: b"head".to_vec(), buffers: vec![large.into(), Vec::new().into(), vec![7].into()] }
    }

    fn spilled(folder: &tempfile::TempDir) -> (Arc<SpillFolder>, SpilledFile) {
        let folder = SpillFolder::create(folder.path()).unwrap();
        let file = SpilledFile::write(&payload(), &folder, 3).unwrap();
        (folder, file)
    }

    #[test]
    fn what_was_written_is_read_back_and_the_last_clone_removes_the_file() {
        let parent = tempfile::tempdir().unwrap();
        let (_folder, file) = spilled(&parent);
        let path = file.path().to_owned();
        assert_eq!(std::fs::metadata(&path).unwrap().len(), file.size_bytes());
        assert_eq!(file.read().unwrap(), payload());
        let clone = file.clone();
        drop(file);
        assert!(path.exists());
        drop(clone);
        assert!(!path.exists());
    }

    #[test]
    fn every_damaged_byte_is_noticed() {
        let parent = tempfile::tempdir().unwrap();
        let (_folder, file) = spilled(&parent);
        let whole = std::fs::read(file.path()).unwrap();
        let places = (0..80).chain((80..whole.len()).step_by(9973)).chain(whole.len() - 8..whole.len());
        for at in places {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x40;
            std::fs::write(file.path(), &bytes).unwrap();
            let error = file.read().unwrap_err();
            assert!(matches!(error.kind(), ErrorKind::Corrupt(_)), "byte {at}: {error}");
            assert!(error.to_string().contains(file.path().to_str().unwrap()));
        }
    }

    #[test]
    fn a_whole_file_of_another_value_is_refused() {
        let (parent, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let (folder, file) = spilled(&parent);
        let own = std::fs::read(file.path()).unwrap();
        let (_other_folder, of_other_run) = spilled(&elsewhere);
        let of_other_slot = SpilledFile::write(&payload(), &folder, 4).unwrap();
        let earlier_of_slot = SpilledFile::write(&payload(), &folder, 3).unwrap();
        for other in [of_other_run, of_other_slot, earlier_of_slot] {
            std::fs::copy(other.path(), file.path()).unwrap();
            let error = file.read().unwrap_err();
            assert!(error.to_string().contains("another value"), "{error}");
        }
        std::fs::write(file.path(), own).unwrap();
        assert_eq!(file.read().unwrap(), payload());
    }

    #[test]
    fn a_file_of_another_length_is_corrupt_and_a_missing_one_an_io_error() {
        let parent = tempfile::tempdir().unwrap();
        let (_folder, file) = spilled(&parent);
        let whole = std::fs::read(file.path()).unwrap();
        for length in [0, 1, PROLOGUE_BYTES, whole.len() - 1] {
            std::fs::write(file.path(), &whole[..length]).unwrap();
            assert!(matches!(file.read().unwrap_err().kind(), ErrorKind::Corrupt(_)));
        }
        std::fs::remove_file(file.path()).unwrap();
        let error = file.read().unwrap_err();
        let ErrorKind::Io { path, .. } = error.kind() else { panic!("{error}") };
        assert_eq!(path, file.path().to_str().unwrap());
    }
}
