//! Reading: bytes that nobody vouches for, back into values.

use super::{Limits, message::VERSION, values};
use crate::{
    Buffer, Error, ErrorKind, ForeignDecode, Function, FunctionId, Name, Opaque, Payload, Result, Sealed,
    Value,
};

/// A sequence's first allocation is at most so large; it grows as items turn out to be there.
const FIRST_ALLOCATION_BYTES: usize = 1 << 10;

/// Something that its canonical encoding gives back.
///
/// A type that contains itself (a tree) wraps the reading of its children in [`Decoder::nested`].
pub trait Decode: Sized {
    /// Reads a value.
    ///
    /// # Errors
    /// [`ErrorKind::Corrupt`], saying what is wrong at which byte.
    fn decode(input: &mut Decoder<'_>) -> Result<Self>;

    /// Reads the `n` items of a sequence whose length was read; bytes do it at once.
    ///
    /// # Errors
    /// As [`Decode::decode`].
    fn decode_items(n: usize, input: &mut Decoder<'_>) -> Result<Vec<Self>> {
        let mut items = Vec::with_capacity(n.min(FIRST_ALLOCATION_BYTES / size_of::<Self>().max(1)));
        for _ in 0..n {
            items.push(Self::decode(input)?);
        }
        Ok(items)
    }
}

/// Users' functions that a process has, for messages that only name them.
pub trait Functions {
    /// The function `id`, if it is there.
    fn find(&self, id: &FunctionId) -> Option<Function>;
}

/// Reads one message.
///
/// ```
/// use raskt_core::encode::{Decode, Decoder, Limits};
/// let mut input = Decoder::new(b"\x01\x03two\xac\x02", &Limits::default())?;
/// assert_eq!(String::decode(&mut input)?, "two");
/// assert_eq!(u32::decode(&mut input)?, 300);
/// input.finish()?;
/// # Ok::<(), raskt_core::Error>(())
/// ```
pub struct Decoder<'a> {
    message: &'a [u8],
    offset: usize,
    buffers: std::vec::IntoIter<Buffer>,
    foreign: &'a dyn ForeignDecode,
    /// The functions of the message so far, in the order of their first mention.
    functions: Vec<Function>,
    /// Where functions are found that the message only names.
    beside: Option<&'a dyn Functions>,
    depth_left: u32,
}

impl<'a> Decoder<'a> {
    /// A reader of an in-band message.
    ///
    /// # Errors
    /// [`ErrorKind::Corrupt`] for another version, or more bytes than `limits` allow.
    pub fn new(message: &'a [u8], limits: &Limits) -> Result<Self> {
        Self::of_payload(message, Vec::new(), &crate::opaque::NoForeign, limits)
    }

    /// A reader of a payload's header, which refers to `buffers`.
    ///
    /// # Errors
    /// As [`Decoder::new`].
    pub fn of_payload(
        header: &'a [u8],
        buffers: Vec<Buffer>,
        foreign: &'a dyn ForeignDecode,
        limits: &Limits,
    ) -> Result<Self> {
        let (offset, depth_left) = (0, limits.depth_max);
        let (functions, beside) = (Vec::new(), None);
        let buffers = buffers.into_iter();
        let mut input = Self { message: header, offset, buffers, foreign, functions, beside, depth_left };
        if header.len() > limits.message_bytes_max {
            let (found, most) = (header.len(), limits.message_bytes_max);
            return Err(input.corrupt(&format!("a message of {found} bytes, where {most} are the most")));
        }
        match input.byte()? {
            VERSION => Ok(input),
            found => Err(corrupt_at(0, &format!("encoding version {found}, where {VERSION} is known"))),
        }
    }

    /// The same reader, of a message that names functions which came beside it.
    #[must_use]
    pub fn with_functions_beside(mut self, functions: &'a dyn Functions) -> Self {
        self.beside = Some(functions);
        self
    }

    /// Ends the message.
    ///
    /// # Errors
    /// [`ErrorKind::Corrupt`] if bytes or buffers are left.
    pub fn finish(self) -> Result<()> {
        match (self.remaining(), self.buffers.len()) {
            (0, 0) => Ok(()),
            (bytes, buffers) => Err(self.corrupt(&format!("{bytes} bytes and {buffers} buffers left over"))),
        }
    }

    /// How many bytes have been read.
    #[must_use]
    pub fn offset(&self) -> usize {
        self.offset
    }

    /// How many bytes are left to read.
    #[must_use]
    pub fn remaining(&self) -> usize {
        self.message.len() - self.offset
    }

    /// An error that says `what` is wrong before the byte that would be read next.
    #[must_use]
    pub fn corrupt(&self, what: &str) -> Error {
        corrupt_at(self.offset, what)
    }

    /// The error for a tag that no `kind` of thing has; the tag was just read.
    #[must_use]
    pub fn unknown_tag(&self, kind: &str, tag: u8) -> Error {
        corrupt_at(self.offset.saturating_sub(1), &format!("unknown tag {tag:#04x} of a {kind}"))
    }

    /// Reads one byte.
    ///
    /// # Errors
    /// [`ErrorKind::Corrupt`] at the end of the message.
    pub fn byte(&mut self) -> Result<u8> {
        let byte = self.message.get(self.offset).ok_or_else(|| self.corrupt("the message ends early"))?;
        self.offset += 1;
        Ok(*byte)
    }

    /// Reads `n` bytes as they are.
    ///
    /// # Errors
    /// [`ErrorKind::Corrupt`] where fewer are left.
    pub fn raw(&mut self, n: usize) -> Result<&'a [u8]> {
        let end = self.offset.checked_add(n).filter(|&end| end <= self.message.len());
        let end = end.ok_or_else(|| {
            self.corrupt(&format!("{n} bytes announced, where {} are left", self.remaining()))
        })?;
        let bytes = &self.message[self.offset..end];
        self.offset = end;
        Ok(bytes)
    }

    /// Reads `N` bytes as they are.
    ///
    /// # Errors
    /// [`ErrorKind::Corrupt`] where fewer are left.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut bytes = [0; N];
        bytes.copy_from_slice(self.raw(N)?);
        Ok(bytes)
    }

    /// Reads an unsigned integer.
    ///
    /// # Errors
    /// [`ErrorKind::Corrupt`] for more bytes than the number needs, or than 64 bits hold.
    pub fn varint(&mut self) -> Result<u64> {
        let start = self.offset;
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            let part = u64::from(byte & 0x7f);
            if (part << shift) >> shift != part {
                return Err(corrupt_at(start, "an integer of more than 64 bits"));
            }
            value |= part << shift;
            if byte < 0x80 {
                return match byte {
                    0 if shift > 0 => Err(corrupt_at(start, "an integer in more bytes than it needs")),
                    _ => Ok(value),
                };
            }
        }
        Err(corrupt_at(start, "an integer of more than 64 bits"))
    }

    /// Reads a signed integer.
    ///
    /// # Errors
    /// As [`Decoder::varint`].
    pub fn zigzag(&mut self) -> Result<i64> {
        let value = self.varint()?;
        Ok((value >> 1).cast_signed() ^ -(value & 1).cast_signed())
    }

    /// Reads the length of a sequence whose items take at least one byte each.
    ///
    /// # Errors
    /// [`ErrorKind::Corrupt`] where the rest of the message cannot hold so many.
    pub fn length(&mut self) -> Result<usize> {
        let start = self.offset;
        let n = self.varint()?;
        usize::try_from(n).ok().filter(|&n| n <= self.remaining()).ok_or_else(|| {
            corrupt_at(start, &format!("{n} items announced, where {} bytes are left", self.remaining()))
        })
    }

    /// Reads text.
    ///
    /// # Errors
    /// [`ErrorKind::Corrupt`] where it is not UTF-8.
    pub fn text(&mut self) -> Result<&'a str> {
        let n = self.length()?;
        let start = self.offset;
        std::str::from_utf8(self.raw(n)?)
            .map_err(|error| corrupt_at(start + error.valid_up_to(), "text that is not UTF-8"))
    }

    /// Reads bulk: a copy of what is in place, or the next out-of-band buffer, which is not copied.
    ///
    /// # Errors
    /// [`ErrorKind::Corrupt`] where the bytes are missing or the buffer has another length.
    pub fn buffer(&mut self) -> Result<Buffer> {
        let start = self.offset;
        let announced = self.varint()?;
        let n = usize::try_from(announced >> 1)
            .map_err(|_| corrupt_at(start, &format!("bulk of {} bytes", announced >> 1)))?;
        if announced & 1 == 0 {
            return self.raw(n).map(Buffer::from);
        }
        let buffer = self.buffers.next().ok_or_else(|| corrupt_at(start, "a buffer is missing"))?;
        if buffer.len() == n {
            Ok(buffer)
        } else {
            Err(corrupt_at(start, &format!("a buffer of {} bytes, where {n} were announced", buffer.len())))
        }
    }

    /// Reads one level deeper into a tree.
    ///
    /// # Errors
    /// [`ErrorKind::Corrupt`] where that is deeper than the limit, and what `read` returns.
    pub fn nested<T>(&mut self, read: impl FnOnce(&mut Self) -> Result<T>) -> Result<T> {
        self.depth_left = self
            .depth_left
            .checked_sub(1)
            .ok_or_else(|| self.corrupt("values nested deeper than the limit"))?;
        let found = read(self);
        self.depth_left += 1;
        found
    }

    /// Reads a foreign object, whose tag was just read, through the decoder of its runtime.
    pub(super) fn foreign_body(&mut self) -> Result<Value> {
        let (runtime, opened_bytes) = (Name::decode(self)?, self.varint()?);
        self.foreign.decode(Sealed::new(runtime, self.payload()?, opened_bytes))
    }

    /// Reads a foreign object that is a user's function, whose tag was just read.
    pub(super) fn foreign_function(&mut self) -> Result<Value> {
        let (runtime, opened_bytes) = (Name::decode(self)?, self.varint()?);
        self.foreign.decode(Sealed::of_function(runtime, &self.function()?, opened_bytes))
    }

    /// Reads what [`Encoder::function`](super::Encoder::function) wrote. What a function is known by is computed from
    /// what it contains, never read from a message that brings it.
    ///
    /// # Errors
    /// [`ErrorKind::Corrupt`] where the function is neither in the message nor known.
    pub fn function(&mut self) -> Result<Function> {
        if let Some(beside) = self.beside {
            let id = FunctionId::decode(self)?;
            return beside
                .find(&id)
                .ok_or_else(|| self.corrupt("a function that was never sent to this process"));
        }
        let start = self.offset;
        let place = usize::try_from(self.varint()?).unwrap_or(usize::MAX);
        if place < self.functions.len() {
            return Ok(self.functions[place].clone());
        }
        if place > self.functions.len() {
            return Err(corrupt_at(start, "a call of a function that did not come along"));
        }
        let function = Function::new(self.payload()?);
        if self.functions.iter().any(|known| known.id() == function.id()) {
            return Err(corrupt_at(start, "a function that is there twice"));
        }
        self.functions.push(function.clone());
        Ok(function)
    }

    /// Reads what [`Encoder::payload`](super::Encoder::payload) wrote.
    ///
    /// # Errors
    /// [`ErrorKind::Corrupt`] where bytes or buffers are missing.
    pub fn payload(&mut self) -> Result<Payload> {
        let announced = self.varint()?;
        let n_bytes = usize::try_from(announced >> 1)
            .ok()
            .filter(|_| announced & 1 == 0)
            .ok_or_else(|| self.corrupt("the header of a payload that is not in place"))?;
        let header = self.raw(n_bytes)?.to_vec();
        let n = self.length()?;
        let mut buffers = Vec::with_capacity(n.min(FIRST_ALLOCATION_BYTES / size_of::<Buffer>()));
        for _ in 0..n {
            buffers.push(self.buffer()?);
        }
        Ok(Payload { header, buffers })
    }

    /// Reads what [`Encoder::foreign`](super::Encoder::foreign) wrote.
    ///
    /// # Errors
    /// [`ErrorKind::Corrupt`] for anything else, and what the foreign runtime's decoder returns.
    pub fn foreign(&mut self) -> Result<std::sync::Arc<dyn Opaque>> {
        let start = self.offset;
        let found = match self.byte()? {
            values::FOREIGN => self.foreign_body()?,
            tag => return Err(self.unknown_tag("foreign object", tag)),
        };
        match found {
            Value::Opaque(object) => Ok(object),
            other => Err(corrupt_at(start, &format!("{} in place of a foreign object", other.kind()))),
        }
    }
}

/// The error that `what` is wrong at byte `offset`.
pub(super) fn corrupt_at(offset: usize, what: &str) -> Error {
    ErrorKind::Corrupt(format!("{what}, at byte {offset}")).into()
}
