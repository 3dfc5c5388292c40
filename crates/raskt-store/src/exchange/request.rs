//! What one home asks another one for, and what it is answered.

use std::sync::Arc;

use raskt_core::encode::{Decode, Decoder, Encode, Encoder};
use raskt_core::{Payload, Result};

/// A place among the pieces that a request is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Of which of those that were sent.
    pub sent: u32,
    /// Which of its pieces for the output.
    pub piece: u32,
}

/// All pieces for an output, of some that were sent at the home that is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PieceRequest {
    /// The numbers of what was sent.
    pub sent: Arc<[u64]>,
    /// The output.
    pub output: u32,
    /// Where to begin.
    pub from: Position,
    /// So many bytes are wanted at once, or one piece.
    pub bytes_max: u64,
}

/// Pieces, and what is left.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PieceAnswer {
    /// Pieces, each with the place of what it belongs to in the request; in order.
    pub pieces: Vec<(u32, Arc<Payload>)>,
    /// Where the next request goes on; none where this was all.
    pub next: Option<Position>,
    /// The bytes of the pieces from there on.
    pub bytes_left: u64,
}

impl Encode for Position {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        (self.sent, self.piece).encode(out)
    }
}

impl Decode for Position {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        let (sent, piece) = Decode::decode(input)?;
        Ok(Self { sent, piece })
    }
}

impl Encode for PieceRequest {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        self.sent.as_ref().encode(out)?;
        (self.output, self.from, self.bytes_max).encode(out)
    }
}

impl Decode for PieceRequest {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        let sent = Vec::decode(input)?.into();
        let (output, from, bytes_max) = Decode::decode(input)?;
        Ok(Self { sent, output, from, bytes_max })
    }
}

impl Encode for PieceAnswer {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        out.varint(self.pieces.len() as u64);
        for (of, payload) in &self.pieces {
            out.varint(u64::from(*of));
            out.payload(payload);
        }
        (self.next, self.bytes_left).encode(out)
    }
}

impl Decode for PieceAnswer {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        let n = input.length()?;
        let pieces = (0..n).map(|_| Ok((Decode::decode(input)?, Arc::new(input.payload()?))));
        let pieces = pieces.collect::<Result<_>>()?;
        let (next, bytes_left) = Decode::decode(input)?;
        Ok(Self { pieces, next, bytes_left })
    }
}
