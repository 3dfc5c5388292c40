//! Frames with right checksums whose content nobody vouches for: each is an error or is understood, never a panic.
//!
//! Fixed seeds, so that a failure repeats; the message names the seed.

#[path = "../../../raskt-core/tests/hostile/mutation.rs"]
mod mutation;

use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use mutation::{Random, mutate};
use raskt_core::encode::{Encode, EncodeOptions, Encoder};
use raskt_core::{
    Buffer, DType, Error, ErrorKind, Function, FunctionId, KeepSealed, Key, NdArray, Param, Payload, Value,
};
use raskt_exec::{BodyRegistry, Outcome};
use raskt_graph::{Body, Keys, Subgraph, TableBuilder};

use super::call::{Functions, pack_outcome, unpack, unpack_outcome};
use super::child::outcomes;
use super::parcel::{Parcel, SentCall, SentFunction, SentOutcome};
use super::traffic::{Traffic, decode, encode};
use super::wire::{Frame, Kind, Receiver, Sender};

/// Both ends of a link.
struct Ends {
    child: Traffic,
    to_parent: Sender,
    parent: Traffic,
    receiver: Receiver,
}

fn ends() -> Ends {
    let (a, b) = UnixStream::pair().unwrap();
    Ends {
        child: Traffic::new(1, Arc::default()),
        to_parent: Sender::new(a),
        parent: Traffic::new(0, Arc::default()),
        receiver: Receiver::new(b),
    }
}

impl Ends {
    /// Shows the parent the segments that the child lends blocks of.
    fn listen(&mut self) {
        self.receiver.fill().unwrap();
        while let Some(frame) = self.receiver.next().unwrap() {
            assert!(self.parent.take_in(frame.kind, &frame.body, frame.fd).unwrap());
        }
    }
}

fn grown() -> Outcome {
    let mut table = TableBuilder::default();
    let (input, tally) = (table.body(Body::Input(0)), table.body(Body::native("tally")));
    let first = table.push(input, &[]).unwrap();
    let last = table.push(tally, &[first, first]).unwrap();
    let table = table.finish(Keys::Indexed("grown".into()), vec![last]).unwrap();
    Outcome::Expand(Box::new(Subgraph::new(table).unwrap()))
}

fn results() -> Vec<raskt_core::Result<Outcome>> {
    let array = NdArray::contiguous(DType::Float64, &[3, 4], Buffer::zeroed(96).unwrap()).unwrap();
    let list = vec![Value::Int(7), Value::Str("seven".into()), Value::Array(array.into()), Value::Unit];
    let large = Buffer::from(vec![7_u8; 5000]);
    let many = vec![ErrorKind::Cancelled.into(), Error::new(ErrorKind::InvalidValue("no".into()))];
    vec![
        Ok(Value::Int(-3).into()),
        Ok(Value::List(list.into()).into()),
        Ok(Outcome::Value(large.into())),
        Ok(grown()),
        Err(Error::new(ErrorKind::Many(many)).in_task(Key::block("x", &[3]), "inc")),
    ]
}

/// A frame of every kind that a child sends.
fn frames(ends: &mut Ends) -> Vec<(Kind, Vec<u8>)> {
    let mut all: Vec<u8> = Vec::new();
    let mut frames = Vec::new();
    let results = results();
    for (nth, outcome) in results.into_iter().enumerate() {
        let (tag, payload) = pack_outcome(outcome, 64);
        let parcel = Parcel::lend(payload, &ends.child, &ends.to_parent).unwrap();
        let bytes = encode(&SentOutcome {
            ticket: nth as u64,
            span: (1.0, 2.5),
            float_errors: vec![("divide".into(), 9)],
            tag,
            parcel,
        });
        all.extend_from_slice(&bytes[usize::from(nth > 0)..]);
        let mut one = 1_u64.to_le_bytes().to_vec();
        one.extend_from_slice(&bytes);
        frames.push((Kind::Results, one));
        let mut so_far = (nth as u64 + 1).to_le_bytes().to_vec();
        so_far.extend_from_slice(&all);
        frames.push((Kind::Results, so_far));
    }
    let body = frames.last().map(|(_, body)| body.clone()).unwrap_or_default();
    let found = ends.child.lend(&Buffer::from(body), &ends.to_parent).unwrap();
    frames.push((Kind::Bulk, encode(&(Kind::Results as u8, found))));
    frames.push((Kind::Returned, encode(&vec![1_u64, 5, 9])));
    frames.push((Kind::Released, encode(&vec![(0_u32, 0_u32, 0_u64), (0, 1, 65536)])));
    frames.push((Kind::Retired, encode(&vec![(1_u32, 9_u32)])));
    frames.push((Kind::Segment, encode(&(1_u32, 7_u32, 1_u64 << 40))));
    frames.push((Kind::Hello, encode(&(2_u16, 77_u32, "token".to_owned()))));
    ends.listen();
    frames
}

/// What a driver does with a frame.
fn digest(traffic: &Traffic, frame: Frame, decoder: &KeepSealed) -> std::io::Result<()> {
    let frame = traffic.unfold(frame)?;
    if traffic.take_in(frame.kind, &frame.body, frame.fd)? {
        return Ok(());
    }
    match frame.kind {
        Kind::Results => {
            for outcome in outcomes(&frame.body)? {
                let payload = outcome.parcel.borrow(traffic)?;
                if let Ok(Outcome::Value(value)) = unpack_outcome(outcome.tag, payload, decoder) {
                    // What was accepted can be looked at to its end.
                    let _ = raskt_core::encode::encode_canonical(&value);
                }
            }
        }
        Kind::Returned => drop(decode::<Vec<u64>>(&frame.body)?),
        Kind::Hello => drop(decode::<(u16, u32, String)>(&frame.body)?),
        _ => {}
    }
    Ok(())
}

#[test]
fn a_parent_survives_forged_frames_of_its_child() {
    let decoder = KeepSealed;
    let mut ends = ends();
    let samples = frames(&mut ends);
    for (kind, body) in &samples {
        let frame = Frame { kind: *kind, body: body.clone(), fd: None };
        assert!(digest(&ends.parent, frame, &decoder).is_ok() || *kind == Kind::Segment, "{kind:?}");
    }
    let mut n_accepted = 0;
    for seed in 0..400_000 {
        let mut random = Random(seed);
        let (kind, mut body) = samples[random.below(samples.len())].clone();
        mutate(&mut body, &mut random);
        let frame = Frame { kind, body, fd: None };
        let outcome = catch_unwind(AssertUnwindSafe(|| digest(&ends.parent, frame, &decoder)));
        match outcome {
            Ok(outcome) => n_accepted += usize::from(outcome.is_ok()),
            Err(_) => panic!("a panic; seed {seed}, a frame of kind {kind:?}"),
        }
    }
    assert!(n_accepted > 1000, "mutations that are all refused at the door test nothing: {n_accepted}");
}

#[test]
fn a_child_survives_forged_calls() {
    let ends = ends();
    let registry = BodyRegistry::default();
    let parcel =
        |outcome| Parcel::lend(pack_outcome(outcome, usize::MAX).1, &ends.child, &ends.to_parent).unwrap();
    let body = || {
        // As `call.rs` packs one: a tag, the body, its parameters.
        let options = EncodeOptions::default();
        let mut out = Encoder::out_of_band(&options);
        out.byte(1);
        Body::native("tally").encode(&mut out).unwrap();
        Param::Int(7).encode(&mut out).unwrap();
        Parcel::lend(out.into_payload(), &ends.child, &ends.to_parent).unwrap()
    };
    let call = |ticket| SentCall {
        ticket,
        run: 1,
        exclusive: 3,
        n_threads: 1,
        float_kinds: 15,
        body: body(),
        inputs: vec![parcel(Ok(Value::Int(1).into())), parcel(Ok(Value::List(vec![].into()).into()))],
    };
    let id = FunctionId::of(&Payload::default());
    let functions = vec![SentFunction { id, parcel: parcel(Ok(Value::Int(3).into())) }];
    let sample = encode(&(functions, vec![call(1), call(2)]));
    let words = |found: &raskt_core::Result<super::call::Ready>| {
        found.as_ref().err().map_or_else(String::new, Error::to_string)
    };
    let mut n_opened = 0;
    for seed in 0..200_000 {
        let mut bytes = sample.clone();
        mutate(&mut bytes, &mut Random(seed));
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            let Ok((functions, calls)) = decode::<(Vec<SentFunction>, Vec<SentCall>)>(&bytes) else { return };
            let mut known = Functions::default();
            for function in functions {
                if let Ok(payload) = function.parcel.borrow(&ends.parent) {
                    known.add(Function::with_id(function.id, Arc::new(payload)));
                }
            }
            for call in calls {
                let body = call.body.borrow(&ends.parent);
                let inputs: std::io::Result<Vec<_>> =
                    call.inputs.into_iter().map(|input| input.borrow(&ends.parent)).collect();
                if let (Ok(body), Ok(inputs)) = (body, inputs) {
                    let found = unpack(body, inputs, call.exclusive, &registry, &mut known);
                    n_opened += usize::from(found.is_ok() || words(&found).contains("tally"));
                }
            }
        }));
        assert!(outcome.is_ok(), "a panic; seed {seed}");
    }
    assert!(n_opened > 1000, "mutations that are all refused at the door test nothing: {n_opened}");
}
