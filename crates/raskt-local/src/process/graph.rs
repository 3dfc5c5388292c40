//! Graphs that tasks grow into, on their way from a child to the parent.

use std::any::Any;
use std::sync::Arc;

use raskt_core::encode::{Decode, Decoder, Encode, EncodeOptions, Encoder, Limits, decode_payload};
use raskt_core::{Fit, ForeignDecode, Key, Param, Payload, Result};
use raskt_exec::BodyRegistry;
use raskt_graph::fuse::{Program, Step};
use raskt_graph::layer::Shipped;
use raskt_graph::{Body, Foreign, Keys, Shipment, Subgraph, TableBuilder, TaskTable};

/// A table that was sent.
struct Sent {
    bodies: Vec<Body>,
    rows: Vec<(u32, Vec<u32>)>,
    parameters: Vec<Param>,
    keys: Vec<Key>,
    outputs: Vec<u32>,
}

/// `table` as a payload.
///
/// # Errors
/// Where a body or a parameter has no encoding.
pub fn pack(table: &TaskTable, options: &EncodeOptions) -> Result<Payload> {
    let mut out = Encoder::out_of_band(options);
    table.bodies().encode(&mut out)?;
    let tasks = 0..table.n_tasks().fit::<u32>();
    out.varint(table.n_tasks() as u64);
    for task in tasks {
        table.body_index(task).encode(&mut out)?;
        table.inputs().row(task).encode(&mut out)?;
        table.parameters(task).encode(&mut out)?;
        table.key(task).encode(&mut out)?;
    }
    table.outputs().encode(&mut out)?;
    Ok(out.into_payload())
}

impl Decode for Sent {
    fn decode(input: &mut Decoder<'_>) -> Result<Self> {
        let bodies = Vec::decode(input)?;
        let (mut rows, mut parameters, mut keys) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..input.length()? {
            rows.push(Decode::decode(input)?);
            parameters.push(Decode::decode(input)?);
            keys.push(Decode::decode(input)?);
        }
        Ok(Self { bodies, rows, parameters, keys, outputs: Vec::decode(input)? })
    }
}

/// The graph that `child` packed.
///
/// # Errors
/// [`raskt_core::ErrorKind::Corrupt`] for what does not decode, [`raskt_core::ErrorKind::InvalidGraph`] for what
/// is no graph.
pub fn unpack(payload: Payload, decoder: &dyn ForeignDecode, child: u32) -> Result<Subgraph> {
    let sent: Sent = decode_payload(payload, decoder, &Limits::default())?;
    let mut table = TableBuilder::default();
    for body in sent.bodies {
        table.body(map_functions(body, &|foreign| Ok(renumbered(foreign, child)))?);
    }
    for ((body, inputs), parameters) in sent.rows.into_iter().zip(sent.parameters) {
        match parameters {
            Param::Null => table.push(body, &inputs)?,
            parameters => table.push_with(body, parameters, &inputs)?,
        };
    }
    Subgraph::new(table.finish(Keys::Listed(sent.keys.into()), sent.outputs)?)
}

/// A function that a child made: its number there means something else here.
#[derive(Debug)]
struct Adopted {
    foreign: Arc<dyn Foreign>,
    child: u32,
}

impl Adopted {
    fn number(&self, number: u64) -> u64 {
        // Numbers count up from 1, so the high half is free.
        number | u64::from(self.child) << 40 | 1 << 63
    }
}

impl Foreign for Adopted {
    fn world(&self) -> &'static str {
        self.foreign.world()
    }

    fn label(&self) -> Arc<str> {
        self.foreign.label()
    }

    fn key(&self) -> Option<Key> {
        self.foreign.key()
    }

    fn family(&self) -> u64 {
        self.number(self.foreign.family())
    }

    fn ship(&self) -> Result<Shipment> {
        let shipment = self.foreign.ship()?;
        Ok(Shipment { function: self.number(shipment.function), ..shipment })
    }

    fn as_any(&self) -> &dyn Any {
        self
    }
}

fn renumbered(foreign: Arc<dyn Foreign>, child: u32) -> Arc<dyn Foreign> {
    Arc::new(Adopted { foreign, child })
}

/// `body` with the users' functions in it unpacked, for the process that runs it.
///
/// # Errors
/// What unpacking raises.
pub fn unpack_functions(body: Body, registry: &BodyRegistry) -> Result<Body> {
    map_functions(body, &|foreign| match foreign.as_any().downcast_ref::<Shipped>() {
        None => Ok(foreign),
        Some(shipped) => {
            let Shipment { function, function_payload, call } = shipped.shipment().clone();
            let payload = Arc::unwrap_or_clone(function_payload);
            registry.world(shipped.world())?.receive(function, Some(payload), call)
        }
    })
}

type Change<'a> = &'a dyn Fn(Arc<dyn Foreign>) -> Result<Arc<dyn Foreign>>;

fn map_functions(body: Body, change: Change<'_>) -> Result<Body> {
    match body {
        Body::Foreign(foreign) => change(foreign).map(Body::Foreign),
        Body::Fused(program) => {
            let step = |step: &Step| {
                let body = map_functions(step.body.clone(), change)?;
                Ok(Step { body, ..step.clone() })
            };
            let steps: Result<Vec<Step>> = program.steps().iter().map(step).collect();
            // The steps name one another as before.
            Ok(Program::new(steps?).map_or(Body::Fused(program), |changed| Body::Fused(Arc::new(changed))))
        }
        other => Ok(other),
    }
}
