//! Messages in a frame.

use raskt_core::encode::{Decode, Decoder, Encode, EncodeOptions, Encoder, Functions, Limits};
use raskt_core::{ForeignDecode, Function, Payload, Result};

/// Messages that go out in one frame.
#[derive(Default)]
pub struct Batch {
    out: Option<Encoder<'static>>,
    has_functions: bool,
}

impl Batch {
    /// A batch whose users' functions are inside, each once.
    #[must_use]
    pub fn with_functions() -> Self {
        Self { out: None, has_functions: true }
    }

    /// Adds a message; users' functions are only named, unless they are [inside](Self::with_functions).
    ///
    /// # Errors
    /// [`raskt_core::ErrorKind::NotEncodable`]: then what was gathered is to be dropped, since half a message may be there.
    pub fn push<T: Encode>(&mut self, message: &T) -> Result<()> {
        let has_functions = self.has_functions;
        let fresh = || {
            let out = Encoder::out_of_band(&EncodeOptions::default());
            if has_functions { out } else { out.with_functions_beside() }
        };
        message.encode(self.out.get_or_insert_with(fresh))
    }

    /// Whether there is no message.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.out.is_none()
    }

    /// The frame, and the functions that its messages name; none for no message.
    pub fn take(&mut self) -> Option<(Payload, Vec<Function>)> {
        let mut out = self.out.take()?;
        let functions = out.take_functions();
        Some((out.into_payload(), functions))
    }

    /// A frame of one message, with users' functions inside.
    ///
    /// # Errors
    /// [`raskt_core::ErrorKind::NotEncodable`].
    pub fn of_one<T: Encode>(message: &T) -> Result<Payload> {
        let mut out = Encoder::out_of_band(&EncodeOptions::default());
        message.encode(&mut out)?;
        Ok(out.into_payload())
    }
}

/// Calls `hear` for each message of a frame. `foreign` opens foreign values, or keeps them sealed; `functions` has those that
/// messages name, where they are not inside.
///
/// # Errors
/// [`raskt_core::ErrorKind::Corrupt`] for anything that is no message; what `hear` returns.
pub fn messages<T: Decode>(
    frame: Payload,
    foreign: &dyn ForeignDecode,
    functions: Option<&dyn Functions>,
    hear: &mut dyn FnMut(T) -> Result<()>,
) -> Result<()> {
    let limits = Limits::default();
    let Payload { header, buffers } = frame;
    let mut input = Decoder::of_payload(&header, buffers, foreign, &limits)?;
    if let Some(functions) = functions {
        input = input.with_functions_beside(functions);
    }
    while input.remaining() > 0 {
        hear(T::decode(&mut input)?)?;
    }
    input.finish()
}
