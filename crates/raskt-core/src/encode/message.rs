//! Whole messages: a version byte, a body, nothing after it.

use super::{Decode, Decoder, Encode, EncodeOptions, Encoder, Limits};
use crate::{ForeignDecode, Payload, Result, Value};

/// The version of the encoding that this release writes, and the only one it reads.
pub const VERSION: u8 = 1;

/// The canonical bytes of `value`.
///
/// # Errors
/// [`ErrorKind::NotEncodable`](crate::ErrorKind::NotEncodable) for foreign objects.
pub fn encode_canonical<T: Encode + ?Sized>(value: &T) -> Result<Vec<u8>> {
    let mut out = Encoder::in_band();
    value.encode(&mut out)?;
    Ok(out.into_bytes())
}

/// The value that [`encode_canonical`] wrote.
///
/// # Errors
/// [`ErrorKind::Corrupt`](crate::ErrorKind::Corrupt) for anything that it would not have written.
pub fn decode_canonical<T: Decode>(bytes: &[u8], limits: &Limits) -> Result<T> {
    let mut input = Decoder::new(bytes, limits)?;
    let value = T::decode(&mut input)?;
    input.finish()?;
    Ok(value)
}

/// The payload of anything that can be encoded.
///
/// # Errors
/// [`ErrorKind::NotEncodable`](crate::ErrorKind::NotEncodable) where a foreign object has no encoding.
pub fn encode_payload<T: Encode + ?Sized>(value: &T, options: &EncodeOptions) -> Result<Payload> {
    let mut out = Encoder::out_of_band(options);
    value.encode(&mut out)?;
    Ok(out.into_payload())
}

/// What [`encode_payload`] wrote; large buffers are taken from the payload, not copied.
///
/// # Errors
/// [`ErrorKind::Corrupt`](crate::ErrorKind::Corrupt), and what `foreign` returns.
pub fn decode_payload<T: Decode>(
    payload: Payload,
    foreign: &dyn ForeignDecode,
    limits: &Limits,
) -> Result<T> {
    let mut input = Decoder::of_payload(&payload.header, payload.buffers, foreign, limits)?;
    let value = T::decode(&mut input)?;
    input.finish()?;
    Ok(value)
}

/// The payload of a value, with the default options.
///
/// ```
/// use raskt_core::encode::{Limits, decode_value, encode_value};
/// use raskt_core::{Buffer, Value, opaque::NoForeign};
///
/// let value = Value::from(vec![Value::from(1), Buffer::zeroed(1 << 20)?.into()]);
/// let payload = encode_value(&value)?;
/// assert!(payload.header.len() < 16);
/// assert_eq!(payload.buffers.len(), 1);
/// assert_eq!(decode_value(payload, &NoForeign, &Limits::default())?, value);
/// # Ok::<(), raskt_core::Error>(())
/// ```
///
/// # Errors
/// As [`encode_payload`].
pub fn encode_value(value: &Value) -> Result<Payload> {
    encode_payload(value, &EncodeOptions::default())
}

/// The value that [`encode_value`] wrote.
///
/// # Errors
/// As [`decode_payload`].
pub fn decode_value(payload: Payload, foreign: &dyn ForeignDecode, limits: &Limits) -> Result<Value> {
    decode_payload(payload, foreign, limits)
}
