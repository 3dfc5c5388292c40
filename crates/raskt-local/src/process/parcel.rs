//! Payloads inside frames: headers in place, bulk as references to shared memory.

use std::io;

use raskt_core::encode::{Decode, Decoder, Encode, Encoder};
use raskt_core::{Error, ErrorKind, FunctionId, Name, Payload, Result};

use super::command::in_words;
use super::traffic::{Ref, Traffic};
use super::wire::Sender;

/// A payload whose bulk has been lent.
#[derive(Clone, Debug)]
pub struct Parcel {
    header: Vec<u8>,
    refs: Vec<Ref>,
}

impl Parcel {
    /// Lends the bulk of `payload` to the other side.
    ///
    /// # Errors
    /// The operating system's: no memory, or the other side is gone.
    pub fn lend(payload: Payload, traffic: &Traffic, sender: &Sender) -> io::Result<Self> {
        let refs: io::Result<Vec<Ref>> =
            payload.buffers.iter().map(|buffer| traffic.lend(buffer, sender)).collect();
        Ok(Self { header: payload.header, refs: refs? })
    }

    /// The payload, its bulk borrowed from the other side.
    ///
    /// # Errors
    /// `InvalidData` where it names memory that was never shown.
    pub fn borrow(self, traffic: &Traffic) -> io::Result<Payload> {
        let buffers: io::Result<Vec<_>> = self.refs.into_iter().map(|found| traffic.borrow(found)).collect();
        Ok(Payload { header: self.header, buffers: buffers? })
    }
}

impl Encode for Parcel {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        out.bytes(&self.header);
        self.refs.encode(out)
    }
}

impl Decode for Parcel {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        let announced = input.varint()?;
        let n = usize::try_from(announced >> 1).map_err(|_| input.corrupt("a header too long"))?;
        if announced & 1 == 1 {
            return Err(input.corrupt("a header that is not in place"));
        }
        Ok(Self { header: input.raw(n)?.to_vec(), refs: Vec::decode(input)? })
    }
}

/// A function on its way.
pub struct SentFunction {
    pub id: FunctionId,
    pub parcel: Parcel,
}

impl Encode for SentFunction {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        self.id.encode(out)?;
        self.parcel.encode(out)
    }
}

impl Decode for SentFunction {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        Ok(Self { id: Decode::decode(input)?, parcel: Decode::decode(input)? })
    }
}

/// A call on its way.
pub struct SentCall {
    /// Its number on the link, from 1.
    pub ticket: u64,
    /// The run that it belongs to.
    pub run: u32,
    /// Inputs that it may change.
    pub exclusive: u64,
    /// Threads that it may use.
    pub n_threads: u32,
    /// The kinds of floating-point errors that are asked for, as the bits of `FloatKinds`.
    pub float_kinds: u8,
    pub body: Parcel,
    pub inputs: Vec<Parcel>,
}

impl Encode for SentCall {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        (self.ticket, self.run, self.exclusive, self.n_threads).encode(out)?;
        self.float_kinds.encode(out)?;
        self.body.encode(out)?;
        self.inputs.encode(out)
    }
}

impl Decode for SentCall {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        let (ticket, run, exclusive, n_threads) = Decode::decode(input)?;
        let float_kinds = Decode::decode(input)?;
        Ok(Self {
            ticket,
            run,
            exclusive,
            n_threads,
            float_kinds,
            body: Decode::decode(input)?,
            inputs: Vec::decode(input)?,
        })
    }
}

/// An outcome on its way.
pub struct SentOutcome {
    pub ticket: u64,
    /// When it began and ended, in seconds of the machine's monotonic clock.
    pub span: (f64, f64),
    /// What operations met of the floating-point errors that were asked for, as the bits of `FloatKinds`.
    pub float_errors: Vec<(Name, u8)>,
    pub tag: super::call::Tag,
    pub parcel: Parcel,
}

impl Encode for SentOutcome {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        (self.ticket, self.span, self.tag).encode(out)?;
        self.float_errors.encode(out)?;
        self.parcel.encode(out)
    }
}

impl Decode for SentOutcome {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        let (ticket, span, tag) = Decode::decode(input)?;
        let float_errors = Vec::decode(input)?;
        Ok(Self { ticket, span, float_errors, tag, parcel: Decode::decode(input)? })
    }
}

/// An error of the operating system on the way to or from another process.
pub fn lost(error: &io::Error) -> Error {
    ErrorKind::System { what: "shared memory".into(), reason: in_words(error) }.into()
}
