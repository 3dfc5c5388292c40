//! What travels: a call with its inputs one way, its outcome the other. Each part is a payload of its own, so that
//! one that does not decode spoils nothing else.

use std::sync::Arc;

use super::graph;
use raskt_core::encode::{
    Decode, Decoder, Encode, EncodeOptions, Encoder, Limits, decode_payload, encode_payload,
};
use raskt_core::{
    Buffer, Error, ErrorKind, ForeignDecode, Function, FunctionId, Key, Name, Param, Payload, Result, Value,
};
use raskt_exec::registry::Resolved;
use raskt_exec::resolved::{Inputs, run_alone};
use raskt_exec::{BodyRegistry, Job, Outcome, Run, TaskCtx};
use raskt_graph::fuse::{Argument, Program, Step};
use raskt_graph::{Body, Foreign, Shipment, TaskTable};

const FOREIGN: u8 = 0;
const OTHER: u8 = 1;
const FUSED: u8 = 2;

/// A call on its way.
#[derive(Debug)]
pub struct Call {
    /// The functions of foreign runtimes that it names.
    pub functions: Vec<Function>,
    /// The body and its parameters.
    pub body: Payload,
    /// The inputs.
    pub inputs: Vec<Payload>,
    /// A bit for each of the first 64 inputs that the call may change.
    pub exclusive: u64,
}

/// A body that came, on its way to being found.
struct Received {
    body: ReceivedBody,
    own: Param,
}

enum ReceivedBody {
    Foreign { runtime: Name, shipment: Shipment },
    Fused(Vec<ReceivedStep>),
    Other(Body),
}

/// A step of a fused body.
struct ReceivedStep {
    name: StepName,
    received: Received,
    arguments: Vec<Argument>,
}

/// What errors of a step are to name.
type StepName = (Option<Key>, Arc<str>);

/// A step's function under the name that the step has in the graph.
#[derive(Debug)]
struct NamedStep {
    foreign: Arc<dyn Foreign>,
    name: StepName,
}

impl Foreign for NamedStep {
    fn runtime(&self) -> &str {
        self.foreign.runtime()
    }

    fn label(&self) -> Arc<str> {
        Arc::clone(&self.name.1)
    }

    fn key(&self) -> Option<Key> {
        self.name.0.clone()
    }

    fn family(&self) -> u64 {
        self.foreign.family()
    }

    fn ship(&self) -> Result<Shipment> {
        self.foreign.ship()
    }

    fn as_any(&self) -> &dyn std::any::Any {
        self.foreign.as_any()
    }
}

/// How values are written for other processes: bulk of at least `min_bytes` lies beside.
fn options(min_bytes: usize) -> EncodeOptions {
    EncodeOptions { out_of_band_min_bytes: min_bytes.max(1), ..EncodeOptions::default() }
}

/// `job` as a call; its missing inputs have been read back.
///
/// # Errors
/// Where the function, an argument or an input has no encoding; it says which.
pub fn pack(job: &Job, run: &Run, min_bytes: usize) -> Result<Call> {
    let (resolved, local) = job.resolved(run);
    let (body, own) = (resolved.table().body(local), resolved.table().parameters(local));
    let options = options(min_bytes);
    let mut out = Encoder::out_of_band(&options).with_functions_beside();
    pack_body(body, own, &mut out)?;
    let functions = out.take_functions();
    let mut inputs = Vec::with_capacity(job.inputs.len());
    for input in &job.inputs {
        let payload = encode_payload(input, &options);
        inputs.push(payload.map_err(|error| unsendable("an input", error))?);
    }
    Ok(Call { functions, body: out.into_payload(), inputs, exclusive: job.exclusive })
}

/// A task of `table` without its graph, for a process of somebody else's: its body and parameters, and the functions that
/// these name, which go beside it.
///
/// # Errors
/// Where the function or an argument has no encoding; it says which.
pub fn pack_alone(table: &TaskTable, task: u32) -> Result<(Vec<Function>, Payload)> {
    let options = EncodeOptions::default();
    let mut out = Encoder::out_of_band(&options).with_functions_beside();
    let packed = (Some(table.key(task)), table.label(task))
        .encode(&mut out)
        .and_then(|()| pack_body(table.body(task), table.parameters(task), &mut out));
    packed.map_err(|error| error.in_task(table.key(task), table.label(task)))?;
    let functions = out.take_functions();
    Ok((functions, out.into_payload()))
}

/// Runs what [`pack_alone`] packed.
///
/// # Errors
/// What decoding raises, and what the task does.
pub fn run_packed(
    functions: Vec<Function>,
    body: Payload,
    inputs: &mut [Value],
    ctx: &TaskCtx<'_>,
    registry: &BodyRegistry,
) -> Result<Outcome> {
    let mut known = Functions::default();
    functions.into_iter().for_each(|function| known.add(function));
    let limits = Limits::default();
    let Payload { header, buffers } = body;
    let input = Decoder::of_payload(&header, buffers, registry, &limits)?;
    let mut input = input.with_functions_beside(&known.sent);
    let (key, label): StepName = Decode::decode(&mut input)?;
    let Received { body, own } = Decode::decode(&mut input)?;
    input.finish()?;
    let outcome = known.find(body, registry).and_then(|(body, found)| {
        let call = raskt_exec::Call { shared: &Param::Null, own: &own, inputs, exclusive: 0, ctx };
        run_alone(&body, &found, call, registry)
    });
    outcome.map_err(|error| match (error.key(), key) {
        (None, Some(key)) => error.in_task(key, label),
        _ => error,
    })
}

fn pack_body(body: &Body, own: &Param, out: &mut Encoder<'_>) -> Result<()> {
    match body {
        Body::Foreign(foreign) => pack_foreign(foreign.as_ref(), out)?,
        Body::Fused(program) => {
            out.byte(FUSED);
            out.varint(program.steps().len() as u64);
            let pack_step = |step: &Step, out: &mut Encoder<'_>| {
                (step.body.key(), step.body.label()).encode(out)?;
                pack_body(&step.body, &step.parameters, out)?;
                step.arguments.encode(out)
            };
            out.nested(|out| program.steps().iter().try_for_each(|step| pack_step(step, out)))?;
        }
        other => {
            out.byte(OTHER);
            other.encode(out)?;
        }
    }
    own.encode(out)
}

fn pack_foreign(foreign: &dyn Foreign, out: &mut Encoder<'_>) -> Result<()> {
    let shipment = foreign.ship().map_err(|error| unsendable("the function or an argument", error))?;
    out.byte(FOREIGN);
    (foreign.runtime(), shipment.function.is_some()).encode(out)?;
    if let Some(function) = &shipment.function {
        out.function(function);
    }
    out.payload(&shipment.call);
    Ok(())
}

/// `error`, said to be about something that should have gone to another process.
fn unsendable(what: &str, error: Error) -> Error {
    let foreign = error.foreign().cloned();
    let text = match &foreign {
        Some(exception) => format!("{what} cannot be sent to another process: {exception:?}"),
        None => format!("{what} cannot be sent to another process: {}", error.kind()),
    };
    let error = Error::new(ErrorKind::NotEncodable(text));
    match foreign {
        Some(exception) => error.with_foreign(exception),
        None => error,
    }
}

impl Decode for Received {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        let body = match input.byte()? {
            FOREIGN => {
                let (runtime, has_function) = Decode::decode(input)?;
                let function = if has_function { Some(input.function()?) } else { None };
                ReceivedBody::Foreign { runtime, shipment: Shipment { function, call: input.payload()? } }
            }
            FUSED => {
                let mut steps = Vec::new();
                let n_steps = input.length()?;
                input.nested(|input| {
                    for _ in 0..n_steps {
                        steps.push(ReceivedStep::decode(input)?);
                    }
                    Ok(())
                })?;
                ReceivedBody::Fused(steps)
            }
            OTHER => ReceivedBody::Other(Body::decode(input)?),
            tag => return Err(input.unknown_tag("call", tag)),
        };
        Ok(Self { body, own: Param::decode(input)? })
    }
}

impl Decode for ReceivedStep {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        let name = Decode::decode(input)?;
        Ok(Self { name, received: Received::decode(input)?, arguments: Vec::decode(input)? })
    }
}

/// Where a child finds the functions that were sent to it, and library functions that it has looked up.
#[derive(Default)]
pub struct Functions {
    sent: SentFunctions,
    library: rustc_hash::FxHashMap<Name, Resolved>,
}

/// Functions that were sent, by what they contain.
#[derive(Default)]
struct SentFunctions(rustc_hash::FxHashMap<FunctionId, Function>);

impl raskt_core::encode::Functions for SentFunctions {
    fn find(&self, id: &FunctionId) -> Option<Function> {
        self.0.get(id).cloned()
    }
}

impl Functions {
    /// A function that came.
    pub fn add(&mut self, function: Function) {
        self.sent.0.insert(*function.id(), function);
    }

    /// Functions that will not be called again.
    pub fn forget(&mut self, ids: &[FunctionId], registry: &BodyRegistry) {
        ids.iter().for_each(|id| drop(self.sent.0.remove(id)));
        registry.runtimes().iter().for_each(|runtime| runtime.forget(ids));
    }

    fn open(body: ReceivedBody, registry: &BodyRegistry) -> Result<Body> {
        match body {
            ReceivedBody::Foreign { runtime, shipment } => {
                registry.runtime(runtime.as_str())?.receive(&shipment).map(Body::Foreign)
            }
            ReceivedBody::Fused(steps) => {
                let mut opened = Vec::with_capacity(steps.len());
                for ReceivedStep { name, received: Received { body, own }, arguments } in steps {
                    let body = match Self::open(body, registry)? {
                        Body::Foreign(foreign) => Body::Foreign(Arc::new(NamedStep { foreign, name })),
                        other => other,
                    };
                    opened.push(Step { body, parameters: own, arguments });
                }
                let program = Program::new(opened);
                let broken = || Error::new(ErrorKind::Corrupt("steps that are out of order".into()));
                Ok(Body::Fused(Arc::new(program.ok_or_else(broken)?)))
            }
            ReceivedBody::Other(body) => Ok(body),
        }
    }

    fn find(&mut self, body: ReceivedBody, registry: &BodyRegistry) -> Result<(Body, Resolved)> {
        let body = Self::open(body, registry)?;
        let name = match &body {
            Body::Library { path, .. } => Some(path.clone()),
            _ => None,
        };
        if let Some(found) = name.as_ref().and_then(|name| self.library.get(name)) {
            return Ok((body, found.clone()));
        }
        let found = registry.resolve(&body)?;
        if let Some(name) = name {
            self.library.insert(name, found.clone());
        }
        Ok((body, found))
    }
}

/// A call that came, ready to be run.
pub struct Ready {
    /// What to run.
    pub body: Body,
    /// What the registry found for it.
    pub found: Resolved,
    /// Its own parameters.
    pub own: Param,
    /// Its inputs.
    pub inputs: Inputs,
}

/// The call of `body` on `inputs`, unpacked.
///
/// # Errors
/// What decoding raises.
pub fn unpack(
    body: Payload,
    inputs: Vec<Payload>,
    exclusive: u64,
    registry: &BodyRegistry,
    functions: &mut Functions,
) -> Result<Ready> {
    let limits = Limits::default();
    let Payload { header, buffers } = body;
    let input = Decoder::of_payload(&header, buffers, registry, &limits)?;
    let mut input = input.with_functions_beside(&functions.sent);
    let Received { body, own } = Decode::decode(&mut input)?;
    input.finish()?;
    let (body, found) = functions.find(body, registry)?;
    let mut values = Inputs::with_capacity(inputs.len());
    for (place, mut payload) in inputs.into_iter().enumerate() {
        if place < 64 && exclusive & (1 << place) != 0 {
            payload.buffers = payload.buffers.into_iter().map(Buffer::private).collect::<Result<_>>()?;
        }
        values.push(decode_payload(payload, registry, &limits)?);
    }
    Ok(Ready { body, found, own, inputs: values })
}

/// What became of a call, as it travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tag {
    /// A value.
    Value,
    /// A graph.
    Graph,
    /// An error.
    Error,
}

impl Tag {
    const ALL: [Self; 3] = [Self::Value, Self::Graph, Self::Error];
}

impl Encode for Tag {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        out.byte(*self as u8);
        Ok(())
    }
}

impl Decode for Tag {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        let code = input.byte()?;
        Self::ALL.into_iter().find(|tag| *tag as u8 == code).ok_or_else(|| input.unknown_tag("outcome", code))
    }
}

/// `outcome` as it travels. What cannot be encoded becomes an error that says so.
#[must_use]
pub fn pack_outcome(outcome: Result<Outcome>, min_bytes: usize) -> (Tag, Payload) {
    let options = options(min_bytes);
    let packed = outcome.and_then(|outcome| {
        let packed = match &outcome {
            Outcome::Value(value) => encode_payload(value, &options).map(|payload| (Tag::Value, payload)),
            Outcome::Expand(graph) => {
                graph::pack(graph.table(), &options).map(|payload| (Tag::Graph, payload))
            }
        };
        packed.map_err(|error| unsendable("the result", error))
    });
    let error = match packed {
        Ok(packed) => return packed,
        Err(error) => error,
    };
    let plain = |error: &Error| Error::new(ErrorKind::NotEncodable(error.to_string()));
    let payload = encode_payload(&error, &options)
        .or_else(|_| encode_payload(&plain(&error), &options))
        .unwrap_or_default();
    (Tag::Error, payload)
}

/// An outcome that came.
///
/// # Errors
/// The task's error; [`ErrorKind::Corrupt`] for what does not decode.
pub fn unpack_outcome(tag: Tag, payload: Payload, decoder: &dyn ForeignDecode) -> Result<Outcome> {
    let limits = Limits::default();
    match tag {
        Tag::Value => decode_payload(payload, decoder, &limits).map(Outcome::Value),
        Tag::Graph => graph::unpack(payload, decoder).map(|graph| Outcome::Expand(Box::new(graph))),
        Tag::Error => Err(decode_payload::<Error>(payload, decoder, &limits)?),
    }
}
