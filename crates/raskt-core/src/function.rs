//! Users' functions as other processes know them: by the hash of their content.

use std::fmt;
use std::sync::Arc;

use crate::encode::{Decode, Decoder, Encode, Encoder};
use crate::{Payload, Result};

/// What a user's function is known by: the BLAKE3 hash of its encoded form, of 256 bits. Equal content has one id in
/// every process; nobody can make a function that takes another one's place, which a number or a weaker hash
/// ([`Token`](crate::Token)) would not keep a client of a shared cluster from.
///
/// ```
/// use raskt_core::{FunctionId, Payload};
/// let payload = |header: &[u8]| Payload { header: header.to_vec(), buffers: Vec::new() };
/// assert_eq!(FunctionId::of(&payload(b"inc")), FunctionId::of(&payload(b"inc")));
/// assert_ne!(FunctionId::of(&payload(b"inc")), FunctionId::of(&payload(b"dec")));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FunctionId([u8; 32]);

impl FunctionId {
    /// The id of the function that is encoded as `payload`.
    #[must_use]
    pub fn of(payload: &Payload) -> Self {
        let mut hasher = blake3::Hasher::new();
        // Each part with its length, so that no byte can move from one to the next.
        let parts = payload.buffers.iter().map(crate::Buffer::as_slice);
        for part in std::iter::once(payload.header.as_slice()).chain(parts) {
            hasher.update(&(part.len() as u64).to_le_bytes());
            hasher.update(part);
        }
        Self(*hasher.finalize().as_bytes())
    }

    /// The id that another process names; its content may never come.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// An even number that calls of the function share in statistics; another function may have it by accident.
    #[must_use]
    pub fn family(&self) -> u64 {
        let mut low = [0; 8];
        low.copy_from_slice(&self.0[..8]);
        u64::from_le_bytes(low) << 1
    }
}

impl Encode for FunctionId {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        out.raw(&self.0);
        Ok(())
    }
}

impl Decode for FunctionId {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        input.array().map(Self)
    }
}

impl fmt::Display for FunctionId {
    /// 64 hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for FunctionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FunctionId({self})")
    }
}

/// A user's function, encoded, with what it is known by.
#[derive(Clone)]
pub struct Function {
    id: FunctionId,
    payload: Arc<Payload>,
}

impl Function {
    /// The function that is encoded as `payload`.
    #[must_use]
    pub fn new(payload: Payload) -> Self {
        Self { id: FunctionId::of(&payload), payload: Arc::new(payload) }
    }

    /// A function whose id was computed before, by this process or by the one that started it. From anybody else take
    /// the payload alone.
    #[must_use]
    pub fn with_id(id: FunctionId, payload: Arc<Payload>) -> Self {
        Self { id, payload }
    }

    /// What it is known by.
    #[must_use]
    pub fn id(&self) -> &FunctionId {
        &self.id
    }

    /// Its encoded form.
    #[must_use]
    pub fn payload(&self) -> &Arc<Payload> {
        &self.payload
    }
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Function({})", self.id)
    }
}

impl PartialEq for Function {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Function {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_move_between_header_and_buffers_make_another_function() {
        let id = |header: &[u8], buffers: &[&[u8]]| {
            let buffers = buffers.iter().map(|&bytes| bytes.to_vec().into()).collect();
            FunctionId::of(&Payload { header: header.to_vec(), buffers })
        };
        let all =
            [id(b"ab", &[]), id(b"a", &[b"b"]), id(b"", &[b"ab"]), id(b"", &[b"a", b"b"]), id(b"ab", &[b""])];
        for (at, one) in all.iter().enumerate() {
            assert!(all[..at].iter().all(|other| other != one), "{at}");
        }
    }

    #[test]
    fn ids_are_the_same_in_every_process() {
        let id = FunctionId::of(&Payload { header: b"inc".to_vec(), buffers: Vec::new() });
        assert_eq!(id.to_string(), "b7e732f6731e2ceac61bf6dc96c897259da69f7f112181ec3056520c81284c3f");
    }
}
