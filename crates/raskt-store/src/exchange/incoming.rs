//! The receiving side: the pieces of one output, read when they are asked for.

use std::io::{BufReader, Seek, SeekFrom};
use std::sync::Arc;

use raskt_core::{ErrorKind, Payload, Result};
use rustc_hash::FxHashMap;

use super::file::{Extent, PieceFile};
use super::piece::Piece;
use super::sent::Sent;
use crate::Readable;
use crate::image::{GATHER_BYTES, io_error, read_image};

/// So many files are open at once.
const N_OPEN_MAX: usize = 32;

/// The pieces of `output` from all inputs, in their order.
///
/// # Errors
/// [`ErrorKind::InvalidValue`] for an output that one of the inputs does not have; [`ErrorKind::Corrupt`] and
/// [`ErrorKind::Io`] where another process sent an input, and the list of its pieces cannot be read.
pub fn receive<'a>(sent: impl IntoIterator<Item = &'a Sent>, output: u32) -> Result<Incoming> {
    let mut pieces = Vec::new();
    for (input, sent) in sent.into_iter().enumerate() {
        if output >= sent.n_outputs() {
            let what = format!("output {output}, where input {input} was sent to {}", sent.n_outputs());
            return Err(ErrorKind::InvalidValue(what).into());
        }
        pieces.extend(sent.pieces()?.of(output).iter().map(|(_, piece)| Arc::clone(piece)));
    }
    Ok(Incoming { pieces: pieces.into_iter(), open: FxHashMap::default() })
}

/// An iterator over pieces: each is read when it is its turn, and memory holds one that was on disk.
pub struct Incoming {
    pieces: std::vec::IntoIter<Arc<Piece>>,
    open: FxHashMap<usize, Open>,
}

/// A file that is being read.
struct Open {
    source: BufReader<Box<dyn Readable>>,
    at: u64,
    /// So that no other file gets its address.
    _file: Arc<PieceFile>,
}

impl Incoming {
    /// Bytes of the pieces still to come, as they were appended.
    #[must_use]
    pub fn bytes_left(&self) -> u64 {
        self.pieces.as_slice().iter().map(|piece| piece.bytes()).sum()
    }

    fn read(&mut self, extent: &Extent) -> Result<Payload> {
        let path = extent.file.path();
        let address = Arc::as_ptr(&extent.file).addr();
        if !self.open.contains_key(&address) {
            if self.open.len() == N_OPEN_MAX {
                self.open.clear();
            }
            let source = extent.file.open().map_err(|error| io_error(&error, path))?;
            let source = BufReader::with_capacity(GATHER_BYTES, source);
            self.open.insert(address, Open { source, at: 0, _file: Arc::clone(&extent.file) });
        }
        let Some(open) = self.open.get_mut(&address) else {
            return Err(ErrorKind::InvalidValue("a file that was opened and is not open".into()).into());
        };
        if open.at != extent.offset {
            open.source.seek(SeekFrom::Start(extent.offset)).map_err(|error| io_error(&error, path))?;
        }
        // Unknown until the image has been read whole.
        open.at = u64::MAX;
        let payload = read_image(&mut open.source, extent.bytes, extent.stamp(), path)?;
        open.at = extent.offset + extent.bytes;
        Ok(payload)
    }
}

impl Iterator for Incoming {
    type Item = Result<Arc<Payload>>;

    fn next(&mut self) -> Option<Self::Item> {
        let piece = self.pieces.next()?;
        if let Some(payload) = piece.payload() {
            return Some(Ok(payload));
        }
        // A piece on disk stays there.
        let extent = piece.extent()?;
        Some(self.read(&extent).map(Arc::new))
    }
}
