//! The encoding of bodies. A user's function travels once a message, however many bodies call it.

use std::sync::Arc;

use raskt_core::encode::{Decode, Decoder, Encode, Encoder};
use raskt_core::{Result, Value};

use super::shipped::Shipped;
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
const GROWING: u8 = 0x89;

const OUTER: u8 = 0;
const STEP: u8 = 1;

impl Encode for Body {
    fn encode(&self, out: &mut Encoder<'_>) -> Result<()> {
        write(self, out)
    }
}

impl Decode for Body {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        read(input)
    }
}

fn write(body: &Body, out: &mut Encoder<'_>) -> Result<()> {
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
            let Shipment { function, call } = foreign.ship()?;
            (foreign.runtime(), foreign.label(), foreign.key(), foreign.is_constant()).encode(out)?;
            out.byte(u8::from(function.is_some()));
            if let Some(function) = function {
                out.function(&function);
            }
            out.payload(&call);
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
            let write_step = |step: &Step, out: &mut Encoder<'_>| {
                write(&step.body, out)?;
                (&step.parameters, &step.arguments).encode(out)
            };
            out.nested(|out| program.steps().iter().try_for_each(|step| write_step(step, out)))
        }
        Body::Growing { body, n_loaded } => {
            out.byte(GROWING);
            n_loaded.encode(out)?;
            out.nested(|out| write(body, out))
        }
    }
}

fn read(input: &mut Decoder<'_>) -> Result<Body> {
    Ok(match input.byte()? {
        NATIVE => {
            let (name, parameters) = Decode::decode(input)?;
            Body::Native { name, parameters }
        }
        LIBRARY => {
            let (path, parameters) = Decode::decode(input)?;
            Body::Library { path, parameters }
        }
        FOREIGN => Body::Foreign(Arc::new(read_foreign(input)?)),
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
                    let body = read(input)?;
                    let (parameters, arguments) = Decode::decode(input)?;
                    steps.push(Step { body, parameters, arguments });
                }
                Ok(())
            })?;
            let program = Program::new(steps);
            Body::Fused(Arc::new(program.ok_or_else(|| input.corrupt("steps that are out of order"))?))
        }
        GROWING => {
            let n_loaded = Decode::decode(input)?;
            Body::Growing { body: Arc::new(input.nested(read)?), n_loaded }
        }
        tag => return Err(input.unknown_tag("body", tag)),
    })
}

fn read_foreign(input: &mut Decoder<'_>) -> Result<Shipped> {
    let (runtime, label, key, is_constant) = Decode::decode(input)?;
    let function = match bool::decode(input)? {
        true => Some(input.function()?),
        false => None,
    };
    let shipment = Shipment { function, call: input.payload()? };
    Ok(Shipped { runtime, label, key, is_constant, shipment })
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
            (Self::Growing { body: a, n_loaded: n }, Self::Growing { body: b, n_loaded: m }) => {
                a == b && n == m
            }
            _ => false,
        }
    }
}

fn same_foreign(a: &Arc<dyn Foreign>, b: &Arc<dyn Foreign>) -> bool {
    if Arc::ptr_eq(a, b) {
        return true;
    }
    if a.runtime() != b.runtime() || a.label() != b.label() {
        return false;
    }
    match (a.key(), b.key()) {
        (Some(a), Some(b)) => a == b,
        (None, None) => match (a.ship(), b.ship()) {
            (Ok(a), Ok(b)) => a == b,
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
