//! Where the bytes of a chunk come from, and how files appear.

use std::fs::{self, File, OpenOptions};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, ErrorKind as IoKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use raskt_core::Buffer;

use crate::codec::in_memory;
use crate::fault::{Fault, Tried};

/// The bytes of a chunk, before they are decoded.
#[derive(Clone, Copy)]
pub(crate) enum Source<'b> {
    /// All of a file.
    File { file: &'b File, n: u64 },
    /// Some that were read; where they lie in the file.
    Bytes { bytes: &'b [u8], offset: u64 },
}

/// Bytes that were read.
pub(crate) enum Piece<'b> {
    Lent(&'b [u8]),
    Pooled(Buffer),
}

impl Piece<'_> {
    pub(crate) fn as_slice(&self) -> &[u8] {
        match self {
            Self::Lent(bytes) => bytes,
            Self::Pooled(buffer) => buffer.as_slice(),
        }
    }
}

impl<'b> Source<'b> {
    pub(crate) fn len(&self) -> u64 {
        match self {
            Self::File { n, .. } => *n,
            Self::Bytes { bytes, .. } => bytes.len() as u64,
        }
    }

    /// Where the bytes begin in the file.
    pub(crate) fn offset(&self) -> u64 {
        match self {
            Self::File { .. } => 0,
            Self::Bytes { offset, .. } => *offset,
        }
    }

    /// `n` bytes from `from` on.
    pub(crate) fn piece(&self, from: u64, n: u64) -> Tried<Piece<'b>> {
        let n = self.bounded(from, n)?;
        match self {
            Self::File { .. } => {
                let mut buffer = Buffer::recycled(n)?;
                self.read(from, buffer.as_mut_slice().unwrap_or_default())?;
                Ok(Piece::Pooled(buffer))
            }
            Self::Bytes { bytes, .. } => {
                let from = in_memory(from)?;
                Ok(Piece::Lent(&bytes[from..from + n]))
            }
        }
    }

    /// Reads as many bytes as `out` has, from `from` on.
    pub(crate) fn read(&self, from: u64, out: &mut [u8]) -> Tried<()> {
        let n = self.bounded(from, out.len() as u64)?;
        match self {
            Self::File { file, .. } => {
                let mut file: &File = file;
                let done = file.seek(SeekFrom::Start(from)).and_then(|_| file.read_exact(out));
                done.map_err(|error| match error.kind() {
                    IoKind::UnexpectedEof => Fault::damaged(from, "the file got shorter while it was read"),
                    _ => error.into(),
                })
            }
            Self::Bytes { bytes, .. } => {
                let from = in_memory(from)?;
                out.copy_from_slice(&bytes[from..from + n]);
                Ok(())
            }
        }
    }

    fn bounded(&self, from: u64, n: u64) -> Tried<usize> {
        match from.checked_add(n) {
            Some(end) if end <= self.len() => in_memory(n),
            _ => {
                let what =
                    format!("it ends at byte {}, before {n} bytes from here", self.offset() + self.len());
                Err(Fault::damaged(self.offset().saturating_add(from), what))
            }
        }
    }
}

/// The file `path` for reading; `None` where there is no such file.
pub(crate) fn opened(path: &Path) -> Tried<Option<(File, u64)>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if is_absence(error.kind()) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let data = file.metadata()?;
    Ok((!data.is_dir()).then_some((file, data.len())))
}

fn is_absence(kind: IoKind) -> bool {
    matches!(kind, IoKind::NotFound | IoKind::NotADirectory | IoKind::IsADirectory)
}

/// Removes the file `path`, if there is one.
pub(crate) fn removed(path: &Path) -> Tried<()> {
    match fs::remove_file(path) {
        Err(error) if !is_absence(error.kind()) => Err(error.into()),
        _ => Ok(()),
    }
}

/// Writes a file, which appears, or takes another one's place, when all of it is written.
pub(crate) fn written(path: &Path, bytes: &[u8]) -> Tried<()> {
    let part = part_of(path);
    let mut file = match OpenOptions::new().write(true).create_new(true).open(&part) {
        Err(error) if error.kind() == IoKind::NotFound => {
            path.parent().map_or(Ok(()), fs::create_dir_all)?;
            OpenOptions::new().write(true).create_new(true).open(&part)?
        }
        opened => opened?,
    };
    let done = file.write_all(bytes).and_then(|()| {
        drop(file);
        fs::rename(&part, path)
    });
    done.map_err(|error| match fs::remove_file(&part) {
        Err(left) if !is_absence(left.kind()) => {
            io::Error::new(error.kind(), format!("{error}; {} is left ({left})", part.display())).into()
        }
        _ => error.into(),
    })
}

/// A name beside `path` that nobody else has: `zarr` takes files of this ending for unfinished ones, too.
fn part_of(path: &Path) -> PathBuf {
    static N_PARTS: AtomicU64 = AtomicU64::new(0);
    let number = N_PARTS.fetch_add(1, Ordering::Relaxed);
    let random = RandomState::new().hash_one((std::process::id(), number));
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{random:016x}.partial"));
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_appear_whole_and_leave_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("c/1/0");
        written(&path, b"abc").unwrap();
        written(&path, b"defg").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"defg");
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
        removed(&path).unwrap();
        removed(&path).unwrap();
        assert!(opened(&path).unwrap().is_none() && opened(path.parent().unwrap()).unwrap().is_none());
        fs::write(&path, b"x").unwrap();
        // Below a file there can be no folder, and beside it no unfinished one is left.
        assert!(matches!(written(&path.join("0"), b"x"), Err(Fault::Io(_))));
        assert!(opened(&path.join("0")).unwrap().is_none());
    }

    #[test]
    fn what_lies_behind_the_end_is_not_read() {
        let source = Source::Bytes { bytes: b"abcdef", offset: 100 };
        assert_eq!(source.piece(2, 4).unwrap().as_slice(), b"cdef");
        for (from, n) in [(3, 4), (7, 0), (u64::MAX, 2), (0, u64::MAX)] {
            assert!(matches!(source.piece(from, n), Err(Fault::Damaged { .. })), "{from} {n}");
        }
    }
}
