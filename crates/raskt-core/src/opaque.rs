//! Objects of a foreign runtime (Python's) that Raskt carries without looking inside.

use std::any::Any;
use std::fmt;

use crate::{Buffer, Function, OwnerId, Result, Sealed, Value};

/// An encoded value: a small header, and the large buffers beside it, not copied.
///
/// The header of a foreign object is whatever its runtime writes (a pickle, protocol 5); the buffers are
/// its out-of-band data. Spilling writes them to a file, the process pool puts them in shared memory.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Payload {
    /// The structure.
    pub header: Vec<u8>,
    /// The bulk, in the order in which the header refers to it.
    pub buffers: Vec<Buffer>,
}

impl Payload {
    /// Bytes in all.
    #[must_use]
    pub fn size_bytes(&self) -> u64 {
        self.header.len() as u64 + self.buffers.iter().map(|b| b.len() as u64).sum::<u64>()
    }
}

/// A foreign object. Its `Debug` form is short: it appears in error messages.
pub trait Opaque: Any + Send + Sync + fmt::Debug {
    /// Which runtime it is of (`"python"`): the key under which a [`ForeignDecode`] is found.
    fn runtime(&self) -> &str;

    /// Estimated bytes that belong to this object alone, shared buffers left out.
    fn size_bytes(&self) -> u64;

    /// Every buffer that the object keeps alive and may share with others: owner and whole size.
    fn visit_owners(&self, visit: &mut dyn FnMut(OwnerId, u64));

    /// The object as header and buffers.
    ///
    /// # Errors
    /// [`crate::ErrorKind::NotEncodable`] where it has no such form (a lock, an open file).
    fn encode(&self) -> Result<Payload>;

    /// [`Opaque::size_bytes`] of the object where it is alive: what is written of a sealed one.
    fn opened_bytes(&self) -> u64 {
        self.size_bytes()
    }

    /// The user's function that the object is, where it is one: it then travels once a message, however many
    /// parameters name it.
    ///
    /// # Errors
    /// [`crate::ErrorKind::NotEncodable`] for a function that has no encoded form.
    fn function(&self) -> Result<Option<Function>> {
        Ok(None)
    }

    /// For a floor that knows the concrete type.
    fn as_any(&self) -> &dyn Any;
}

/// Turns payloads of foreign objects back into values; assembled at the top, handed down. Who runs nothing keeps them
/// sealed: [`KeepSealed`](crate::sealed::KeepSealed).
pub trait ForeignDecode: Send + Sync {
    /// The value that is in `sealed`.
    ///
    /// # Errors
    /// [`crate::ErrorKind::Corrupt`], or the foreign exception.
    fn decode(&self, sealed: Sealed) -> Result<Value>;
}

/// For graphs without foreign objects: every foreign payload is an error.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoForeign;

impl ForeignDecode for NoForeign {
    fn decode(&self, sealed: Sealed) -> Result<Value> {
        Err(crate::ErrorKind::UnknownBody(format!("decoder of {} objects", sealed.runtime())).into())
    }
}
