//! The encoding of messages. A task travels as a table of one row: what it runs, its own parameters, its key.

use std::sync::Arc;
use std::time::Duration;

use raskt_core::encode::{Decode, Decoder, Encode, Encoder};
use raskt_core::{Error, ErrorKind, Fit, Key, Name, Param, Result};
use raskt_graph::{Body, Keys, TableBuilder, TaskTable};
use smallvec::SmallVec;

use super::{
    Compute, Demand, FromClient, FromWorker, InputAt, Pressure, ToClient, ToWorker, Work, WorkerInfo,
};
use crate::failure::{Death, Failure, Reason};
use crate::ids::{Attempt, TaskRef, WorkerId};
use crate::priority::Priority;

/// A duration in nanoseconds.
fn write_duration(duration: Duration, out: &mut Encoder<'_>) {
    out.varint(duration.as_nanos().clamped());
}

fn read_duration(input: &mut Decoder<'_>) -> Result<Duration> {
    input.varint().map(Duration::from_nanos)
}

/// Fields one after the other.
macro_rules! fields {
    ($($type:ident { $($field:ident),* })*) => {$(
        impl Encode for $type {
            fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
                $(self.$field.encode(out)?;)*
                Ok(())
            }
        }

        impl Decode for $type {
            fn decode(input: &mut Decoder<'_>) -> Result<Self> {
                Ok(Self { $($field: Decode::decode(input)?),* })
            }
        }
    )*};
}

fields! {
    TaskRef { task, generation }
    Attempt { of, epoch }
    WorkerInfo { name, host, n_threads, resources }
    Demand { workers, allow_other_workers, resources }
    Death { worker, how }
    Failure { key, reason }
}

impl Encode for Priority {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        (self.user.0, self.submission, self.order).encode(out)
    }
}

impl Decode for Priority {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        let (user, submission, order) = Decode::decode(input)?;
        Ok(Self::new(user, submission, order))
    }
}

impl Encode for InputAt {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        (self.value, self.n_bytes).encode(out)?;
        self.holders.as_slice().encode(out)
    }
}

impl Decode for InputAt {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        let (value, n_bytes) = Decode::decode(input)?;
        let holders: Vec<WorkerId> = Decode::decode(input)?;
        Ok(Self { value, n_bytes, holders: SmallVec::from_vec(holders) })
    }
}

impl Encode for Work {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        self.table.key(self.row).encode(out)?;
        self.table.body(self.row).encode(out)?;
        self.table.parameters(self.row).encode(out)
    }
}

impl Decode for Work {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        let key = Key::decode(input)?;
        let mut table = TableBuilder::with_capacity(1, 0);
        let body = table.body(Body::decode(input)?);
        match Param::decode(input)? {
            Param::Null => table.push(body, &[])?,
            parameters => table.push_with(body, parameters, &[])?,
        };
        let table = table.finish(Keys::Listed(Arc::from([key])), vec![0])?;
        Ok(Self { table: Arc::new(table), row: 0 })
    }
}

impl Encode for Compute {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        (self.attempt, self.priority).encode(out)?;
        self.work.encode(out)?;
        self.inputs.encode(out)?;
        self.resources.as_ref().encode(out)
    }
}

impl Decode for Compute {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        let (attempt, priority) = Decode::decode(input)?;
        let (work, inputs) = (Decode::decode(input)?, Decode::decode(input)?);
        let resources = Vec::<(Name, u64)>::decode(input)?.into();
        Ok(Self { attempt, priority, work, inputs, resources })
    }
}

impl Encode for Pressure {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        out.byte(match self {
            Self::Low => 0,
            Self::High => 1,
            Self::Paused => 2,
        });
        Ok(())
    }
}

impl Decode for Pressure {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        match input.byte()? {
            0 => Ok(Self::Low),
            1 => Ok(Self::High),
            2 => Ok(Self::Paused),
            tag => Err(input.unknown_tag("memory pressure", tag)),
        }
    }
}

impl Encode for ToWorker {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        match self {
            Self::Compute(compute) => {
                out.byte(0);
                compute.encode(out)
            }
            Self::Withdraw(attempt) => {
                out.byte(1);
                attempt.encode(out)
            }
            Self::Return(attempt) => {
                out.byte(2);
                attempt.encode(out)
            }
            Self::Free(values) => {
                out.byte(3);
                values.encode(out)
            }
            Self::Acquire(values) => {
                out.byte(4);
                values.encode(out)
            }
            Self::Located(value) => {
                out.byte(5);
                value.encode(out)
            }
            Self::Dismiss => {
                out.byte(6);
                Ok(())
            }
        }
    }
}

impl Decode for ToWorker {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        Ok(match input.byte()? {
            0 => Self::Compute(Box::new(Compute::decode(input)?)),
            1 => Self::Withdraw(Decode::decode(input)?),
            2 => Self::Return(Decode::decode(input)?),
            3 => Self::Free(Decode::decode(input)?),
            4 => Self::Acquire(Decode::decode(input)?),
            5 => Self::Located(Decode::decode(input)?),
            6 => Self::Dismiss,
            tag => return Err(input.unknown_tag("message for a worker", tag)),
        })
    }
}

impl Encode for FromWorker {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        match self {
            Self::Started(attempt) => {
                out.byte(0);
                attempt.encode(out)
            }
            Self::Finished { attempt, n_bytes, duration } => {
                out.byte(1);
                (*attempt, *n_bytes).encode(out)?;
                write_duration(*duration, out);
                Ok(())
            }
            Self::Failed { attempt, error } => {
                out.byte(2);
                attempt.encode(out)?;
                error.encode(out)
            }
            Self::Returned(attempt) => {
                out.byte(3);
                attempt.encode(out)
            }
            Self::Acquired { values, duration } => {
                out.byte(4);
                values.encode(out)?;
                duration.map(|duration| Fit::clamped::<u64>(duration.as_nanos())).encode(out)
            }
            Self::Missing { value, denied, unreachable } => {
                out.byte(5);
                value.encode(out)?;
                denied.encode(out)?;
                unreachable.encode(out)
            }
            Self::Heartbeat { pressure } => {
                out.byte(6);
                pressure.encode(out)
            }
            Self::Expanded { attempt, table, duration } => {
                out.byte(7);
                attempt.encode(out)?;
                table.encode(out)?;
                write_duration(*duration, out);
                Ok(())
            }
            Self::Seceded(attempt) => {
                out.byte(8);
                attempt.encode(out)
            }
            Self::Rejoined(attempt) => {
                out.byte(9);
                attempt.encode(out)
            }
            Self::Exchanged { attempt, has_sent, has_received, n_pieces, n_bytes, waited } => {
                out.byte(10);
                (*attempt, *has_sent, *has_received).encode(out)?;
                (*n_pieces, *n_bytes).encode(out)?;
                write_duration(*waited, out);
                Ok(())
            }
        }
    }
}

impl Decode for FromWorker {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        Ok(match input.byte()? {
            0 => Self::Started(Decode::decode(input)?),
            1 => {
                let (attempt, n_bytes) = Decode::decode(input)?;
                Self::Finished { attempt, n_bytes, duration: read_duration(input)? }
            }
            2 => Self::Failed { attempt: Decode::decode(input)?, error: Error::decode(input)? },
            3 => Self::Returned(Decode::decode(input)?),
            4 => {
                let values = Decode::decode(input)?;
                Self::Acquired { values, duration: Option::<u64>::decode(input)?.map(Duration::from_nanos) }
            }
            5 => Self::Missing {
                value: Decode::decode(input)?,
                denied: Decode::decode(input)?,
                unreachable: Decode::decode(input)?,
            },
            6 => Self::Heartbeat { pressure: Decode::decode(input)? },
            7 => Self::Expanded {
                attempt: Decode::decode(input)?,
                table: Arc::new(TaskTable::decode(input)?),
                duration: read_duration(input)?,
            },
            8 => Self::Seceded(Decode::decode(input)?),
            9 => Self::Rejoined(Decode::decode(input)?),
            10 => {
                let (attempt, has_sent, has_received) = Decode::decode(input)?;
                let ((n_pieces, n_bytes), waited) = (Decode::decode(input)?, read_duration(input)?);
                Self::Exchanged { attempt, has_sent, has_received, n_pieces, n_bytes, waited }
            }
            tag => return Err(input.unknown_tag("message of a worker", tag)),
        })
    }
}

impl Encode for FromClient {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        match self {
            // A graph is planned before it becomes one.
            Self::Submit(_) => Err(ErrorKind::NotEncodable("a slice of a graph".to_owned()).into()),
            Self::Scattered { value, n_bytes, holders } => {
                out.byte(1);
                (*value, *n_bytes).encode(out)?;
                holders.encode(out)
            }
            Self::Reserve(key) => {
                out.byte(2);
                key.encode(out)
            }
            Self::Want(keys) => {
                out.byte(3);
                keys.encode(out)
            }
            Self::Release(keys) => {
                out.byte(4);
                keys.encode(out)
            }
            Self::Cancel(keys) => {
                out.byte(5);
                keys.encode(out)
            }
            Self::Retry(keys) => {
                out.byte(6);
                keys.encode(out)
            }
            Self::Replicate { keys, n } => {
                out.byte(7);
                keys.encode(out)?;
                n.encode(out)
            }
            Self::Missing { value, holders } => {
                out.byte(8);
                value.encode(out)?;
                holders.encode(out)
            }
            Self::CancelForAll(keys) => {
                out.byte(9);
                keys.encode(out)
            }
            Self::Retire(names) => {
                out.byte(10);
                names.encode(out)
            }
            Self::Restart => {
                out.byte(11);
                Ok(())
            }
            Self::Rebalance { keys, workers } => {
                out.byte(12);
                keys.encode(out)?;
                workers.encode(out)
            }
            Self::ReplicateAmong { keys, n, workers } => {
                out.byte(13);
                keys.encode(out)?;
                n.encode(out)?;
                workers.encode(out)
            }
        }
    }
}

impl Decode for FromClient {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        Ok(match input.byte()? {
            1 => {
                let (value, n_bytes) = Decode::decode(input)?;
                Self::Scattered { value, n_bytes, holders: Decode::decode(input)? }
            }
            2 => Self::Reserve(Decode::decode(input)?),
            3 => Self::Want(Decode::decode(input)?),
            4 => Self::Release(Decode::decode(input)?),
            5 => Self::Cancel(Decode::decode(input)?),
            6 => Self::Retry(Decode::decode(input)?),
            7 => Self::Replicate { keys: Decode::decode(input)?, n: Decode::decode(input)? },
            8 => Self::Missing { value: Decode::decode(input)?, holders: Decode::decode(input)? },
            9 => Self::CancelForAll(Decode::decode(input)?),
            10 => Self::Retire(Decode::decode(input)?),
            11 => Self::Restart,
            12 => Self::Rebalance { keys: Decode::decode(input)?, workers: Decode::decode(input)? },
            13 => Self::ReplicateAmong {
                keys: Decode::decode(input)?,
                n: Decode::decode(input)?,
                workers: Decode::decode(input)?,
            },
            tag => return Err(input.unknown_tag("message of a client", tag)),
        })
    }
}

impl Encode for ToClient {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        match self {
            Self::Ready { key, value, holders } => {
                out.byte(0);
                key.encode(out)?;
                value.encode(out)?;
                holders.encode(out)
            }
            Self::Lost(key) => {
                out.byte(1);
                key.encode(out)
            }
            Self::Failed(key, failure) => {
                out.byte(2);
                key.encode(out)?;
                failure.encode(out)
            }
            Self::Cancelled(key) => {
                out.byte(3);
                key.encode(out)
            }
            Self::Unknown(key) => {
                out.byte(4);
                key.encode(out)
            }
            Self::Reserved(key, value) => {
                out.byte(5);
                key.encode(out)?;
                value.encode(out)
            }
            Self::Rejected { graph, error } => {
                out.byte(6);
                graph.encode(out)?;
                error.encode(out)
            }
        }
    }
}

impl Decode for ToClient {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        Ok(match input.byte()? {
            0 => Self::Ready {
                key: Decode::decode(input)?,
                value: Decode::decode(input)?,
                holders: Decode::decode(input)?,
            },
            1 => Self::Lost(Decode::decode(input)?),
            2 => Self::Failed(Decode::decode(input)?, Arc::new(Failure::decode(input)?)),
            3 => Self::Cancelled(Decode::decode(input)?),
            4 => Self::Unknown(Decode::decode(input)?),
            5 => Self::Reserved(Decode::decode(input)?, Decode::decode(input)?),
            6 => Self::Rejected { graph: Decode::decode(input)?, error: Error::decode(input)? },
            tag => return Err(input.unknown_tag("message for a client", tag)),
        })
    }
}

impl Encode for Reason {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        match self {
            Self::Raised { worker, error } => {
                out.byte(0);
                worker.encode(out)?;
                error.encode(out)
            }
            Self::KilledWorkers { deaths } => {
                out.byte(1);
                deaths.as_ref().encode(out)
            }
            Self::DataLost => {
                out.byte(2);
                Ok(())
            }
            Self::NeverScattered => {
                out.byte(3);
                Ok(())
            }
        }
    }
}

impl Decode for Reason {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        Ok(match input.byte()? {
            0 => Self::Raised { worker: Decode::decode(input)?, error: Error::decode(input)? },
            1 => Self::KilledWorkers { deaths: Vec::<Death>::decode(input)?.into() },
            2 => Self::DataLost,
            3 => Self::NeverScattered,
            tag => return Err(input.unknown_tag("reason", tag)),
        })
    }
}
