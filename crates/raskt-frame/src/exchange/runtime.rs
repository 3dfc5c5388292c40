//! The runtime of what belongs to exchanges: it needs no Python.

use std::sync::Arc;

use raskt_core::{ErrorKind, ForeignDecode, Opaque, Payload, Result, Sealed, Value};

use super::{Pieces, Place};

/// The runtime of places and pieces among foreign values: [`ExchangeRuntime`] decodes them.
pub const RUNTIME: &str = "exchange";

pub(super) const PLACE: u8 = 0;
pub(super) const PIECES: u8 = 1;

/// A payload of those bytes, behind what they are.
pub(super) fn tagged(tag: u8, bytes: &[u8]) -> Payload {
    let mut header = Vec::with_capacity(1 + bytes.len());
    header.push(tag);
    header.extend_from_slice(bytes);
    Payload { header, buffers: Vec::new() }
}

/// Decodes places and pieces.
#[derive(Clone, Copy, Debug, Default)]
pub struct ExchangeRuntime;

impl ForeignDecode for ExchangeRuntime {
    fn decode(&self, sealed: Sealed) -> Result<Value> {
        if sealed.runtime() != RUNTIME {
            return Err(ErrorKind::UnknownBody(format!("decoder of {} objects", sealed.runtime())).into());
        }
        match sealed.payload().header.split_first() {
            Some((&PLACE, bytes)) => Ok(Value::Opaque(Arc::new(Place::decode(bytes)?))),
            Some((&PIECES, bytes)) => Ok(Pieces::decode(bytes)?.into()),
            _ => Err(ErrorKind::Corrupt("an object of an exchange".to_owned()).into()),
        }
    }
}
