//! The encoding of values and arrays.

use std::sync::Arc;

use super::decoder::corrupt_at;
use super::{Decode, Decoder, Encode, Encoder};
use crate::{DType, NdArray, Result, Value};

const UNIT: u8 = 0x00;
const FALSE: u8 = 0x01;
const TRUE: u8 = 0x02;
const INT: u8 = 0x03;
const FLOAT: u8 = 0x04;
const STR: u8 = 0x05;
const BYTES: u8 = 0x06;
const LIST: u8 = 0x07;
const ARRAY: u8 = 0x08;
/// A foreign object: its runtime, and its payload.
pub(super) const FOREIGN: u8 = 0x09;
/// A foreign object: its runtime, and the token of its content.
pub(super) const FOREIGN_TOKEN: u8 = 0x0a;

impl Encode for Value {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        match self {
            Self::Unit => out.byte(UNIT),
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
            Self::Bytes(buffer) => {
                out.byte(BYTES);
                out.buffer(buffer);
            }
            Self::List(items) => {
                out.byte(LIST);
                return out.nested(|out| items.encode(out));
            }
            Self::Array(array) => {
                out.byte(ARRAY);
                return array.encode(out);
            }
            Self::Opaque(object) => return out.foreign(object.as_ref()),
        }
        Ok(())
    }
}

impl Decode for Value {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        Ok(match input.byte()? {
            UNIT => Self::Unit,
            FALSE => Self::Bool(false),
            TRUE => Self::Bool(true),
            INT => Self::Int(input.zigzag()?),
            FLOAT => Self::Float(f64::decode(input)?),
            STR => Self::Str(input.text()?.into()),
            BYTES => Self::Bytes(Box::new(input.buffer()?)),
            LIST => Self::List(input.nested(|input| Vec::decode(input))?.into()),
            ARRAY => Self::Array(Arc::new(NdArray::decode(input)?)),
            FOREIGN => input.foreign_body()?,
            FOREIGN_TOKEN => {
                return Err(input.corrupt("a foreign object of which only the content token was written"));
            }
            tag => return Err(input.unknown_tag("value", tag)),
        })
    }
}

/// The bytes of elements are written as they lie in memory, and the encoding is little-endian.
#[cfg(target_endian = "big")]
compile_error!("raskt-core knows little-endian machines only: arrays would not decode elsewhere");

impl Encode for NdArray {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        self.dtype().encode(out)?;
        self.shape().encode(out)?;
        out.buffer(self.to_contiguous()?.buffer());
        Ok(())
    }
}

impl Decode for NdArray {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        let start = input.offset();
        let dtype = DType::decode(input)?;
        let shape = Vec::<u64>::decode(input)?;
        let buffer = input.buffer()?;
        Self::contiguous(dtype, &shape, buffer).map_err(|error| corrupt_at(start, &error.to_string()))
    }
}
