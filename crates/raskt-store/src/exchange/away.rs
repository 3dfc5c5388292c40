//! The pieces of one output that another home has.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use raskt_core::{ErrorKind, Payload, Result};

use super::home::{Awaited, Home, received};
use super::request::{PieceAnswer, PieceRequest, Position};

/// What comes from one home: an answer after the other, each asked for when the one before it has come.
pub(super) struct Away {
    here: Home,
    name: Arc<[u8]>,
    request: PieceRequest,
    /// None where all has come.
    awaited: Option<Awaited>,
    arrived: VecDeque<(u32, Arc<Payload>)>,
    /// Of pieces that have not come.
    bytes_left: u64,
    has_answered: bool,
}

impl Away {
    /// Asks the home with that name for the pieces for `output` of what it has sent under these numbers.
    pub fn ask(here: &Home, name: Arc<[u8]>, sent: Arc<[u64]>, output: u32, bytes_max: u64) -> Self {
        let request = PieceRequest { sent, output, from: Position::default(), bytes_max };
        let awaited = Some(here.carrier().ask(&name, request.clone()));
        let here = here.clone();
        Self { here, name, request, awaited, arrived: VecDeque::new(), bytes_left: 0, has_answered: false }
    }

    /// The bytes still to be taken.
    pub fn bytes_left(&mut self) -> Result<u64> {
        if !self.has_answered {
            self.await_answer()?;
        }
        let arrived: u64 = self.arrived.iter().map(|(_, payload)| payload.size_bytes()).sum();
        Ok(arrived + self.bytes_left)
    }

    /// The next piece of one input, whose pieces come after those of the inputs before it; none where it has no more.
    pub fn next_of(&mut self, of: u32) -> Result<Option<Arc<Payload>>> {
        loop {
            match self.arrived.front() {
                Some((next, _)) if *next == of => {
                    return Ok(self.arrived.pop_front().map(|(_, payload)| payload));
                }
                Some(_) => return Ok(None),
                None if self.awaited.is_none() => return Ok(None),
                None => self.await_answer()?,
            }
        }
    }

    fn await_answer(&mut self) -> Result<()> {
        let Some(awaited) = self.awaited.take() else { return Ok(()) };
        let begun = Instant::now();
        let PieceAnswer { pieces, next, bytes_left } = awaited()?;
        received(&pieces, begun.elapsed());
        let from = self.request.from;
        let places = || pieces.iter().map(|&(of, _)| of);
        let is_in_order = places().is_sorted() && places().all(|of| of >= from.sent);
        let is_known = places().all(|of| (of as usize) < self.request.sent.len());
        let goes_on = next.is_none_or(|next| next > from && !pieces.is_empty());
        if !is_in_order || !is_known || !goes_on {
            return Err(ErrorKind::Corrupt("pieces that were not asked for".to_owned()).into());
        }
        if let Some(next) = next {
            self.request.from = next;
            self.awaited = Some(self.here.carrier().ask(&self.name, self.request.clone()));
        }
        self.arrived.extend(pieces);
        (self.bytes_left, self.has_answered) = (bytes_left, true);
        Ok(())
    }
}
