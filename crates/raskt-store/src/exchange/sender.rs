//! The sending side: a task appends the pieces of its input.

use std::sync::Arc;

use raskt_core::{ErrorKind, Payload, Result};

use super::home::Home;
use super::piece::Piece;
use super::sent::Sent;
use super::service::Exchange;

/// Appends the pieces of one input. What was appended is freed with it, unless [`Sender::finish`] is called.
pub struct Sender {
    exchange: Exchange,
    /// Where others ask for the pieces, if they do.
    home: Option<Home>,
    n_outputs: u32,
    pieces: Vec<(u32, Arc<Piece>)>,
}

impl Sender {
    pub(super) fn new(exchange: Exchange, n_outputs: u32) -> Result<Self> {
        let pieces = raskt_core::allocation::room_for(n_outputs as usize)?;
        Ok(Self { exchange, home: None, n_outputs, pieces })
    }

    pub(super) fn at_home(home: Home, exchange: Exchange, n_outputs: u32) -> Result<Self> {
        Ok(Self { home: Some(home), ..Self::new(exchange, n_outputs)? })
    }

    /// Adds a piece for `output`, behind those that it has of this input. Past the budget of the exchange this writes
    /// pieces to disk.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidValue`] for an output that there is not; [`ErrorKind::DiskFull`], [`ErrorKind::Io`].
    pub fn append(&mut self, output: u32, piece: Payload) -> Result<()> {
        if output >= self.n_outputs {
            let what = format!("output {output} of an exchange with {} outputs", self.n_outputs);
            return Err(ErrorKind::InvalidValue(what).into());
        }
        self.pieces.push((output, self.exchange.append(output, piece)?));
        Ok(())
    }

    /// All pieces have been appended.
    #[must_use]
    pub fn finish(mut self) -> Sent {
        self.pieces.sort_by_key(|(output, _)| *output);
        Sent::new(self.exchange, self.home.as_ref(), self.n_outputs, self.pieces)
    }
}
