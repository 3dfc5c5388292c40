//! The receiving side: the pieces of one output, read when they are asked for.

use std::collections::VecDeque;
use std::io::{BufReader, Seek, SeekFrom};
use std::sync::Arc;

use raskt_core::{ErrorKind, Payload, Result};
use rustc_hash::FxHashMap;

use super::away::Away;
use super::file::{Extent, PieceFile};
use super::home::{self, Home};
use super::piece::Piece;
use super::sent::{Sent, Whereabouts};
use crate::Readable;
use crate::image::{GATHER_BYTES, io_error, read_image};

/// So many files are open at once.
const N_OPEN_MAX: usize = 32;

/// The pieces of `output` from all inputs, in their order. Other homes are asked at once for what they have.
///
/// # Errors
/// [`ErrorKind::InvalidValue`] for an output that one of the inputs does not have, and for pieces of another home where the
/// calling thread is at none; [`ErrorKind::Corrupt`] and [`ErrorKind::Io`] where another process sent an input, and the list of
/// its pieces cannot be read.
pub fn receive<'a>(sent: impl IntoIterator<Item = &'a Sent>, output: u32) -> Result<Incoming> {
    home::receiving();
    let here = Home::here();
    let mut parts: VecDeque<Part> = VecDeque::new();
    let mut groups: Vec<(Arc<[u8]>, Vec<u64>)> = Vec::new();
    for (input, sent) in sent.into_iter().enumerate() {
        if output >= sent.n_outputs() {
            let what = format!("output {output}, where input {input} was sent to {}", sent.n_outputs());
            return Err(ErrorKind::InvalidValue(what).into());
        }
        match sent.whereabouts(here.as_ref())? {
            Whereabouts::Here(index) => {
                let own = index.of(output).iter().map(|(_, piece)| Arc::clone(piece));
                match parts.back_mut() {
                    Some(Part::Here(pieces)) => pieces.extend(own),
                    _ => parts.push_back(Part::Here(own.collect())),
                }
            }
            Whereabouts::Away { home, number } => {
                let group = groups.iter().position(|(name, _)| name == home).unwrap_or_else(|| {
                    groups.push((Arc::clone(home), Vec::new()));
                    groups.len() - 1
                });
                groups[group].1.push(number);
                let of = u32::try_from(groups[group].1.len() - 1);
                let of = of.map_err(|_| ErrorKind::InvalidValue("2³² inputs of one home".to_owned()))?;
                parts.push_back(Part::Away { group, of });
            }
        }
    }
    let away = match (&here, &groups[..]) {
        (_, []) => Vec::new(),
        (None, _) => {
            let what = "pieces that a worker has, received by no worker".to_owned();
            return Err(ErrorKind::InvalidValue(what).into());
        }
        (Some(here), _) => {
            // What is on its way beside what has arrived counts twice.
            let bytes_max = here.answer_bytes_max() / (2 * groups.len() as u64);
            let ask = |(name, sent): (_, Vec<u64>)| Away::ask(here, name, sent.into(), output, bytes_max);
            groups.into_iter().map(ask).collect()
        }
    };
    Ok(Incoming { parts, away, files: OpenFiles::default() })
}

/// Pieces that are in this process, or in files that it sees.
pub(super) fn local(pieces: VecDeque<Arc<Piece>>) -> Incoming {
    Incoming { parts: VecDeque::from([Part::Here(pieces)]), away: Vec::new(), files: OpenFiles::default() }
}

/// An iterator over pieces: each is read when it is its turn, and memory holds one that was on disk. Of each other home it holds
/// an answer, and another one is on its way.
pub struct Incoming {
    parts: VecDeque<Part>,
    away: Vec<Away>,
    files: OpenFiles,
}

/// The pieces of some inputs.
enum Part {
    Here(VecDeque<Arc<Piece>>),
    /// Those that a home has of one input.
    Away {
        group: usize,
        of: u32,
    },
}

impl Incoming {
    /// Bytes of the pieces still to come, as they were appended. Waits for other homes to say what they have.
    ///
    /// # Errors
    /// As its items.
    pub fn bytes_left(&mut self) -> Result<u64> {
        let bytes_of = |part: &Part| match part {
            Part::Here(pieces) => pieces.iter().map(|piece| piece.bytes()).sum(),
            Part::Away { .. } => 0,
        };
        let here: u64 = self.parts.iter().map(bytes_of).sum();
        let away = self.away.iter_mut().map(Away::bytes_left);
        away.sum::<Result<u64>>().map(|away| here + away)
    }

    fn read_next(&mut self) -> Result<Option<Arc<Payload>>> {
        loop {
            let found = match self.parts.front_mut() {
                None => return Ok(None),
                Some(Part::Here(pieces)) => match pieces.pop_front() {
                    Some(piece) => Some(self.files.payload(&piece)?),
                    None => None,
                },
                Some(Part::Away { group, of }) => self.away[*group].next_of(*of)?,
            };
            match found {
                Some(payload) => return Ok(Some(payload)),
                None => self.parts.pop_front(),
            };
        }
    }
}

impl Iterator for Incoming {
    type Item = Result<Arc<Payload>>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.read_next();
        if next.is_err() {
            // What comes behind it is of no use.
            self.parts.clear();
            self.away.clear();
        }
        next.transpose()
    }
}

/// Files that are being read.
#[derive(Default)]
struct OpenFiles(FxHashMap<usize, Open>);

/// A file that is being read.
struct Open {
    source: BufReader<Box<dyn Readable>>,
    at: u64,
    /// So that no other file gets its address.
    _file: Arc<PieceFile>,
}

impl OpenFiles {
    /// The payload of a piece. One on disk stays there.
    fn payload(&mut self, piece: &Piece) -> Result<Arc<Payload>> {
        match (piece.payload(), piece.extent()) {
            (Some(payload), _) => Ok(payload),
            (None, Some(extent)) => self.read(&extent).map(Arc::new),
            (None, None) => {
                Err(ErrorKind::InvalidValue("a piece that came back to memory".to_owned()).into())
            }
        }
    }

    fn read(&mut self, extent: &Extent) -> Result<Payload> {
        let path = extent.file.path();
        let address = Arc::as_ptr(&extent.file).addr();
        if !self.0.contains_key(&address) {
            if self.0.len() == N_OPEN_MAX {
                self.0.clear();
            }
            let source = extent.file.open().map_err(|error| io_error(&error, path))?;
            let source = BufReader::with_capacity(GATHER_BYTES, source);
            self.0.insert(address, Open { source, at: 0, _file: Arc::clone(&extent.file) });
        }
        let Some(open) = self.0.get_mut(&address) else {
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
