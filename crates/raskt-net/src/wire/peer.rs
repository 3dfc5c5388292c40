//! Between a worker and whoever asks it for values, or gives it some.

use raskt_core::encode::{Decode, Decoder, Encode, Encoder};
use raskt_core::{Error, Payload, Result};
use raskt_sched::TaskRef;
use raskt_store::{PieceAnswer, PieceRequest};

/// What a worker is asked.
#[derive(Clone, Debug)]
pub enum PeerSays {
    /// For values; the answer is [`TellPeer::Values`].
    Get {
        /// What the answer is known by.
        request: u64,
        /// The values.
        values: Vec<TaskRef>,
    },
    /// To hold values, each with its payload (see [`raskt_core::encode::encode_value`]); the answer is [`TellPeer::Stored`].
    Put {
        /// What the answer is known by.
        request: u64,
        /// The values.
        values: Vec<(TaskRef, Payload)>,
    },
    /// To call a user's function, outside of all tasks: its shipment is a [`raskt_graph::Body`] of its runtime. The answer is
    /// [`TellPeer::Returned`].
    Call {
        /// What the answer is known by.
        request: u64,
        /// The body, encoded, with its functions inside.
        body: Payload,
    },
    /// For pieces of an exchange; the answer is [`TellPeer::Pieces`].
    Pieces {
        /// What the answer is known by.
        request: u64,
        /// Which pieces.
        wanted: PieceRequest,
    },
}

/// What a worker answers.
#[derive(Clone, Debug)]
pub enum TellPeer {
    /// Values, each with its payload.
    Values {
        /// Of which request.
        request: u64,
        /// The values that are here, or why one that is here cannot be sent.
        values: Vec<(TaskRef, Result<Payload>)>,
        /// What is not here.
        denied: Vec<TaskRef>,
    },
    /// Values are held, each with its size.
    Stored {
        /// Of which request.
        request: u64,
        /// The sizes, in the order of the request's values, or why there is none.
        sizes: Result<Vec<u64>>,
    },
    /// A function has returned: the payload of its value, or what it raised.
    Returned {
        /// Of which request.
        request: u64,
        /// What it returned.
        value: Result<Payload>,
    },
    /// Pieces of an exchange, or why they are not to be had.
    Pieces {
        /// Of which request.
        request: u64,
        /// The pieces.
        answer: Result<PieceAnswer>,
    },
}

fn write_outcome(
    outcome: &Result<impl Sized>,
    out: &mut Encoder<'_>,
    write: impl FnOnce(&mut Encoder<'_>) -> Result<()>,
) -> Result<()> {
    match outcome {
        Ok(_) => {
            out.byte(0);
            write(out)
        }
        Err(error) => {
            out.byte(1);
            error.encode(out)
        }
    }
}

fn write_payload(outcome: &Result<Payload>, out: &mut Encoder<'_>) -> Result<()> {
    write_outcome(outcome, out, |out| {
        if let Ok(payload) = outcome {
            out.payload(payload);
        }
        Ok(())
    })
}

fn read_outcome<T>(
    input: &mut Decoder<'_>,
    read: impl FnOnce(&mut Decoder<'_>) -> Result<T>,
) -> Result<Result<T>> {
    match input.byte()? {
        0 => read(input).map(Ok),
        1 => Error::decode(input).map(Err),
        tag => Err(input.unknown_tag("outcome", tag)),
    }
}

impl Encode for PeerSays {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        match self {
            Self::Get { request, values } => {
                out.byte(0);
                request.encode(out)?;
                values.encode(out)
            }
            Self::Put { request, values } => {
                out.byte(1);
                request.encode(out)?;
                out.varint(values.len() as u64);
                values.iter().try_for_each(|(value, payload)| {
                    value.encode(out)?;
                    out.payload(payload);
                    Ok(())
                })
            }
            Self::Call { request, body } => {
                out.byte(2);
                request.encode(out)?;
                out.payload(body);
                Ok(())
            }
            Self::Pieces { request, wanted } => {
                out.byte(3);
                request.encode(out)?;
                wanted.encode(out)
            }
        }
    }
}

impl Decode for PeerSays {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        Ok(match input.byte()? {
            0 => Self::Get { request: Decode::decode(input)?, values: Decode::decode(input)? },
            1 => {
                let (request, n) = (Decode::decode(input)?, input.length()?);
                let values = (0..n).map(|_| Ok((Decode::decode(input)?, input.payload()?)));
                Self::Put { request, values: values.collect::<Result<_>>()? }
            }
            2 => Self::Call { request: Decode::decode(input)?, body: input.payload()? },
            3 => Self::Pieces { request: Decode::decode(input)?, wanted: Decode::decode(input)? },
            tag => return Err(input.unknown_tag("request", tag)),
        })
    }
}

impl Encode for TellPeer {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        match self {
            Self::Values { request, values, denied } => {
                out.byte(0);
                request.encode(out)?;
                out.varint(values.len() as u64);
                values.iter().try_for_each(|(value, payload)| {
                    value.encode(out)?;
                    write_payload(payload, out)
                })?;
                denied.encode(out)
            }
            Self::Stored { request, sizes } => {
                out.byte(1);
                request.encode(out)?;
                write_outcome(sizes, out, |out| sizes.as_ref().map_or(Ok(()), |sizes| sizes.encode(out)))
            }
            Self::Returned { request, value } => {
                out.byte(2);
                request.encode(out)?;
                write_payload(value, out)
            }
            Self::Pieces { request, answer } => {
                out.byte(3);
                request.encode(out)?;
                write_outcome(answer, out, |out| answer.as_ref().map_or(Ok(()), |answer| answer.encode(out)))
            }
        }
    }
}

impl Decode for TellPeer {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        let payload = |input: &mut Decoder<'_>| read_outcome(input, |input| input.payload());
        Ok(match input.byte()? {
            0 => {
                let (request, n) = (Decode::decode(input)?, input.length()?);
                let values = (0..n).map(|_| Ok((Decode::decode(input)?, payload(input)?)));
                let values = values.collect::<Result<_>>()?;
                Self::Values { request, values, denied: Decode::decode(input)? }
            }
            1 => {
                Self::Stored { request: Decode::decode(input)?, sizes: read_outcome(input, Decode::decode)? }
            }
            2 => Self::Returned { request: Decode::decode(input)?, value: payload(input)? },
            3 => {
                Self::Pieces { request: Decode::decode(input)?, answer: read_outcome(input, Decode::decode)? }
            }
            tag => return Err(input.unknown_tag("answer", tag)),
        })
    }
}
