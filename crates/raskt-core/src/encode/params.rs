//! The encoding of parameters.

use std::sync::Arc;

use super::{Decode, Decoder, Encode, Encoder};
use crate::{Buffer, ErrorKind, Param, Result, Value};

const NULL: u8 = 0x20;
const FALSE: u8 = 0x21;
const TRUE: u8 = 0x22;
const INT: u8 = 0x23;
const FLOAT: u8 = 0x24;
const STR: u8 = 0x25;
const BYTES: u8 = 0x26;
const LIST: u8 = 0x27;
const MAP: u8 = 0x28;
const VALUE: u8 = 0x29;
/// A user's function: its runtime, its size, and which it is.
const FUNCTION: u8 = 0x2a;

type Entry = (Arc<str>, Param);

impl Encode for Param {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        match self {
            Self::Null => out.byte(NULL),
            Self::Bool(false) => out.byte(FALSE),
            Self::Bool(true) => out.byte(TRUE),
            Self::Int(value) => {
                out.byte(INT);
                out.zigzag(*value);
            }
            Self::Float(value) => {
                out.byte(FLOAT);
                return value.encode(out);
            }
            Self::Str(text) => {
                out.byte(STR);
                out.text(text);
            }
            Self::Bytes(bytes) => {
                out.byte(BYTES);
                out.buffer(&Buffer::from(Arc::clone(bytes)));
            }
            Self::List(items) => {
                out.byte(LIST);
                return out.nested(|out| items.encode(out));
            }
            Self::Map(entries) => {
                out.byte(MAP);
                return out.nested(|out| encode_map(entries, out));
            }
            Self::Value(value) => return encode_value(value, out),
        }
        Ok(())
    }
}

/// Writes a value; a user's function by what it is known by, so that it travels once a message.
fn encode_value(value: &Value, out: &mut Encoder<'_>) -> Result<()> {
    if let Value::Opaque(object) = value
        && let Some(function) = out.function_of(object.as_ref())?
    {
        out.byte(FUNCTION);
        out.text(object.runtime());
        out.varint(object.opened_bytes());
        out.function(&function);
        return Ok(());
    }
    out.byte(VALUE);
    value.encode(out)
}

/// Writes entries in the order of their names, also those of a map that was not made by [`Param::map`].
fn encode_map(entries: &[Entry], out: &mut Encoder<'_>) -> Result<()> {
    if entries.is_sorted_by(|a, b| a.0 < b.0) {
        return entries.encode(out);
    }
    let mut sorted: Vec<&Entry> = entries.iter().collect();
    sorted.sort_by(|a, b| a.0.cmp(&b.0));
    match sorted.windows(2).find(|pair| pair[0].0 == pair[1].0) {
        Some(pair) => {
            Err(ErrorKind::NotEncodable(format!("the parameter {:?} is there twice", pair[0].0)).into())
        }
        None => sorted.encode(out),
    }
}

fn decode_map(input: &mut Decoder<'_>) -> Result<Vec<Entry>> {
    let entries = Vec::<Entry>::decode(input)?;
    match entries.is_sorted_by(|a, b| a.0 < b.0) {
        true => Ok(entries),
        false => Err(input.corrupt("parameters out of order")),
    }
}

impl Decode for Param {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        Ok(match input.byte()? {
            NULL => Self::Null,
            FALSE => Self::Bool(false),
            TRUE => Self::Bool(true),
            INT => Self::Int(input.zigzag()?),
            FLOAT => Self::Float(f64::decode(input)?),
            STR => Self::Str(input.text()?.into()),
            BYTES => Self::Bytes(input.buffer()?.as_slice().into()),
            LIST => Self::List(input.nested(|input| Vec::decode(input))?.into()),
            MAP => Self::Map(input.nested(decode_map)?.into()),
            VALUE => Self::Value(Value::decode(input)?),
            FUNCTION => Self::Value(input.foreign_function()?),
            tag => return Err(input.unknown_tag("parameter", tag)),
        })
    }
}
