//! What a sending task returns: where its pieces are.

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use raskt_core::encode::{Decode, Decoder, Encoder, Limits};
use raskt_core::{ErrorKind, Result};
use rustc_hash::FxHashMap;

use super::Exchange;
use super::file::{Extent, PieceFile};
use super::piece::Piece;

/// The pieces of one input, by output.
pub struct Sent {
    exchange: Option<Exchange>,
    n_outputs: u32,
    /// Sorted by output, and within one in the order in which they were appended.
    pieces: Vec<(u32, Arc<Piece>)>,
}

impl Sent {
    pub(super) fn new(exchange: Option<Exchange>, n_outputs: u32, pieces: Vec<(u32, Arc<Piece>)>) -> Self {
        Self { exchange, n_outputs, pieces }
    }

    /// How many outputs there are.
    #[must_use]
    pub fn n_outputs(&self) -> u32 {
        self.n_outputs
    }

    /// The bytes of the pieces for `output`, as they were appended.
    #[must_use]
    pub fn bytes_for(&self, output: u32) -> u64 {
        self.pieces_for(output).iter().map(|(_, piece)| piece.bytes()).sum()
    }

    /// Bytes of all pieces, as they were appended.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.pieces.iter().map(|(_, piece)| piece.bytes()).sum()
    }

    pub(super) fn pieces_for(&self, output: u32) -> &[(u32, Arc<Piece>)] {
        &self.pieces[self.range_of(output)]
    }

    fn range_of(&self, output: u32) -> Range<usize> {
        let begin = self.pieces.partition_point(|(of, _)| *of < output);
        begin..begin + self.pieces[begin..].partition_point(|(of, _)| *of == output)
    }

    /// The same for another process that sees the folder of the exchange: pieces in memory are written, and their files
    /// stay until the folder goes.
    ///
    /// # Errors
    /// [`ErrorKind::NotEncodable`] where the exchange has no folder; [`ErrorKind::DiskFull`], [`ErrorKind::Io`].
    pub fn encode(&self) -> Result<Vec<u8>> {
        if let Some(exchange) = &self.exchange {
            exchange.settle(self.pieces.iter().cloned())?;
        }
        let mut out = Encoder::in_band();
        let mut numbers: FxHashMap<usize, u64> = FxHashMap::default();
        let mut files: Vec<Arc<PieceFile>> = Vec::new();
        let mut rows = Vec::with_capacity(self.pieces.len());
        for (output, piece) in &self.pieces {
            let lost = || ErrorKind::InvalidValue("a piece that was written and is not on disk".into());
            let extent = piece.extent().ok_or_else(lost)?;
            let number = *numbers.entry(Arc::as_ptr(&extent.file).addr()).or_insert_with(|| {
                files.push(Arc::clone(&extent.file));
                files.len() as u64 - 1
            });
            rows.push([u64::from(*output), piece.bytes(), number, extent.slot, extent.offset, extent.bytes]);
        }
        out.varint(u64::from(self.n_outputs));
        out.varint(files.len() as u64);
        for file in files {
            file.share();
            let not_text = || ErrorKind::NotEncodable(format!("the path {}", file.path().display()));
            out.text(file.path().to_str().ok_or_else(not_text)?);
            let (folder, number) = file.numbers();
            out.raw(&folder.to_le_bytes());
            out.varint(number);
        }
        out.varint(rows.len() as u64);
        rows.iter().flatten().for_each(|&number| out.varint(number));
        Ok(out.into_bytes())
    }

    /// What another process wrote with [`Sent::encode`].
    ///
    /// # Errors
    /// [`ErrorKind::Corrupt`] for any other bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let mut input = Decoder::new(bytes, &Limits::default())?;
        let n_outputs = u32::decode(&mut input)?;
        let n_files = input.length()?;
        let mut files = raskt_core::allocation::room_for(n_files)?;
        for _ in 0..n_files {
            let path = PathBuf::from(input.text()?);
            let folder = u64::from_le_bytes(input.array()?);
            files.push(PieceFile::of_other_process(path, (folder, input.varint()?)));
        }
        let n_pieces = input.length()?;
        let mut pieces: Vec<(u32, Arc<Piece>)> = raskt_core::allocation::room_for(n_pieces)?;
        for _ in 0..n_pieces {
            let output = u32::decode(&mut input)?;
            let in_order = pieces.last().is_none_or(|(last, _)| *last <= output);
            if output >= n_outputs || !in_order {
                return Err(input.corrupt("pieces whose outputs are not in order"));
            }
            let piece_bytes = input.varint()?;
            let file = usize::try_from(input.varint()?).ok().and_then(|at| files.get(at));
            let file = Arc::clone(file.ok_or_else(|| input.corrupt("a piece in a file that is not named"))?);
            let extent =
                Extent { file, slot: input.varint()?, offset: input.varint()?, bytes: input.varint()? };
            pieces.push((output, Piece::on_disk(piece_bytes, extent)));
        }
        input.finish()?;
        Ok(Self { exchange: None, n_outputs, pieces })
    }
}

impl fmt::Debug for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sent({} pieces for {} outputs)", self.pieces.len(), self.n_outputs)
    }
}
