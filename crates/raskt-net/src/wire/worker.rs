//! Between the scheduler and a worker.

use raskt_core::encode::{Decode, Decoder, Encode, Encoder};
use raskt_core::{Function, FunctionId, Payload, Result};
use raskt_sched::{FromWorker, ToWorker, WorkerId};

use crate::transport::Address;

/// What the scheduler tells a worker.
#[derive(Clone, Debug)]
pub enum TellWorker {
    /// Users' functions that later messages name.
    Functions(Vec<Function>),
    /// Functions that no later message names, unless they come again: the worker may let go of them.
    Forget(Vec<FunctionId>),
    /// Where workers are that later messages name.
    Peers(Vec<(WorkerId, Address)>),
    /// What the scheduler's machine says.
    Say(ToWorker),
    /// End at once, whatever is held here: the cluster is closed.
    Stop,
}

/// What a worker takes of its machine, for whoever watches: nothing is decided by it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Values in memory.
    pub memory_bytes: u64,
    /// Values on disk.
    pub spilled_bytes: u64,
    /// Values on their way here.
    pub incoming_bytes: u64,
    /// Requests for them.
    pub n_requests: u64,
    /// What the process has in memory; 0 where others share it, or the system does not say.
    pub process_bytes: u64,
    /// Processor time of the process since it was last told, in percent of one processor; 0 likewise.
    pub cpu_percent: u64,
}

/// What a worker tells the scheduler.
#[derive(Clone, Debug)]
pub enum WorkerSays {
    /// What the worker's machine says.
    Say(FromWorker),
    /// What it takes, from time to time.
    Figures(Figures),
    /// It is told from outside to end (a signal, the end of its lifetime): it is to be [retired](raskt_sched::Event::Retire).
    Retire,
}

pub(super) fn write_peers(peers: &[(WorkerId, Address)], out: &mut Encoder<'_>) -> Result<()> {
    out.varint(peers.len() as u64);
    peers.iter().try_for_each(|(worker, address)| {
        worker.encode(out)?;
        address.encode(out)
    })
}

impl Encode for TellWorker {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        match self {
            Self::Functions(functions) => {
                out.byte(0);
                out.varint(functions.len() as u64);
                functions.iter().for_each(|function| out.payload(function.payload()));
                Ok(())
            }
            Self::Forget(ids) => {
                out.byte(1);
                ids.encode(out)
            }
            Self::Peers(peers) => {
                out.byte(2);
                write_peers(peers, out)
            }
            Self::Say(message) => {
                out.byte(3);
                message.encode(out)
            }
            Self::Stop => {
                out.byte(4);
                Ok(())
            }
        }
    }
}

impl Decode for TellWorker {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        Ok(match input.byte()? {
            0 => {
                let n = input.length()?;
                // What a function is known by is computed here, not believed.
                let payloads = (0..n).map(|_| input.payload()).collect::<Result<Vec<Payload>>>()?;
                Self::Functions(payloads.into_iter().map(Function::new).collect())
            }
            1 => Self::Forget(Decode::decode(input)?),
            2 => Self::Peers(Decode::decode(input)?),
            3 => Self::Say(Decode::decode(input)?),
            4 => Self::Stop,
            tag => return Err(input.unknown_tag("message for a worker", tag)),
        })
    }
}

impl Encode for WorkerSays {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        match self {
            Self::Say(message) => {
                out.byte(0);
                message.encode(out)
            }
            Self::Retire => {
                out.byte(1);
                Ok(())
            }
            Self::Figures(figures) => {
                out.byte(2);
                let Figures { memory_bytes, spilled_bytes, incoming_bytes, .. } = *figures;
                (memory_bytes, spilled_bytes, incoming_bytes).encode(out)?;
                (figures.n_requests, figures.process_bytes, figures.cpu_percent).encode(out)
            }
        }
    }
}

impl Decode for WorkerSays {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        match input.byte()? {
            0 => Decode::decode(input).map(Self::Say),
            1 => Ok(Self::Retire),
            2 => {
                let (memory_bytes, spilled_bytes, incoming_bytes) = Decode::decode(input)?;
                let (n_requests, process_bytes, cpu_percent) = Decode::decode(input)?;
                Ok(Self::Figures(Figures {
                    memory_bytes,
                    spilled_bytes,
                    incoming_bytes,
                    n_requests,
                    process_bytes,
                    cpu_percent,
                }))
            }
            tag => Err(input.unknown_tag("message of a worker", tag)),
        }
    }
}
