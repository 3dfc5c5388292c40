//! Between the scheduler and a client.

use std::sync::Arc;

use raskt_core::encode::{Decode, Decoder, Encode, Encoder};
use raskt_core::{Error, Key, Name, Param, Result};
use raskt_graph::Graph;
use raskt_sched::coordination::{Answer, Item, Request};
use raskt_sched::{Demand, FromClient, ToClient, WorkerId};

use super::worker::write_peers;
use crate::transport::Address;

/// A graph to be computed: the client wants each of its outputs once more.
///
/// A task whose body is of the runtime [`raskt_graph::KNOWN_RUNTIME`] stands for one that the scheduler has under the same key.
/// Annotations `priority`, `retries`, `workers`, `allow_other_workers` and `resources` count for the tasks that they are on,
/// before what is said here of all.
#[derive(Clone, Debug)]
pub struct GraphRequest {
    /// What messages about it call it; no other graph of the client has the name.
    pub name: Name,
    /// The layers, with the keys that are wanted.
    pub graph: Graph,
    /// How many inputs may come together in a fused task; 0 fuses nothing.
    pub fuse_width: u32,
    /// Of all tasks: higher goes first.
    pub priority: i32,
    /// How often a task that raised is tried again.
    pub retries: u16,
    /// Where tasks run.
    pub demand: Demand,
}

/// What a client asks of the scheduler.
#[derive(Clone, Debug)]
pub enum ClientSays {
    /// Compute a graph.
    Graph(Box<GraphRequest>),
    /// What the scheduler's machine is to hear.
    Say(FromClient),
    /// A question; the answer is [`TellClient::Answer`].
    Ask {
        /// What the answer is known by.
        request: u64,
        /// The question.
        query: Query,
    },
    /// It is still there.
    Ping,
    /// It asks for what clients share; the answer is [`TellClient::Coordinated`], when its turn has come.
    Coordinate {
        /// What the answer is known by: higher than those before.
        number: u64,
        /// What is asked.
        request: Request,
    },
    /// It does not want to wait any longer for the answer to the request of this number.
    GiveUp(u64),
}

/// What a client wants to know, or to have done to the cluster.
#[derive(Clone, Debug, PartialEq)]
pub enum Query {
    /// The workers: a list of maps `id`, `name`, `host`, `address`, `pid`, `n_threads`, `memory_bytes` (null for no limit), `resources`,
    /// `pressure` (0 low, 1 high, 2 paused), `is_retiring`, `n_running`, `n_waiting`, `n_values`, `held_bytes`, and what it last
    /// told of its [`Figures`](crate::wire::Figures), `memory_bytes` of which is `in_memory_bytes`.
    Workers,
    /// Which workers hold each of these: a list of lists of numbers of workers.
    WhoHas(Vec<Key>),
    /// Which keys a worker holds: a list of texts.
    HasWhat(WorkerId),
    /// Which keys a worker runs or has been given: a list of texts.
    Processing(WorkerId),
    /// Why a task does not run, or what became of it: text.
    Explain(Key),
    /// Workers are to give what they hold to others, and end.
    Retire(Vec<WorkerId>),
    /// The scheduler and all workers are to end.
    Shutdown,
    /// How many tasks are in which state: a map `n_waiting`, `n_queued`, `n_processing`, `n_in_memory`, `n_failed`, `n_clients`,
    /// and how long one thread would be busy with what could run: `busy_us`.
    Load,
    /// What happened to tasks, from a number on, as far as it is remembered and within a bound: a map of `next`, the number to
    /// go on with, `n_missed`, `now_ns`, and of columns `key` (texts), `name` (places in `names`), `kind` (of
    /// [`raskt_exec::events::EventKind`]), `worker`, `start_ns`, `duration_ns`, `n`, `bytes`.
    Events {
        /// The first; 0 for all, and more than there are for none.
        from: u64,
    },
    /// What was noted of workers, clients and failures, likewise: a map of `next`, `n_missed` and `lines`, maps of `time` (seconds
    /// since 1970), `level`, `event`, `subject`, `text`.
    Log {
        /// The first.
        from: u64,
    },
    /// Of the tasks that are remembered those that the end of the last one waited for, the first of them first: maps of `key`, `name`,
    /// `worker`, `start_ns`, `duration_ns`, `bytes`.
    CriticalPath,
    /// How many values workers hold, and how many bytes: maps of `name` (of a collection with its token, or of a function), `n` and
    /// `bytes`, the largest first and within a bound.
    Held,
    /// All tasks that are known, where these are so many at most, and null otherwise: a list of maps of `key`, `name`, `state` (a
    /// text), and `inputs`, places in this list.
    Tasks {
        /// How many at most.
        n_max: u32,
    },
    /// How many bytes the values of these have: a list, with nulls for what no worker holds.
    Sizes(Vec<Key>),
    /// What the program is asked in whose process the scheduler runs: the answer is bytes.
    Host(Arc<[u8]>),
}

/// What the scheduler tells a client.
#[derive(Clone, Debug)]
pub enum TellClient {
    /// Where workers are that later messages name.
    Peers(Vec<(WorkerId, Address)>),
    /// What the scheduler's machine says.
    Say(ToClient),
    /// An answer, or why there is none.
    Answer {
        /// Of which question.
        request: u64,
        /// What is known.
        answer: Result<Param>,
    },
    /// The scheduler ends, and why.
    Stop(String),
    /// What it asked for of what clients share. The client wants the keys of items once more each.
    Coordinated {
        /// Of which request.
        number: u64,
        /// What came of it.
        answer: Answer,
    },
    /// What was published under a topic. The client wants the keys of the item once more each.
    Deliver {
        /// The topic.
        topic: Name,
        /// What was published.
        item: Item,
    },
}

impl Encode for GraphRequest {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        self.name.encode(out)?;
        self.graph.encode(out)?;
        (self.fuse_width, self.priority, self.retries).encode(out)?;
        self.demand.encode(out)
    }
}

impl Decode for GraphRequest {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        let (name, graph) = (Decode::decode(input)?, Decode::decode(input)?);
        let (fuse_width, priority, retries) = Decode::decode(input)?;
        Ok(Self { name, graph, fuse_width, priority, retries, demand: Decode::decode(input)? })
    }
}

impl Encode for ClientSays {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        match self {
            Self::Graph(request) => {
                out.byte(0);
                request.encode(out)
            }
            Self::Say(message) => {
                out.byte(1);
                message.encode(out)
            }
            Self::Ask { request, query } => {
                out.byte(2);
                request.encode(out)?;
                query.encode(out)
            }
            Self::Ping => {
                out.byte(3);
                Ok(())
            }
            Self::Coordinate { number, request } => {
                out.byte(4);
                number.encode(out)?;
                request.encode(out)
            }
            Self::GiveUp(number) => {
                out.byte(5);
                number.encode(out)
            }
        }
    }
}

impl Decode for ClientSays {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        Ok(match input.byte()? {
            0 => Self::Graph(Decode::decode(input)?),
            1 => Self::Say(Decode::decode(input)?),
            2 => Self::Ask { request: Decode::decode(input)?, query: Decode::decode(input)? },
            3 => Self::Ping,
            4 => Self::Coordinate { number: Decode::decode(input)?, request: Decode::decode(input)? },
            5 => Self::GiveUp(Decode::decode(input)?),
            tag => return Err(input.unknown_tag("message of a client", tag)),
        })
    }
}

impl Encode for Query {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        match self {
            Self::Workers => {
                out.byte(0);
                Ok(())
            }
            Self::WhoHas(keys) => {
                out.byte(1);
                keys.encode(out)
            }
            Self::HasWhat(worker) => {
                out.byte(2);
                worker.encode(out)
            }
            Self::Processing(worker) => {
                out.byte(3);
                worker.encode(out)
            }
            Self::Explain(key) => {
                out.byte(4);
                key.encode(out)
            }
            Self::Retire(workers) => {
                out.byte(5);
                workers.encode(out)
            }
            Self::Shutdown => {
                out.byte(6);
                Ok(())
            }
            Self::Load => {
                out.byte(7);
                Ok(())
            }
            Self::Events { from } => {
                out.byte(8);
                from.encode(out)
            }
            Self::Log { from } => {
                out.byte(9);
                from.encode(out)
            }
            Self::Sizes(keys) => {
                out.byte(10);
                keys.encode(out)
            }
            Self::Host(asked) => {
                out.byte(11);
                Param::Bytes(Arc::clone(asked)).encode(out)
            }
            Self::CriticalPath => {
                out.byte(12);
                Ok(())
            }
            Self::Held => {
                out.byte(13);
                Ok(())
            }
            Self::Tasks { n_max } => {
                out.byte(14);
                n_max.encode(out)
            }
        }
    }
}

impl Decode for Query {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        Ok(match input.byte()? {
            0 => Self::Workers,
            1 => Self::WhoHas(Decode::decode(input)?),
            2 => Self::HasWhat(Decode::decode(input)?),
            3 => Self::Processing(Decode::decode(input)?),
            4 => Self::Explain(Decode::decode(input)?),
            5 => Self::Retire(Decode::decode(input)?),
            6 => Self::Shutdown,
            7 => Self::Load,
            8 => Self::Events { from: Decode::decode(input)? },
            9 => Self::Log { from: Decode::decode(input)? },
            10 => Self::Sizes(Decode::decode(input)?),
            11 => match Param::decode(input)? {
                Param::Bytes(asked) => Self::Host(asked),
                _ => return Err(input.unknown_tag("what a program is asked", 11)),
            },
            12 => Self::CriticalPath,
            13 => Self::Held,
            14 => Self::Tasks { n_max: Decode::decode(input)? },
            tag => return Err(input.unknown_tag("question", tag)),
        })
    }
}

impl Encode for TellClient {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        match self {
            Self::Peers(peers) => {
                out.byte(0);
                write_peers(peers, out)
            }
            Self::Say(message) => {
                out.byte(1);
                message.encode(out)
            }
            Self::Answer { request, answer } => {
                out.byte(2);
                request.encode(out)?;
                match answer {
                    Ok(answer) => {
                        out.byte(0);
                        answer.encode(out)
                    }
                    Err(error) => {
                        out.byte(1);
                        error.encode(out)
                    }
                }
            }
            Self::Stop(why) => {
                out.byte(3);
                why.encode(out)
            }
            Self::Coordinated { number, answer } => {
                out.byte(4);
                number.encode(out)?;
                answer.encode(out)
            }
            Self::Deliver { topic, item } => {
                out.byte(5);
                topic.encode(out)?;
                item.encode(out)
            }
        }
    }
}

impl Decode for TellClient {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        Ok(match input.byte()? {
            0 => Self::Peers(Decode::decode(input)?),
            1 => Self::Say(Decode::decode(input)?),
            2 => {
                let request = Decode::decode(input)?;
                let answer = match input.byte()? {
                    0 => Ok(Param::decode(input)?),
                    1 => Err(Error::decode(input)?),
                    tag => return Err(input.unknown_tag("answer", tag)),
                };
                Self::Answer { request, answer }
            }
            3 => Self::Stop(Decode::decode(input)?),
            4 => Self::Coordinated { number: Decode::decode(input)?, answer: Decode::decode(input)? },
            5 => Self::Deliver { topic: Decode::decode(input)?, item: Decode::decode(input)? },
            tag => return Err(input.unknown_tag("message for a client", tag)),
        })
    }
}
