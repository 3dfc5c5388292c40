//! The world of what belongs to exchanges: it needs no Python.

use std::sync::Arc;

use raskt_core::{ErrorKind, ForeignDecode, Opaque, Payload, Result, Sealed, Value};

use super::{Pieces, Place};

/// The world of places and pieces among foreign values: [`ExchangeWorld`] decodes them.
pub const WORLD: &str = "exchange";

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
pub struct ExchangeWorld;

impl ForeignDecode for ExchangeWorld {
    fn decode(&self, sealed: Sealed) -> Result<Value> {
        if sealed.world() != WORLD {
            return Err(ErrorKind::UnknownBody(format!("decoder of {} objects", sealed.world())).into());
        }
        match sealed.payload().header.split_first() {
            Some((&PLACE, bytes)) => Ok(Value::Opaque(Arc::new(Place::decode(bytes)?))),
            Some((&PIECES, bytes)) => Ok(Pieces::decode(bytes)?.into()),
            _ => Err(ErrorKind::Corrupt("an object of an exchange".to_owned()).into()),
        }
    }
}
