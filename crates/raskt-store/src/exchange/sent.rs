//! What a sending task returns: where its pieces are.
//!
//! On its way to another process it is short, however many pieces there are: the name of their home; or their list, the index, is
//! written behind the pieces, and whoever asks for the first piece reads it.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use raskt_core::encode::{Decode, Decoder, Encoder, Limits};
use raskt_core::{ErrorKind, Payload, Result};
use rustc_hash::FxHashMap;

use super::file::{Extent, PieceFile};
use super::home::{Home, Kept};
use super::index_cache;
use super::piece::Piece;
use super::service::Exchange;

/// The pieces of one input, by output.
pub struct Sent {
    n_outputs: u32,
    place: Place,
}

enum Place {
    /// Appended in this process. The extent is that of the index, once it was written.
    Here { exchange: Exchange, pieces: Index, index: OnceLock<Extent> },
    /// Appended in another process, which wrote the index.
    Elsewhere(Extent),
    /// At home here.
    Home(Kept),
    /// At a home, under a number.
    Away { home: Arc<[u8]>, number: u64 },
}

/// Where pieces are, as seen from a home.
pub(super) enum Whereabouts<'a> {
    /// In this process, or in files that it sees.
    Here(Index),
    Away {
        home: &'a Arc<[u8]>,
        number: u64,
    },
}

const FILES: u8 = 0;
const HOME: u8 = 1;
/// No name of a home is longer.
const NAME_BYTES_MAX: usize = 1 << 12;

/// Pieces with their outputs: sorted by output, and within one in the order in which they were appended.
#[derive(Clone, Default)]
pub(super) struct Index(Arc<Vec<(u32, Arc<Piece>)>>);

impl Index {
    /// The pieces for `output`.
    pub fn of(&self, output: u32) -> &[(u32, Arc<Piece>)] {
        let begin = self.0.partition_point(|(of, _)| *of < output);
        &self.0[begin..begin + self.0[begin..].partition_point(|(of, _)| *of == output)]
    }

    pub fn n_pieces(&self) -> usize {
        self.0.len()
    }

    fn encode(&self, extent_of: impl Fn(&Arc<Piece>) -> Option<Extent>) -> Result<Payload> {
        let mut numbers: FxHashMap<usize, u64> = FxHashMap::default();
        let mut files: Vec<Arc<PieceFile>> = Vec::new();
        let mut rows = Vec::with_capacity(self.0.len());
        for (output, piece) in self.0.iter() {
            let lost = || ErrorKind::InvalidValue("a piece that was written and is not on disk".into());
            let extent = extent_of(piece).ok_or_else(lost)?;
            let number = *numbers.entry(Arc::as_ptr(&extent.file).addr()).or_insert_with(|| {
                files.push(Arc::clone(&extent.file));
                files.len() as u64 - 1
            });
            rows.push([u64::from(*output), piece.bytes(), number, extent.slot, extent.offset, extent.bytes]);
        }
        let mut out = Encoder::in_band();
        out.varint(files.len() as u64);
        for file in files {
            file.share();
            encode_file(&file, &mut out)?;
        }
        out.varint(rows.len() as u64);
        rows.iter().flatten().for_each(|&number| out.varint(number));
        Ok(Payload { header: out.into_bytes(), buffers: Vec::new() })
    }

    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let mut input = Decoder::new(bytes, &Limits::default())?;
        let n_files = input.length()?;
        let mut files = raskt_core::allocation::room_for(n_files)?;
        for _ in 0..n_files {
            files.push(decode_file(&mut input)?);
        }
        let n_pieces = input.length()?;
        let mut pieces: Vec<(u32, Arc<Piece>)> = raskt_core::allocation::room_for(n_pieces)?;
        for _ in 0..n_pieces {
            let output = u32::decode(&mut input)?;
            if pieces.last().is_some_and(|(last, _)| *last > output) {
                return Err(input.corrupt("pieces whose outputs are not in order"));
            }
            let piece_bytes = input.varint()?;
            let file = usize::try_from(input.varint()?).ok().and_then(|at| files.get(at));
            let file = Arc::clone(file.ok_or_else(|| input.corrupt("a piece in a file that is not named"))?);
            pieces.push((output, Piece::on_disk(piece_bytes, decode_extent(file, &mut input)?)));
        }
        input.finish()?;
        Ok(Self(Arc::new(pieces)))
    }
}

impl Sent {
    pub(super) fn new(
        exchange: Exchange,
        home: Option<&Home>,
        n_outputs: u32,
        pieces: Vec<(u32, Arc<Piece>)>,
    ) -> Self {
        let pieces = Index(Arc::new(pieces));
        let place = match home {
            Some(home) => Place::Home(home.keep(pieces)),
            None => Place::Here { exchange, pieces, index: OnceLock::new() },
        };
        Self { n_outputs, place }
    }

    /// How many outputs there are.
    #[must_use]
    pub fn n_outputs(&self) -> u32 {
        self.n_outputs
    }

    /// Bytes of its pieces that are in memory, and that writing it would free. A home keeps to a bound by itself.
    #[must_use]
    pub fn memory_bytes(&self) -> u64 {
        match &self.place {
            Place::Here { pieces, .. } => {
                let in_memory = pieces.0.iter().filter(|(_, piece)| piece.payload().is_some());
                in_memory.map(|(_, piece)| piece.bytes()).sum()
            }
            Place::Elsewhere(_) | Place::Home(_) | Place::Away { .. } => 0,
        }
    }

    /// Where the pieces are, as seen from `here`.
    pub(super) fn whereabouts(&self, here: Option<&Home>) -> Result<Whereabouts<'_>> {
        Ok(match &self.place {
            Place::Here { pieces, .. } => Whereabouts::Here(pieces.clone()),
            Place::Home(kept) => Whereabouts::Here(kept.pieces.clone()),
            Place::Elsewhere(extent) => Whereabouts::Here(index_cache::get(extent)?),
            Place::Away { home, number } => {
                let own = here.filter(|here| here.name() == home).and_then(|here| here.kept(*number));
                own.map_or(Whereabouts::Away { home, number: *number }, Whereabouts::Here)
            }
        })
    }

    /// The same for another process, which asks its home for the pieces, or sees the folder of the exchange: then pieces in
    /// memory are written, and their files stay until the folder goes.
    ///
    /// # Errors
    /// [`ErrorKind::NotEncodable`] where the exchange has no folder; [`ErrorKind::DiskFull`], [`ErrorKind::Io`].
    pub fn encode(&self) -> Result<Vec<u8>> {
        let mut out = Encoder::in_band();
        out.varint(u64::from(self.n_outputs));
        let mut named = |home: &[u8], number: u64| {
            out.byte(HOME);
            out.varint(home.len() as u64);
            out.raw(home);
            out.varint(number);
            Ok(std::mem::replace(&mut out, Encoder::in_band()).into_bytes())
        };
        let extent = match &self.place {
            Place::Home(kept) => return named(kept.home_name(), kept.number),
            Place::Away { home, number } => return named(home, *number),
            Place::Elsewhere(extent) => extent,
            Place::Here { exchange, pieces, index } => match index.get() {
                Some(extent) => extent,
                None => {
                    let written = exchange.settle(&pieces.0, |extent_of| pieces.encode(extent_of))?;
                    index.get_or_init(|| written)
                }
            },
        };
        extent.file.share();
        out.byte(FILES);
        encode_file(&extent.file, &mut out)?;
        [extent.slot, extent.offset, extent.bytes].iter().for_each(|&number| out.varint(number));
        Ok(out.into_bytes())
    }

    /// What another process wrote with [`Sent::encode`].
    ///
    /// # Errors
    /// [`ErrorKind::Corrupt`] for any other bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let mut input = Decoder::new(bytes, &Limits::default())?;
        let n_outputs = u32::decode(&mut input)?;
        let place = match input.byte()? {
            FILES => {
                let file = decode_file(&mut input)?;
                Place::Elsewhere(decode_extent(file, &mut input)?)
            }
            HOME => {
                let n = input.length()?;
                if n > NAME_BYTES_MAX {
                    return Err(input.corrupt("the name of a home that is too long"));
                }
                let home = input.raw(n)?.into();
                Place::Away { home, number: input.varint()? }
            }
            tag => return Err(input.unknown_tag("place of pieces", tag)),
        };
        input.finish()?;
        Ok(Self { n_outputs, place })
    }
}

fn encode_file(file: &PieceFile, out: &mut Encoder<'_>) -> Result<()> {
    let not_text = || ErrorKind::NotEncodable(format!("the path {}", file.path().display()));
    out.text(file.path().to_str().ok_or_else(not_text)?);
    let (folder, number) = file.numbers();
    out.raw(&folder.to_le_bytes());
    out.varint(number);
    Ok(())
}

fn decode_file(input: &mut Decoder<'_>) -> Result<Arc<PieceFile>> {
    let path = PathBuf::from(input.text()?);
    let folder = u64::from_le_bytes(input.array()?);
    Ok(PieceFile::of_other_process(path, (folder, input.varint()?)))
}

fn decode_extent(file: Arc<PieceFile>, input: &mut Decoder<'_>) -> Result<Extent> {
    Ok(Extent { file, slot: input.varint()?, offset: input.varint()?, bytes: input.varint()? })
}

impl fmt::Debug for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sent(to {} outputs)", self.n_outputs)
    }
}
