//! The encoding of names, keys and dtypes.

use super::{Decode, Decoder, Encode, Encoder};
use crate::dtype::TimeUnit;
use crate::{Block, DType, Key, Name, Result};

impl Encode for Name {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        out.text(self.as_str());
        Ok(())
    }
}

impl Decode for Name {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        input.text().map(Self::new)
    }
}

impl Encode for Key {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        self.name.encode(out)?;
        self.block.encode(out)?;
        self.output.encode(out)
    }
}

impl Decode for Key {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        Ok(Self { name: Name::decode(input)?, block: Block::decode(input)?, output: u16::decode(input)? })
    }
}

const DATETIME: u8 = 0x50;
const TIMEDELTA: u8 = 0x51;
const FOREIGN: u8 = 0x52;
const UNKNOWN: u8 = 0x53;

/// The tag of a native dtype is this and its place in [`DType::NATIVE`], which is never reordered.
const NATIVE: u8 = 0x40;

/// The code of a unit is its place here.
const UNITS: [TimeUnit; 7] = [
    TimeUnit::Day,
    TimeUnit::Hour,
    TimeUnit::Minute,
    TimeUnit::Second,
    TimeUnit::Millisecond,
    TimeUnit::Microsecond,
    TimeUnit::Nanosecond,
];

const fn unit_code(unit: TimeUnit) -> u8 {
    match unit {
        TimeUnit::Day => 0,
        TimeUnit::Hour => 1,
        TimeUnit::Minute => 2,
        TimeUnit::Second => 3,
        TimeUnit::Millisecond => 4,
        TimeUnit::Microsecond => 5,
        TimeUnit::Nanosecond => 6,
    }
}

const fn tag_of(dtype: &DType) -> u8 {
    match dtype {
        DType::Bool => NATIVE,
        DType::Int8 => NATIVE + 1,
        DType::Int16 => NATIVE + 2,
        DType::Int32 => NATIVE + 3,
        DType::Int64 => NATIVE + 4,
        DType::UInt8 => NATIVE + 5,
        DType::UInt16 => NATIVE + 6,
        DType::UInt32 => NATIVE + 7,
        DType::UInt64 => NATIVE + 8,
        DType::Float32 => NATIVE + 9,
        DType::Float64 => NATIVE + 10,
        DType::Complex64 => NATIVE + 11,
        DType::Complex128 => NATIVE + 12,
        DType::Datetime(_) => DATETIME,
        DType::Timedelta(_) => TIMEDELTA,
        DType::Foreign(_) => FOREIGN,
        DType::Unknown => UNKNOWN,
    }
}

impl Encode for TimeUnit {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        out.byte(unit_code(*self));
        Ok(())
    }
}

impl Decode for TimeUnit {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        let code = input.byte()?;
        UNITS.get(usize::from(code)).copied().ok_or_else(|| input.unknown_tag("time unit", code))
    }
}

impl Encode for DType {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        out.byte(tag_of(self));
        match self {
            Self::Datetime(unit) | Self::Timedelta(unit) => unit.encode(out),
            Self::Foreign(name) => name.encode(out),
            _ => Ok(()),
        }
    }
}

impl Decode for DType {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        Ok(match input.byte()? {
            DATETIME => Self::Datetime(TimeUnit::decode(input)?),
            TIMEDELTA => Self::Timedelta(TimeUnit::decode(input)?),
            FOREIGN => Self::Foreign(input.text()?.into()),
            UNKNOWN => Self::Unknown,
            tag => {
                let native = usize::from(tag.wrapping_sub(NATIVE));
                return Self::NATIVE.get(native).cloned().ok_or_else(|| input.unknown_tag("dtype", tag));
            }
        })
    }
}
