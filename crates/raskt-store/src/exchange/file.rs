//! Files of pieces: images one behind the other.

use std::fmt;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use raskt_core::{ErrorKind, Payload, Result};

use super::piece::Piece;
use crate::image::{GATHER_BYTES, Stamp, image_bytes, write_error, write_image};
use crate::{Readable, SpillDevice, SpillFolder};

/// A file of pieces. It is removed when nobody holds one of its pieces, unless another process may read it.
pub(crate) struct PieceFile {
    path: PathBuf,
    /// The folder's number and the file's, which each image repeats.
    numbers: (u64, u64),
    /// None for a file of another process.
    folder: Option<Arc<SpillFolder>>,
    is_shared: AtomicBool,
}

/// Where a piece lies in a file.
#[derive(Clone)]
pub(crate) struct Extent {
    pub file: Arc<PieceFile>,
    /// The image's number in the file.
    pub slot: u64,
    pub offset: u64,
    /// The length of the image.
    pub bytes: u64,
}

impl Extent {
    pub fn stamp(&self) -> Stamp {
        let (folder, file) = self.file.numbers;
        Stamp { folder, file, slot: self.slot }
    }
}

impl PieceFile {
    /// The file that another process wrote at `path`, in a folder that it has.
    pub fn of_other_process(path: PathBuf, numbers: (u64, u64)) -> Arc<Self> {
        Arc::new(Self { path, numbers, folder: None, is_shared: AtomicBool::new(true) })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn numbers(&self) -> (u64, u64) {
        self.numbers
    }

    /// From now on it stays until its folder goes: another process may read it.
    pub fn share(&self) {
        self.is_shared.store(true, Ordering::Relaxed);
    }

    /// The file from its start.
    ///
    /// # Errors
    /// Those of the operating system.
    pub fn open(&self) -> io::Result<Box<dyn Readable>> {
        match &self.folder {
            Some(folder) => folder.device().open(&self.path),
            None => crate::Disk.open(&self.path),
        }
        .map(|(source, _)| source)
    }
}

impl Drop for PieceFile {
    fn drop(&mut self) {
        if let Some(folder) = self.folder.as_ref().filter(|_| !*self.is_shared.get_mut()) {
            folder.remove_file(&self.path);
        }
    }
}

impl fmt::Debug for PieceFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PieceFile({})", self.path.display())
    }
}

/// Writes pieces that are in memory to a new file in `folder`, in their order, and behind them what `index` makes of
/// their places, if anything; says where each is. What was written is removed if that fails.
///
/// # Errors
/// [`ErrorKind::DiskFull`], [`ErrorKind::Io`]; what `index` returns.
pub(crate) fn write(
    folder: &Arc<SpillFolder>,
    pieces: &[Arc<Piece>],
    index: impl FnOnce(&[Extent]) -> Result<Option<Payload>>,
) -> Result<(Vec<Extent>, Option<Extent>)> {
    let payloads = pieces.iter().map(|piece| piece.payload()).collect::<Option<Vec<_>>>();
    let payloads =
        payloads.ok_or_else(|| ErrorKind::InvalidValue("a piece that is on disk already".into()))?;
    let place = folder.new_file(payloads.iter().map(|payload| image_bytes(payload)).sum())?;
    // From here on, dropping `file` removes what was written.
    let file = Arc::new(PieceFile {
        path: place.path,
        numbers: (place.folder, place.file),
        folder: Some(Arc::clone(folder)),
        is_shared: AtomicBool::new(false),
    });
    let mut offset = 0;
    let mut extent = |slot: usize, payload: &Payload| {
        let bytes = image_bytes(payload);
        offset += bytes;
        Extent { file: Arc::clone(&file), slot: slot as u64, offset: offset - bytes, bytes }
    };
    let extents: Vec<Extent> =
        payloads.iter().enumerate().map(|(slot, payload)| extent(slot, payload)).collect();
    let index = index(&extents)?;
    let index_extent = index.as_ref().map(|index| extent(payloads.len(), index));
    let written = folder.device().create(file.path()).and_then(|sink| {
        let mut sink = BufWriter::with_capacity(GATHER_BYTES, sink);
        let all =
            payloads.iter().map(AsRef::as_ref).zip(&extents).chain(index.as_ref().zip(index_extent.as_ref()));
        for (payload, extent) in all {
            write_image(&mut sink, payload, extent.stamp())?;
        }
        sink.flush()
    });
    match written {
        Ok(()) => Ok((extents, index_extent)),
        Err(error) => {
            let path = file.path();
            Err(write_error(&error, path, path.parent().unwrap_or(path), offset))
        }
    }
}
