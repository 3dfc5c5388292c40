//! What a sending task returns.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use raskt_core::{ErrorKind, Opaque, OwnerId, Payload, Result, Value};
use raskt_store::Sent;

use super::runtime::{PIECES, RUNTIME, tagged};

/// Where the pieces of a partition are, by output. They are freed with it.
pub struct Pieces(Sent);

impl Pieces {
    /// What `sent` has.
    #[must_use]
    pub fn new(sent: Sent) -> Self {
        Self(sent)
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self> {
        Sent::decode(bytes).map(Self)
    }

    /// The pieces that a value is.
    ///
    /// # Errors
    /// [`ErrorKind::WrongType`] for any other value.
    pub fn of(value: &Value) -> Result<&Sent> {
        let found = match value {
            Value::Opaque(object) => object.as_any().downcast_ref::<Self>(),
            _ => None,
        };
        let wrong =
            || ErrorKind::WrongType { expected: "pieces of a shuffle", found: value.kind().to_owned() };
        found.map(|pieces| &pieces.0).ok_or_else(|| wrong().into())
    }
}

impl From<Pieces> for Value {
    fn from(pieces: Pieces) -> Self {
        Self::Opaque(Arc::new(pieces))
    }
}

impl fmt::Debug for Pieces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<pieces for {} partitions>", self.0.n_outputs())
    }
}

impl Opaque for Pieces {
    fn runtime(&self) -> &'static str {
        RUNTIME
    }

    /// What is in memory counts as its own: the store makes room by writing it.
    fn size_bytes(&self) -> u64 {
        size_of::<Self>() as u64 + self.0.memory_bytes()
    }

    fn visit_owners(&self, _: &mut dyn FnMut(OwnerId, u64)) {}

    fn encode(&self) -> Result<Payload> {
        Ok(tagged(PIECES, &self.0.encode()?))
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}
