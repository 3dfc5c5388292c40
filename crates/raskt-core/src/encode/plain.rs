//! The encoding of Rust's own types: numbers, text, sequences, options, tuples.

use std::collections::BTreeMap;
use std::sync::Arc;

use smallvec::SmallVec;

use super::decoder::corrupt_at;
use super::{Decode, Decoder, Encode, Encoder};
use crate::{Buffer, Result};

macro_rules! unsigned {
    ($($number:ty),*) => {$(
        impl Encode for $number {
            fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
                out.varint(*self as u64);
                Ok(())
            }
        }

        impl Decode for $number {
            fn decode(input: &mut Decoder<'_>) -> Result<Self> {
                let start = input.offset();
                let value = input.varint()?;
                Self::try_from(value)
                    .map_err(|_| corrupt_at(start, &format!("{value}, which {} cannot hold", stringify!($number))))
            }
        }
    )*};
}

macro_rules! signed {
    ($($number:ty),*) => {$(
        impl Encode for $number {
            fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
                out.zigzag(*self as i64);
                Ok(())
            }
        }

        impl Decode for $number {
            fn decode(input: &mut Decoder<'_>) -> Result<Self> {
                let start = input.offset();
                let value = input.zigzag()?;
                Self::try_from(value)
                    .map_err(|_| corrupt_at(start, &format!("{value}, which {} cannot hold", stringify!($number))))
            }
        }
    )*};
}

macro_rules! little_endian {
    ($($number:ty),*) => {$(
        impl Encode for $number {
            fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
                out.raw(&self.to_le_bytes());
                Ok(())
            }
        }

        impl Decode for $number {
            fn decode(input: &mut Decoder<'_>) -> Result<Self> {
                input.array().map(Self::from_le_bytes)
            }
        }
    )*};
}

unsigned!(u16, u32, u64, usize);
signed!(i8, i16, i32, i64, isize);
little_endian!(f32, f64, u128);

impl Encode for u8 {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        out.byte(*self);
        Ok(())
    }

    fn encode_items(items: &[Self], out: &mut Encoder<'_>) -> Result<()> {
        out.raw(items);
        Ok(())
    }
}

impl Decode for u8 {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        input.byte()
    }

    fn decode_items(n: usize, input: &mut Decoder<'_>) -> Result<Vec<Self>> {
        input.raw(n).map(<[u8]>::to_vec)
    }
}

impl Encode for bool {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        out.byte(u8::from(*self));
        Ok(())
    }
}

impl Decode for bool {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        match input.byte()? {
            0 => Ok(false),
            1 => Ok(true),
            tag => Err(input.unknown_tag("truth value", tag)),
        }
    }
}

impl Encode for str {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        out.text(self);
        Ok(())
    }
}

impl Encode for String {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        out.text(self);
        Ok(())
    }
}

impl Decode for String {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        input.text().map(str::to_owned)
    }
}

impl Decode for Arc<str> {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        input.text().map(Self::from)
    }
}

impl Encode for Buffer {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        out.buffer(self);
        Ok(())
    }
}

impl Decode for Buffer {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        input.buffer()
    }
}

impl<T: Encode + ?Sized> Encode for &T {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        (**self).encode(out)
    }
}

impl<T: Encode + ?Sized> Encode for Box<T> {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        (**self).encode(out)
    }
}

impl<T: Decode> Decode for Box<T> {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        T::decode(input).map(Self::new)
    }
}

impl<T: Encode + ?Sized> Encode for Arc<T> {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        (**self).encode(out)
    }
}

impl<T: Encode> Encode for [T] {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        out.varint(self.len() as u64);
        T::encode_items(self, out)
    }
}

impl<T: Encode, const N: usize> Encode for [T; N] {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        self.as_slice().encode(out)
    }
}

impl<T: Encode> Encode for Vec<T> {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        self.as_slice().encode(out)
    }
}

impl<T: Decode> Decode for Vec<T> {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        let n = input.length()?;
        T::decode_items(n, input)
    }
}

impl<T: Decode> Decode for Arc<[T]> {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        Vec::decode(input).map(Self::from)
    }
}

impl<T: Encode, const N: usize> Encode for SmallVec<[T; N]> {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        self.as_slice().encode(out)
    }
}

impl<T: Decode, const N: usize> Decode for SmallVec<[T; N]> {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        let n = input.length()?;
        let mut items = Self::new();
        for _ in 0..n {
            items.push(T::decode(input)?);
        }
        Ok(items)
    }
}

impl<T: Encode> Encode for Option<T> {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        match self {
            None => {
                out.byte(0);
                Ok(())
            }
            Some(item) => {
                out.byte(1);
                item.encode(out)
            }
        }
    }
}

impl<T: Decode> Decode for Option<T> {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        match input.byte()? {
            0 => Ok(None),
            1 => T::decode(input).map(Some),
            tag => Err(input.unknown_tag("option", tag)),
        }
    }
}

impl<K: Encode, V: Encode> Encode for BTreeMap<K, V> {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        out.varint(self.len() as u64);
        self.iter().try_for_each(|(key, value)| {
            key.encode(out)?;
            value.encode(out)
        })
    }
}

impl<K: Decode + Ord, V: Decode> Decode for BTreeMap<K, V> {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        let mut map = Self::new();
        for _ in 0..input.length()? {
            let key = K::decode(input)?;
            if map.last_key_value().is_some_and(|(last, _)| *last >= key) {
                return Err(input.corrupt("map entries out of order"));
            }
            map.insert(key, V::decode(input)?);
        }
        Ok(map)
    }
}

macro_rules! tuple {
    ($($item:ident)*) => {
        impl<$($item: Encode),*> Encode for ($($item,)*) {
            fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
                #[allow(non_snake_case)]
                let ($($item,)*) = self;
                $($item.encode(out)?;)*
                Ok(())
            }
        }

        impl<$($item: Decode),*> Decode for ($($item,)*) {
            fn decode(input: &mut Decoder<'_>) -> Result<Self> {
                Ok(($($item::decode(input)?,)*))
            }
        }
    };
}

tuple!(A B);
tuple!(A B C);
tuple!(A B C D);
