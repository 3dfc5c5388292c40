//! The encoding of bodies. A user's function travels once a list of bodies, however many of them call it.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use raskt_core::encode::{Decode, Decoder, Encode, Encoder};
use raskt_core::{Buffer, Key, Name, Payload, Result, Value};

use super::shipped::{Shipped, world_name};
use crate::body::{Body, Foreign, Shipment};
use crate::fuse::{Argument, Program, Step};

const NATIVE: u8 = 0x80;
const LIBRARY: u8 = 0x81;
const FOREIGN: u8 = 0x82;
const VALUE: u8 = 0x83;
const ALIAS: u8 = 0x84;
const GATHER: u8 = 0x85;
const SELECT: u8 = 0x86;
const INPUT: u8 = 0x87;
const FUSED: u8 = 0x88;

const OUTER: u8 = 0;
const STEP: u8 = 1;

type Functions = BTreeMap<u64, Arc<Payload>>;

/// Writes bodies, and before them the functions that they call.
pub(crate) fn encode_bodies(bodies: &[Body], out: &mut Encoder<'_>) -> Result<()> {
    let mut shipments = VecDeque::new();
    bodies.iter().try_for_each(|body| collect(body, &mut shipments))?;
    let functions: Functions =
        shipments.iter().map(|s| (s.function, Arc::clone(&s.function_payload))).collect();
    out.varint(functions.len() as u64);
    for (number, payload) in &functions {
        number.encode(out)?;
        encode_payload(payload, out);
    }
    out.varint(bodies.len() as u64);
    bodies.iter().try_for_each(|body| write(body, &mut shipments, out))
}

/// What [`encode_bodies`] wrote.
pub(crate) fn decode_bodies(input: &mut Decoder<'_>) -> Result<Vec<Body>> {
    let mut functions = Functions::new();
    for _ in 0..input.length()? {
        let number = u64::decode(input)?;
        if functions.last_key_value().is_some_and(|(last, _)| *last >= number) {
            return Err(input.corrupt("functions out of order"));
        }
        functions.insert(number, Arc::new(decode_payload(input)?));
    }
    let mut called = std::collections::BTreeSet::new();
    let mut bodies = Vec::new();
    for _ in 0..input.length()? {
        bodies.push(read(input, &functions, &mut called)?);
    }
    match called.len() == functions.len() {
        true => Ok(bodies),
        false => Err(input.corrupt("a function that no body calls")),
    }
}

impl Encode for Body {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        encode_bodies(std::slice::from_ref(self), out)
    }
}

impl Decode for Body {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        let mut bodies = decode_bodies(input)?;
        match (bodies.pop(), bodies.is_empty()) {
            (Some(body), true) => Ok(body),
            _ => Err(input.corrupt("several bodies, or none, in place of one")),
        }
    }
}

/// Packs the users' functions among `body` and its steps, in the order in which they are written.
fn collect(body: &Body, shipments: &mut VecDeque<Shipment>) -> Result<()> {
    match body {
        Body::Foreign(foreign) => shipments.push_back(foreign.ship()?),
        Body::Fused(program) => {
            program.steps().iter().try_for_each(|step| collect(&step.body, shipments))?;
        }
        Body::Native { .. }
        | Body::Library { .. }
        | Body::Value(_)
        | Body::Alias
        | Body::Gather
        | Body::Select(_)
        | Body::Input(_) => {}
    }
    Ok(())
}

fn write(body: &Body, shipments: &mut VecDeque<Shipment>, out: &mut Encoder<'_>) -> Result<()> {
    match body {
        Body::Native { name, parameters } => {
            out.byte(NATIVE);
            (name, parameters).encode(out)
        }
        Body::Library { path, parameters } => {
            out.byte(LIBRARY);
            (path, parameters).encode(out)
        }
        Body::Foreign(foreign) => {
            out.byte(FOREIGN);
            let Some(shipment) = shipments.pop_front() else { return Ok(()) };
            (foreign.world(), foreign.label(), foreign.key(), foreign.family()).encode(out)?;
            shipment.function.encode(out)?;
            encode_payload(&shipment.call, out);
            Ok(())
        }
        Body::Value(value) => {
            out.byte(VALUE);
            value.encode(out)
        }
        Body::Alias => {
            out.byte(ALIAS);
            Ok(())
        }
        Body::Gather => {
            out.byte(GATHER);
            Ok(())
        }
        Body::Select(output) => {
            out.byte(SELECT);
            output.encode(out)
        }
        Body::Input(input) => {
            out.byte(INPUT);
            input.encode(out)
        }
        Body::Fused(program) => {
            out.byte(FUSED);
            out.varint(program.steps().len() as u64);
            let mut write_step = |step: &Step, out: &mut Encoder<'_>| {
                write(&step.body, shipments, out)?;
                (&step.parameters, &step.arguments).encode(out)
            };
            out.nested(|out| program.steps().iter().try_for_each(|step| write_step(step, out)))
        }
    }
}

fn read(
    input: &mut Decoder<'_>,
    functions: &Functions,
    called: &mut std::collections::BTreeSet<u64>,
) -> Result<Body> {
    Ok(match input.byte()? {
        NATIVE => {
            let (name, parameters) = Decode::decode(input)?;
            Body::Native { name, parameters }
        }
        LIBRARY => {
            let (path, parameters) = Decode::decode(input)?;
            Body::Library { path, parameters }
        }
        FOREIGN => Body::Foreign(Arc::new(read_foreign(input, functions, called)?)),
        VALUE => Body::Value(Value::decode(input)?),
        ALIAS => Body::Alias,
        GATHER => Body::Gather,
        SELECT => Body::Select(Decode::decode(input)?),
        INPUT => Body::Input(Decode::decode(input)?),
        FUSED => {
            let n_steps = input.length()?;
            let mut steps = Vec::new();
            input.nested(|input| {
                for _ in 0..n_steps {
                    let body = read(input, functions, called)?;
                    let (parameters, arguments) = Decode::decode(input)?;
                    steps.push(Step { body, parameters, arguments });
                }
                Ok(())
            })?;
            let program = Program::new(steps);
            Body::Fused(Arc::new(program.ok_or_else(|| input.corrupt("steps that are out of order"))?))
        }
        tag => return Err(input.unknown_tag("body", tag)),
    })
}

fn read_foreign(
    input: &mut Decoder<'_>,
    functions: &Functions,
    called: &mut std::collections::BTreeSet<u64>,
) -> Result<Shipped> {
    let world = Name::decode(input)?;
    let world = world_name(world.as_str()).ok_or_else(|| input.corrupt("a world too many"))?;
    let (label, key, family) = <(Arc<str>, Option<Key>, u64)>::decode(input)?;
    let function = u64::decode(input)?;
    let function_payload = functions.get(&function).cloned();
    let function_payload =
        function_payload.ok_or_else(|| input.corrupt("a call of a function that did not come along"))?;
    called.insert(function);
    let call = decode_payload(input)?;
    Ok(Shipped { world, label, key, family, shipment: Shipment { function, function_payload, call } })
}

fn encode_payload(payload: &Payload, out: &mut Encoder<'_>) {
    out.bytes(&payload.header);
    out.varint(payload.buffers.len() as u64);
    payload.buffers.iter().for_each(|buffer| out.buffer(buffer));
}

fn decode_payload(input: &mut Decoder<'_>) -> Result<Payload> {
    let header = input.buffer()?.as_slice().to_vec();
    Ok(Payload { header, buffers: Vec::<Buffer>::decode(input)? })
}

impl Encode for Argument {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        let (tag, number) = match self {
            Self::Outer(number) => (OUTER, number),
            Self::Step(number) => (STEP, number),
        };
        out.byte(tag);
        number.encode(out)
    }
}

impl Decode for Argument {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        match input.byte()? {
            OUTER => u32::decode(input).map(Self::Outer),
            STEP => u32::decode(input).map(Self::Step),
            tag => Err(input.unknown_tag("argument", tag)),
        }
    }
}

impl PartialEq for Body {
    /// Typed and exact. Users' functions are equal if they are one object, or if they carry one key, which
    /// says all about a task, or else if they are packed into the same bytes.
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Native { name: a, parameters: p }, Self::Native { name: b, parameters: q })
            | (Self::Library { path: a, parameters: p }, Self::Library { path: b, parameters: q }) => {
                a == b && p == q
            }
            (Self::Foreign(a), Self::Foreign(b)) => same_foreign(a, b),
            (Self::Value(a), Self::Value(b)) => a == b,
            (Self::Alias, Self::Alias) | (Self::Gather, Self::Gather) => true,
            (Self::Select(a), Self::Select(b)) => a == b,
            (Self::Input(a), Self::Input(b)) => a == b,
            (Self::Fused(a), Self::Fused(b)) => Arc::ptr_eq(a, b) || a.steps() == b.steps(),
            _ => false,
        }
    }
}

fn same_foreign(a: &Arc<dyn Foreign>, b: &Arc<dyn Foreign>) -> bool {
    if Arc::ptr_eq(a, b) {
        return true;
    }
    if a.world() != b.world() || a.label() != b.label() {
        return false;
    }
    match (a.key(), b.key()) {
        (Some(a), Some(b)) => a == b,
        (None, None) => match (a.ship(), b.ship()) {
            (Ok(a), Ok(b)) => a.call == b.call && a.function_payload == b.function_payload,
            _ => false,
        },
        _ => false,
    }
}

impl PartialEq for Step {
    fn eq(&self, other: &Self) -> bool {
        self.body == other.body && self.parameters == other.parameters && self.arguments == other.arguments
    }
}
